"""The program that the demo shows, as a process of its own."""

import asyncio
import signal
import subprocess
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

# Seconds.
STOP_TIMEOUT = 15.0
# On Windows, only a process in its own group can be asked to stop.
ASK_TO_STOP = getattr(signal, "CTRL_BREAK_EVENT", signal.SIGTERM)
OWN_GROUP = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)


class Failed(Exception):
    """Raised if the bot ends by itself, or a command with an exit status other than 0."""


@dataclass(frozen=True)
class Stage:
    """The program that is shown, its folder and its environment: no `.env`, nobody's settings."""

    program: Sequence[str]
    folder: Path
    environment: dict[str, str]

    @property
    def log(self) -> Path:
        return self.folder / "log"

    async def start(self, *arguments: str, output: int) -> asyncio.subprocess.Process:
        with self.log.open("ab") as log:
            return await asyncio.create_subprocess_exec(
                *(*self.program, *arguments),
                cwd=self.folder,
                env=self.environment,
                stdout=output,
                stderr=log,
                creationflags=OWN_GROUP,
            )

    async def run(self, *arguments: str) -> str:
        """Run a command and return its output. Raises Failed for an exit status other than 0."""
        process = await self.start(*arguments, output=asyncio.subprocess.PIPE)
        output, _ = await process.communicate()
        if process.returncode != 0:
            raise Failed(f"{' '.join(arguments)} ended with exit status {process.returncode}")
        return output.decode()

    @asynccontextmanager
    async def bot(self) -> AsyncIterator[asyncio.subprocess.Process]:
        """Run the bot, and ask it to stop at the end.

        Raises Failed if it stops with an exit status other than 0, TimeoutError if it has not
        stopped after 15 seconds.
        """
        process = await self.start(output=asyncio.subprocess.DEVNULL)
        try:
            yield process
            process.send_signal(ASK_TO_STOP)
            async with asyncio.timeout(STOP_TIMEOUT):
                await process.wait()
            if process.returncode != 0:
                raise Failed(f"the bot stopped with exit status {process.returncode}")
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
