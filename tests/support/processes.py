"""`python main.py` as a process of its own: to be run, stopped, and killed."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from bot.sandbox import Sandbox
from tests.support.people_in_logs import people_in

MAIN = Path(__file__).parent.parent / "main.py"
PATIENCE = 60.0


class Process:
    """A started program; `errors` is what it has written to stderr, once it has ended."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._ended = asyncio.create_task(process.communicate())
        self.pid = process.pid

    async def ended(self, within: float | None = PATIENCE) -> tuple[int, str, str]:
        """Exit status, stdout and stderr, once it has ended."""
        output, errors = await asyncio.wait_for(asyncio.shield(self._ended), within)
        assert self._process.returncode is not None
        assert people_in(errors.decode()) == []
        return self._process.returncode, output.decode(), errors.decode()

    def send(self, number: int) -> None:
        if self._process.returncode is None:
            self._process.send_signal(number)


async def start(folder: Path, *arguments: str, **environment: str) -> Process:
    """`python main.py` in a folder without `.env`, with this environment and no other."""
    return await launch(MAIN, folder, arguments, environment)


async def launch(
    program: Path, folder: Path, arguments: Sequence[str], environment: Mapping[str, str]
) -> Process:
    return Process(
        await asyncio.create_subprocess_exec(
            *(sys.executable, str(program), *arguments),
            cwd=folder,
            env={"PATH": os.environ["PATH"], **without_env_file(folder), **environment},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
    )


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
    async with bot_program(MAIN, sandbox, database, {"LOG_LEVEL": "DEBUG", **more}) as process:
        yield process


@asynccontextmanager
async def bot_program(
    program: Path, sandbox: Sandbox, database: Path, more: Mapping[str, str]
) -> AsyncIterator[Process]:
    """The same with another program in the place of `main.py`."""
    begins = "setWebhook" if "WEBHOOK_URL" in more else "getUpdates"
    before = sum(call.method == begins for call in sandbox.calls)
    database.parent.mkdir(parents=True, exist_ok=True)
    process = await launch(program, database.parent, (), settings(sandbox, database, **more))
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
