"""How updates come in: polling, or a webhook."""

import asyncio
import logging
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any

from aiogram import Bot, Dispatcher

from analytics import AnalyticsService
from bot import menus
from bot.middleware import ALL_UPDATES, UPDATES_IN_FLIGHT, RecordOnReceipt
from bot.polling import WatchPolling
from bot.settings import Settings
from bot.signing_in import sign_in
from bot.webhook import Webhook
from bot.webhook_watch import WebhookWatch

logger = logging.getLogger(__name__)


async def receive(
    bot: Bot,
    dispatcher: Dispatcher,
    settings: Settings,
    analytics: AnalyticsService,
    record: RecordOnReceipt,
    stop: asyncio.Event,
) -> None:
    """Receive updates until `stop` is set; the handlers that run then may finish.

    Raises WrongSettings and Unavailable.
    """
    tell = analytics.notices.put_nowait
    if settings.webhook_url is None:
        if await _unless(stop, sign_in(bot, settings)):
            await _say_what_runs(bot, dispatcher, settings)
            watch = WatchPolling(tell)
            bot.session.middleware(watch)
            async with _beside(menus.set_menus(bot, settings.admin_ids, settings.owners)):
                await _poll(bot, dispatcher, stop, watch.failed)
        return
    webhook = Webhook(bot, dispatcher, settings, analytics, record)
    async with webhook.listening():
        if await _unless(stop, sign_in(bot, settings)):
            record.has_webhook = True
            await _say_what_runs(bot, dispatcher, settings)
            async with (
                _beside(menus.set_menus(bot, settings.admin_ids, settings.owners)),
                _beside(WebhookWatch(bot, settings, record, tell).run()),
            ):
                await stop.wait()


async def _say_what_runs(bot: Bot, dispatcher: Dispatcher, settings: Settings) -> None:
    host, port = settings.webhook_host, settings.webhook_port
    logger.info(
        "@%s runs: %s, database %s, %d admins, next cleanup %s",
        (await bot.me()).username,
        "polling" if settings.webhook_url is None else f"webhook at {host}:{port}",
        settings.database_path,
        len(settings.admin_ids),
        dispatcher["next_cleanup"]().strftime("%Y-%m-%d %H:%M UTC"),
    )


@asynccontextmanager
async def _beside(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Work in the background, until the end of the block."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _unless(stop: asyncio.Event, work: Coroutine[Any, Any, None]) -> bool:
    """Work until it is done or `stop` is set; whether it is done. Its errors are raised."""
    working, stopping = asyncio.create_task(work), asyncio.create_task(stop.wait())
    await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if not working.done():
        working.cancel()
        return False
    await working
    return True


async def _poll(
    bot: Bot, dispatcher: Dispatcher, stop: asyncio.Event, failed: asyncio.Future[None]
) -> None:
    polling = dispatcher.start_polling(
        bot,
        allowed_updates=ALL_UPDATES,
        tasks_concurrency_limit=UPDATES_IN_FLIGHT,
        handle_signals=False,
        close_bot_session=False,
    )
    task = asyncio.create_task(polling)
    stopping = asyncio.create_task(stop.wait())
    ends: set[asyncio.Future[Any]] = {task, stopping, failed}
    await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    # Cancelled, it would leave a task that goes on acknowledging. What has ended cannot be stopped.
    with suppress(RuntimeError):
        await dispatcher.stop_polling()
    await task
    if failed.done():
        failed.result()
