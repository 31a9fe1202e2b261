"""`python main.py` as a process of its own: to be run, stopped, and killed."""

import asyncio
import atexit
import json
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

from bot.sandbox import Sandbox
from tests.support import ROOT
from tests.support.people_in_logs import people_in

MAIN = ROOT / "main.py"
PATIENCE = 60.0
FORKS = """
import socket, sys
from tests.support.fork_server import serve
serve(socket.socket(fileno=int(sys.argv[1])))
"""


class Process:
    """A started program."""

    def __init__(self, pid: int, ended: Coroutine[Any, Any, tuple[int, bytes, bytes]]) -> None:
        self.pid = pid
        self._ended = asyncio.create_task(ended)

    async def ended(self, within: float | None = PATIENCE) -> tuple[int, str, str]:
        """Exit status (less than zero for a signal), stdout and stderr, once it has ended."""
        ended = await asyncio.wait_for(asyncio.shield(self._ended), within)
        status, output, errors = ended[0], ended[1].decode(), ended[2].decode()
        assert people_in(errors) == []
        return status, output, errors

    def send(self, number: int) -> None:
        if not self._ended.done():
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)


async def start(folder: Path, *arguments: str, **environment: str) -> Process:
    """`python main.py` in a folder without `.env`, with this environment and no other.

    It is the fork of a process that has imported everything: importing takes seconds.
    """
    message = json.dumps([arguments, str(folder), _whole(folder, environment)]).encode()
    pipes = [os.pipe() for _ in range(3)]
    try:
        socket.send_fds(_forks(), [message], [writing for _, writing in pipes])
    finally:
        for _, writing in pipes:
            os.close(writing)
    output, errors, report = [await _reader(reading) for reading, _ in pipes]
    pid = int(await report.readline())

    async def ended() -> tuple[int, bytes, bytes]:
        # Who starts the next program next must find the port and the files of this one free.
        written = await asyncio.gather(output.read(), errors.read(), report.read())
        return int(written[2]), written[0], written[1]

    return Process(pid, ended())


@cache
def _forks() -> socket.socket:
    """The socket of the process to be forked, which ends with this one."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        forks = subprocess.Popen(
            [sys.executable, "-c", FORKS, str(theirs.fileno())],
            cwd=MAIN.parent,
            env={"PATH": os.environ["PATH"]},
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
        )
    atexit.register(forks.wait)
    atexit.register(ours.close)
    return ours


async def _reader(descriptor: int) -> asyncio.StreamReader:
    reader = asyncio.StreamReader(limit=2**20)
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(descriptor, "rb")
    )
    return reader


async def launch(
    command: Sequence[str | Path], folder: Path, environment: Mapping[str, str]
) -> Process:
    """A command of any program, with this environment and no other."""
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=folder,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )

    async def ended() -> tuple[int, bytes, bytes]:
        output, errors = await process.communicate()
        assert process.returncode is not None
        return process.returncode, output, errors

    return Process(process.pid, ended())


def _whole(folder: Path, environment: Mapping[str, str]) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], **without_env_file(folder), **environment}


def without_env_file(folder: Path) -> dict[str, str]:
    """The environment that keeps a program from the `.env` of whoever runs the tests."""
    return {} if (folder / ".env").exists() else {"BOT_ENV_FILE": os.devnull}


async def run(folder: Path, *arguments: str, **environment: str) -> tuple[int, str, str]:
    """A command run to its end: exit status, stdout, stderr."""
    return await (await start(folder, *arguments, **environment)).ended()


def settings(sandbox: Sandbox, database: Path, **more: str) -> dict[str, str]:
    """The environment of a bot that runs against the sandbox."""
    needed = {
        "BOT_TOKEN": sandbox.token,
        "BOT_API_URL": sandbox.url,
        "DATABASE_PATH": str(database),
    }
    return needed | more


@asynccontextmanager
async def bot_process(sandbox: Sandbox, database: Path, **more: str) -> AsyncIterator[Process]:
    """The bot from when it can receive updates; killed at the end, if it still runs."""
    environment = settings(sandbox, database, **{"LOG_LEVEL": "DEBUG", **more})
    async with _from_its_first_call(
        sandbox, environment, start(database.parent, **environment)
    ) as process:
        yield process


@asynccontextmanager
async def bot_program(
    program: Path, sandbox: Sandbox, database: Path, more: Mapping[str, str]
) -> AsyncIterator[Process]:
    """The same with another program in the place of `main.py`, and nothing imported before."""
    environment = settings(sandbox, database, **more)
    whole = _whole(database.parent, environment)
    launching = launch((sys.executable, program), database.parent, whole)
    async with _from_its_first_call(sandbox, environment, launching) as process:
        yield process


@asynccontextmanager
async def _from_its_first_call(
    sandbox: Sandbox, environment: Mapping[str, str], starting: Coroutine[Any, Any, Process]
) -> AsyncIterator[Process]:
    begins = "setWebhook" if "WEBHOOK_URL" in environment else "getUpdates"
    before = sum(call.method == begins for call in sandbox.calls)
    Path(environment["DATABASE_PATH"]).parent.mkdir(parents=True, exist_ok=True)
    process = await starting
    ended = asyncio.create_task(process.ended(within=None))
    beginning = asyncio.create_task(sandbox.called(begins, before + 1, within=PATIENCE))
    try:
        await asyncio.wait({ended, beginning}, return_when=asyncio.FIRST_COMPLETED)
        if not beginning.done():
            raise AssertionError(f"the bot did not start: {ended.result()}")
        yield process
    finally:
        beginning.cancel()
        process.send(9)
        await ended
