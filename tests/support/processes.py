"""Programs as processes of their own, `python main.py` above all: run, stopped, and killed."""

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
from bot.sandbox.condition import Waiting
from tests.support import ROOT
from tests.support.people_in_logs import people_in

MAIN = ROOT / "main.py"
PATIENCE = 60.0
MAX_LINE_BYTES = 2**20
FORKS = """
import socket, sys
from bot.deferred import import_aiogram
import_aiogram()
import bot.cli.app, bot.run  # what `main.py` imports for a command, and for the bot
from bot.cli import main
from tests.support.fork_server import serve
serve(socket.socket(fileno=int(sys.argv[1])), main)
"""


class Process:
    """A started program; its log is its stderr."""

    def __init__(
        self,
        pid: int,
        output: asyncio.StreamReader,
        errors: asyncio.StreamReader,
        status: Coroutine[Any, Any, int],
    ) -> None:
        self.pid = pid
        self._log: list[str] = []
        self._logged = Waiting()
        # Who starts the next program next must find the port and the files of this one free.
        self._ended = asyncio.gather(output.read(), self._read(errors), status)

    async def ended(self, within: float | None = PATIENCE) -> tuple[int, str, str]:
        """Exit status (less than zero for a signal), stdout and stderr, once it has ended."""
        output, _, status = await asyncio.wait_for(asyncio.shield(self._ended), within)
        errors = "".join(self._log)
        assert people_in(errors) == []
        return status, output.decode(), errors

    async def logged(self, text: str, times: int = 1, within: float = PATIENCE) -> None:
        """Wait until so many lines of the log hold a text."""
        await self._logged.until(
            lambda: self.lines(text) >= times, within, f"{times} times {text!r} in the log"
        )

    def lines(self, text: str) -> int:
        """Return how many lines of the log hold a text by now."""
        return sum(text in line for line in self._log)

    def send(self, number: int) -> None:
        if not self._ended.done():
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    async def _read(self, errors: asyncio.StreamReader) -> None:
        async for line in errors:
            self._log.append(line.decode())
            self._logged.changed()


class Forks:
    """A process to be forked, which ends with this one; `code` is its program.

    It calls `fork_server.serve` with the socket whose number is its first argument.
    """

    def __init__(self, python: str | Path, code: str, folder: Path, *arguments: str) -> None:
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            forks = subprocess.Popen(
                [python, "-c", code, str(theirs.fileno()), *arguments],
                cwd=folder,
                env={"PATH": os.environ["PATH"]},
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
            )
        atexit.register(forks.wait)
        atexit.register(self._socket.close)

    async def start(
        self, folder: Path, arguments: Sequence[str], environment: Mapping[str, str]
    ) -> Process:
        """Start the program in a folder, with this environment and no other."""
        message = json.dumps([arguments, str(folder), environment]).encode()
        pipes = [os.pipe() for _ in range(3)]
        try:
            socket.send_fds(self._socket, [message], [writing for _, writing in pipes])
        finally:
            for _, writing in pipes:
                os.close(writing)
        output, errors, report = [await _reader(reading) for reading, _ in pipes]
        pid = int(await report.readline())

        async def status() -> int:
            return int(await report.read())

        return Process(pid, output, errors, status())


async def start(folder: Path, *arguments: str, **environment: str) -> Process:
    """`python main.py` in a folder without `.env`, with this environment and no other.

    It is the fork of a process that has imported everything: importing takes seconds.
    """
    return await _forks().start(folder, arguments, _whole(folder, environment))


@cache
def _forks() -> Forks:
    return Forks(sys.executable, FORKS, MAIN.parent)


async def _reader(descriptor: int) -> asyncio.StreamReader:
    reader = asyncio.StreamReader(limit=MAX_LINE_BYTES)
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
        limit=MAX_LINE_BYTES,
    )

    assert process.stdout is not None
    assert process.stderr is not None
    return Process(process.pid, process.stdout, process.stderr, process.wait())


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
    database.parent.mkdir(parents=True, exist_ok=True)
    starting = start(database.parent, **environment)
    async with from_its_first_call(sandbox, environment, starting) as process:
        yield process


@asynccontextmanager
async def bot_program(
    program: Path, sandbox: Sandbox, database: Path, more: Mapping[str, str]
) -> AsyncIterator[Process]:
    """The same with another program in the place of `main.py`, and nothing imported before."""
    environment = settings(sandbox, database, **more)
    whole = _whole(database.parent, environment)
    database.parent.mkdir(parents=True, exist_ok=True)
    launching = launch((sys.executable, program), database.parent, whole)
    async with from_its_first_call(sandbox, environment, launching) as process:
        yield process


@asynccontextmanager
async def from_its_first_call(
    sandbox: Sandbox, environment: Mapping[str, str], starting: Coroutine[Any, Any, Process]
) -> AsyncIterator[Process]:
    """A bot that starts, from when it can receive updates; killed at the end, if it still runs."""
    begins = "setWebhook" if "WEBHOOK_URL" in environment else "getUpdates"
    before = sum(call.method == begins for call in sandbox.calls)
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
