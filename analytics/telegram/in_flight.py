"""Running handlers, and how they end at shutdown."""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

logger = logging.getLogger(__name__)

# Updates whose handlers run at the same time, about 9 kB each; the others wait at Telegram.
UPDATES_IN_FLIGHT = 1_000
# Seconds that handlers which run at shutdown may take.
DRAIN_SECONDS = 10


class InFlight:
    """The tasks that handle an update now: aiogram neither awaits nor cancels them at shutdown."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[Any]] = set()
        self.is_draining = False
        """True from the beginning of the shutdown on: no update should be accepted any more."""

    @contextmanager
    def handling(self) -> Iterator[None]:
        """Keep track of the current task within the block."""
        task = asyncio.current_task()
        assert task is not None
        self._running.add(task)
        try:
            yield
        finally:
            self._running.discard(task)

    async def drain(self) -> None:
        """Wait up to 10 seconds for the running handlers, then cancel the others."""
        self.is_draining = True
        await asyncio.sleep(0)  # lets a task begin that was only just made
        # A handler may be what stops the bot.
        running = self._running - {asyncio.current_task()}
        if running:
            _, late = await asyncio.wait(running, timeout=DRAIN_SECONDS)
            for task in late:
                task.cancel()
            if late:
                logger.warning("%d handlers did not finish in %d s", len(late), DRAIN_SECONDS)
