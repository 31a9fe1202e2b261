"""The bot and its dispatcher: who may do what, on one screen."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime

from aiogram import Bot, Dispatcher, F, Router
from aiogram.client.default import DefaultBotProperties
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.enums import ParseMode
from aiogram.exceptions import (
    ClientDecodeError,
    TelegramAPIError,
    TelegramNotFound,
    TelegramUnauthorizedError,
)
from aiogram.filters import Command, CommandStart
from aiogram.utils.backoff import Backoff, BackoffConfig

from analytics import AnalyticsService
from bot import menus
from bot.handlers import admins, people
from bot.middleware import ALL_UPDATES, InFlight, RecordOnReceipt, SkipUnknownKinds
from bot.settings import Settings, WrongSettings

logger = logging.getLogger(__name__)

# Updates whose handlers run at the same time; the rest waits at Telegram's. One takes about 9 kB.
UPDATES_IN_FLIGHT = 1_000
# Seconds between tries to reach Telegram at start: from 1, doubled, up to a minute.
SIGN_IN_BACKOFF = BackoffConfig(min_delay=1.0, max_delay=60.0, factor=2.0, jitter=0.1)


def build_bot(settings: Settings, analytics: AnalyticsService) -> Bot:
    """A bot that records what it receives. Raises TokenValidationError for a malformed token."""
    server = TelegramAPIServer.from_base(str(settings.bot_api_url))
    bot = Bot(
        settings.bot_token.get_secret_value(),
        session=AiohttpSession(api=server),
        default=DefaultBotProperties(parse_mode=ParseMode.HTML),
    )
    bot.session.middleware(RecordOnReceipt(analytics))
    return bot


def build_dispatcher(
    settings: Settings, analytics: AnalyticsService, next_cleanup: Callable[[], datetime]
) -> Dispatcher:
    """Every command, with who may use it."""
    from_admin = F.from_user.id.in_(settings.admin_ids)
    private_chat = F.chat.type == "private"

    admin_router = Router(name="admins")
    admin_router.message.register(admins.start, CommandStart(), private_chat, from_admin)
    admin_router.message.register(admins.help_, Command("help"), private_chat, from_admin)
    admin_router.message.register(admins.stats, Command("stats"), private_chat, from_admin)

    people_router = Router(name="people")
    people_router.message.register(people.start, CommandStart(), private_chat)
    people_router.message.register(people.help_, Command("help"), private_chat)
    people_router.message.register(people.privacy, Command("privacy"), private_chat)
    people_router.message.register(people.anything_else, private_chat)
    people_router.callback_query.register(people.privacy_clicked, F.data == people.PRIVACY)
    people_router.callback_query.register(people.unknown_click)

    # No dialogues: aiogram's state storage would keep a record per person for ever.
    dispatcher = Dispatcher(
        disable_fsm=True, settings=settings, analytics=analytics, next_cleanup=next_cleanup
    )
    dispatcher.update.outer_middleware(SkipUnknownKinds())
    in_flight = InFlight()
    dispatcher.update.outer_middleware(in_flight)
    dispatcher.shutdown.register(in_flight.drain)
    dispatcher.errors.register(people.failed)
    dispatcher.include_routers(admin_router, people_router)
    return dispatcher


async def poll(bot: Bot, dispatcher: Dispatcher, settings: Settings, stop: asyncio.Event) -> None:
    """Receive updates until `stop` is set; the handlers that run then may finish.

    Raises WrongSettings for a token that Telegram refuses.
    """
    polling = asyncio.create_task(_sign_in_and_poll(bot, dispatcher, settings))
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({polling, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    try:
        # Cancelled, the polling would leave a task that goes on acknowledging.
        await dispatcher.stop_polling()
    except RuntimeError:  # it has not begun, or has ended
        polling.cancel()
    with suppress(asyncio.CancelledError):
        await polling


async def _sign_in_and_poll(bot: Bot, dispatcher: Dispatcher, settings: Settings) -> None:
    await sign_in(bot, settings)
    await dispatcher.start_polling(
        bot,
        allowed_updates=ALL_UPDATES,
        tasks_concurrency_limit=UPDATES_IN_FLIGHT,
        handle_signals=False,
        close_bot_session=False,
    )


async def sign_in(bot: Bot, settings: Settings) -> None:
    """Make the bot known to Telegram: token, polling instead of a webhook, menus.

    Waits, with growing pauses, while Telegram cannot be reached. Raises WrongSettings for a
    token that Telegram refuses.
    """
    backoff = Backoff(SIGN_IN_BACKOFF)
    while True:
        try:
            await bot.me()
            await bot.delete_webhook()
            await menus.set_menus(bot, settings.admin_ids)
        except (TelegramUnauthorizedError, TelegramNotFound):
            raise WrongSettings(
                "BOT_TOKEN is refused by Telegram: give the token that @BotFather gave you"
            ) from None
        except (TelegramAPIError, ClientDecodeError) as error:
            pause = next(backoff)
            logger.warning("no start yet (%s): next try in %.0f s", type(error).__name__, pause)
            await asyncio.sleep(pause)
        else:
            return
