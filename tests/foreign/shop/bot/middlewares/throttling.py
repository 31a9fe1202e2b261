import time
from collections.abc import Awaitable, Callable
from typing import Any

from aiogram import BaseMiddleware
from aiogram.types import Message


class ThrottlingMiddleware(BaseMiddleware):
    """Drops the messages of a person who writes too fast."""

    def __init__(self, rate_limit: float) -> None:
        self.rate_limit = rate_limit
        self.last: dict[int, float] = {}

    async def __call__(
        self,
        handler: Callable[[Message, dict[str, Any]], Awaitable[Any]],
        event: Message,
        data: dict[str, Any],
    ) -> Any:
        now = time.monotonic()
        if now - self.last.get(event.chat.id, float("-inf")) < self.rate_limit:
            return None
        self.last[event.chat.id] = now
        return await handler(event, data)
