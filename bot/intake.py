"""How updates come in: signing in to Telegram, then polling, or a webhook."""

import asyncio
import logging
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

from aiogram import Bot, Dispatcher
from aiogram.exceptions import (
    ClientDecodeError,
    TelegramAPIError,
    TelegramBadRequest,
    TelegramNotFound,
    TelegramUnauthorizedError,
)
from aiogram.utils.backoff import Backoff, BackoffConfig

from analytics import AnalyticsService
from bot import menus
from bot.middleware import ALL_UPDATES, UPDATES_IN_FLIGHT, RecordOnReceipt
from bot.settings import Settings, WrongSettings
from bot.webhook import Webhook

logger = logging.getLogger(__name__)

# Seconds between tries to reach Telegram: from 1, doubled, up to a minute.
BACKOFF = BackoffConfig(min_delay=1.0, max_delay=60.0, factor=2.0, jitter=0.1)


async def sign_in(bot: Bot, settings: Settings) -> None:
    """Make the bot known to Telegram: token, menus, where to send the updates.

    Waits, with growing pauses, while Telegram cannot be reached. Raises WrongSettings for what
    Telegram refuses.
    """
    backoff = Backoff(BACKOFF)
    while True:
        try:
            await bot.me()
            await menus.set_menus(bot, settings.admin_ids, settings.owners)
            await _choose_intake(bot, settings)
        except (TelegramUnauthorizedError, TelegramNotFound):
            raise WrongSettings(
                "BOT_TOKEN is refused by Telegram: give the token that @BotFather gave you"
            ) from None
        except (TelegramAPIError, ClientDecodeError) as error:
            logger.warning(
                "no start yet (%s): next try in %.0f s", type(error).__name__, backoff.next_delay
            )
            await backoff.asleep()
        else:
            return


async def _choose_intake(bot: Bot, settings: Settings) -> None:
    """Telegram sends to a webhook or is polled, never both."""
    if settings.webhook_url is None:
        await bot.delete_webhook()
        return
    assert settings.webhook_secret is not None
    try:
        await bot.set_webhook(
            str(settings.webhook_url),
            secret_token=settings.webhook_secret.get_secret_value(),
            allowed_updates=ALL_UPDATES,
        )
    except TelegramBadRequest:
        raise WrongSettings(
            "WEBHOOK_URL is refused by Telegram: give an https address that Telegram can reach, "
            "with port 443, 80, 88 or 8443"
        ) from None


async def receive(
    bot: Bot,
    dispatcher: Dispatcher,
    settings: Settings,
    analytics: AnalyticsService,
    record: RecordOnReceipt,
    stop: asyncio.Event,
) -> None:
    """Receive updates until `stop` is set; the handlers that run then may finish.

    Raises WrongSettings.
    """
    if settings.webhook_url is None:
        if await _unless(stop, sign_in(bot, settings)):
            await _poll(bot, dispatcher, stop)
        return
    webhook = Webhook(bot, dispatcher, settings, analytics, record)
    async with webhook.listening():
        if await _unless(stop, sign_in(bot, settings)):
            webhook.is_set = True
            await stop.wait()


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


async def _poll(bot: Bot, dispatcher: Dispatcher, stop: asyncio.Event) -> None:
    polling = dispatcher.start_polling(
        bot,
        allowed_updates=ALL_UPDATES,
        tasks_concurrency_limit=UPDATES_IN_FLIGHT,
        handle_signals=False,
        close_bot_session=False,
    )
    task = asyncio.create_task(polling)
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({task, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    # Cancelled, it would leave a task that goes on acknowledging. What has ended cannot be stopped.
    with suppress(RuntimeError):
        await dispatcher.stop_polling()
    await task
