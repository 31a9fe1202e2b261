"""`python main.py` at a terminal."""

import asyncio
import codecs
import os
import pty
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.support import processes


class Terminal:
    """A terminal with a program; `shown` is all that it has printed."""

    def __init__(self, process: asyncio.subprocess.Process, screen: int) -> None:
        self.process = process
        self.shown = ""
        self._screen = screen
        self._read = 0
        self._decoder = codecs.getincrementaldecoder("utf-8")()

    async def sees(self, text: str) -> str:
        """Return what is printed before the next `text`, once that is printed."""
        while (found := self.shown.find(text, self._read)) < 0:
            printed = await asyncio.to_thread(os.read, self._screen, 1000)
            self.shown += self._decoder.decode(printed)
        before, self._read = self.shown[self._read : found], found + len(text)
        return before

    async def answers(self, question: str, text: str) -> None:
        await self.sees(question)
        os.write(self._screen, text.encode() + b"\n")


@asynccontextmanager
async def at_a_terminal(
    *arguments: str, folder: Path, program: Path = processes.MAIN, **environment: str
) -> AsyncIterator[Terminal]:
    """A program, by default `main.py`, in a folder, with this environment.

    It is killed at the end, if it still runs. Raises TimeoutError after a minute.
    """
    screen, keyboard = pty.openpty()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, str(program), *arguments),
        cwd=folder,
        env={
            "PATH": os.environ["PATH"],
            "TERM": "xterm",
            **processes.without_env_file(folder),
            **environment,
        },
        stdin=keyboard,
        stdout=keyboard,
        stderr=keyboard,
        start_new_session=True,
    )
    os.close(keyboard)
    try:
        async with asyncio.timeout(processes.PATIENCE):
            yield Terminal(process, screen)
    finally:
        if process.returncode is None:
            process.kill()  # so that reading ends, too
            await process.wait()
        os.close(screen)
