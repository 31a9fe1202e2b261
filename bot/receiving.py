"""Know for the health check whether updates come in, by polling or by a webhook."""

import time
from collections.abc import Callable
from typing import Any

from aiogram import Bot
from aiogram.client.session.middlewares.base import BaseRequestMiddleware, NextRequestMiddlewareType
from aiogram.methods import GetUpdates, TelegramMethod
from aiogram.methods.base import TelegramType

# Seconds. An empty poll is answered after 30 seconds; pauses after errors are shorter than that.
MAX_SILENCE = 120.0


class Receiving(BaseRequestMiddleware):
    """Request middleware that notes each successful poll.

    Register it before `RecordOnReceipt`, which turns an answer that aiogram cannot decode into one
    that it can.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._last_poll = float("-inf")
        self.by_webhook = False  # true while Telegram delivers to the webhook

    @property
    def is_receiving(self) -> bool:
        """True while the webhook works, and for 120 s after each successful poll."""
        return self.by_webhook or self._monotonic() - self._last_poll < MAX_SILENCE

    async def __call__(
        self,
        make_request: NextRequestMiddlewareType[TelegramType],
        bot: Bot,
        method: TelegramMethod[TelegramType],
    ) -> Any:
        answer = await make_request(bot, method)
        if isinstance(method, GetUpdates):
            self._last_poll = self._monotonic()
        return answer
