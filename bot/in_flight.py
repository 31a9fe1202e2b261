"""Running handlers: their largest number, and how they end at shutdown."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from aiogram import BaseMiddleware
from aiogram.types import TelegramObject

logger = logging.getLogger(__name__)

# Updates whose handlers run at the same time, about 9 kB each; the others wait at Telegram.
UPDATES_IN_FLIGHT = 1_000
# Seconds that handlers which run at shutdown may take.
DRAIN_SECONDS = 10


class InFlight(BaseMiddleware):
    """Middleware that keeps track of running handlers.

    aiogram neither awaits nor cancels them at shutdown.
    """

    def __init__(self) -> None:
        self._running: set[asyncio.Task[Any]] = set()

    async def __call__(
        self,
        handler: Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]],
        event: TelegramObject,
        data: dict[str, Any],
    ) -> Any:
        task = asyncio.current_task()
        assert task is not None  # aiogram makes one for each update
        self._running.add(task)
        try:
            return await handler(event, data)
        finally:
            self._running.discard(task)

    async def drain(self) -> None:
        """Wait up to 10 seconds for the running handlers, then cancel the others."""
        await asyncio.sleep(0)  # lets a task begin that was only just made
        if self._running:
            _, late = await asyncio.wait(self._running, timeout=DRAIN_SECONDS)
            for task in late:
                task.cancel()
            if late:
                logger.warning("%d handlers did not finish in %d s", len(late), DRAIN_SECONDS)
