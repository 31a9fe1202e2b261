from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import Any

from aiogram import BaseMiddleware
from aiogram.types import TelegramObject


class BasketMiddleware(BaseMiddleware):
    """Gives each handler what a person has in the basket."""

    def __init__(self) -> None:
        self.baskets: defaultdict[int, list[str]] = defaultdict(list)

    async def __call__(
        self,
        handler: Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]],
        event: TelegramObject,
        data: dict[str, Any],
    ) -> Any:
        user = data.get("event_from_user")
        data["basket"] = self.baskets[user.id] if user else []
        return await handler(event, data)
