"""The findings of `python main.py doctor`, asked for at most once a minute."""

import asyncio
import json
import logging
import os
import sys
import time
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from analytics import Finding

logger = logging.getLogger(__name__)

# Seconds that findings are kept.
KEPT = 60.0
# Seconds that a page waits for them: Telegram may not answer, and a large file takes long to check.
TIMEOUT = 5.0
# The command line of this copy, whatever folder the bot was started in.
PROGRAM = ("-P", "-m", "bot", "doctor", "--json")
ROOT = Path(__file__).parent.parent.parent

Examine = Callable[[], Awaitable[Sequence[Finding]]]


async def by_command_line() -> Sequence[Finding]:
    """Return what `python main.py doctor` finds.

    In a process of its own: to close a file that SQLite has open would drop its locks.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *PROGRAM,
        stdin=DEVNULL,
        stdout=PIPE,
        stderr=DEVNULL,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])},
        start_new_session=True,  # Ctrl+C is for the bot, which ends it
    )
    try:
        shown, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()
    return [
        Finding(each["check"], each["found"], each["to_do"], each["advice"])
        for each in json.loads(shown)
    ]


class Doctor:
    """The findings of `examine`, which is called at most once a minute, and once at a time."""

    def __init__(
        self,
        examine: Examine = by_command_line,
        monotonic: Callable[[], float] = time.monotonic,
        timeout: float = TIMEOUT,
    ) -> None:
        self._examine = examine
        self._monotonic = monotonic
        self._timeout = timeout
        self._asking: asyncio.Task[Sequence[Finding]] | None = None
        self._until = 0.0

    async def findings(self) -> Sequence[Finding] | None:
        """Return the findings of the last minute; None if they take longer than 5 seconds."""
        if self._asking is None or (self._asking.done() and self._monotonic() >= self._until):
            self._asking = asyncio.create_task(self._ask())
        await asyncio.wait({self._asking}, timeout=self._timeout)
        return self._asking.result() if self._asking.done() else None

    async def close(self) -> None:
        """End what is being asked."""
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.wait({self._asking})

    async def _ask(self) -> Sequence[Finding]:
        try:
            return await self._examine()
        # What cannot be checked is a finding, too.
        except Exception as error:
            logger.warning("doctor could not be run (%s)", type(error).__name__)
            return [Finding("doctor", "could not be run", "run python main.py doctor")]
        finally:
            self._until = self._monotonic() + KEPT
