"""The same bot without analytics: same session, dispatcher, handlers and polling; no database."""

import asyncio
import signal
from types import SimpleNamespace
from typing import Any, cast

from aiogram import Bot
from aiogram.client.session.middlewares.base import BaseRequestMiddleware, NextRequestMiddlewareType
from aiogram.methods import TelegramMethod
from aiogram.methods.base import TelegramType

from analytics import AnalyticsService
from analytics.clock import GuardedClock, utc_now
from analytics.telegram.recording import RecordOnReceipt
from bot import logs
from bot.app import build_bot, build_dispatcher
from bot.receiving import Receiving
from bot.run import receive
from bot.settings import Settings, load


class RecordNothing(BaseRequestMiddleware):
    """Stands where the recording middleware stands, and passes on."""

    async def __call__(
        self,
        make_request: NextRequestMiddlewareType[TelegramType],
        bot: Bot,
        method: TelegramMethod[TelegramType],
    ) -> Any:
        return await make_request(bot, method)


async def nothing_planned() -> None: ...


async def serve() -> None:
    settings = load(Settings)
    logs.set_up(settings.log_level)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    # Nothing that is asked here reaches the analytics: /stats is not.
    nothing = cast("AnalyticsService", SimpleNamespace(notices=asyncio.Queue()))
    record = cast("RecordOnReceipt", RecordNothing())
    dispatcher = build_dispatcher(settings, nothing, GuardedClock(), next_cleanup=utc_now)
    async with build_bot(settings, GuardedClock(), record) as bot:
        await receive(
            *(bot, dispatcher, settings, nothing, record, Receiving(), stop),
            started=nothing_planned,
            when_known=nothing_planned,
        )


if __name__ == "__main__":
    asyncio.run(serve())
