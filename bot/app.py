"""The bot and its dispatcher: who may do what, on one screen."""

from collections.abc import Callable
from datetime import datetime

from aiogram import Bot, Dispatcher, F, Router
from aiogram.client.default import DefaultBotProperties
from aiogram.client.telegram import TelegramAPIServer
from aiogram.enums import ParseMode
from aiogram.filters import Command, CommandStart

from analytics import AnalyticsService
from analytics.clock import GuardedClock
from bot.handlers import admins, people
from bot.limits import EXPENSIVE, LimitPerPerson
from bot.middleware import InFlight, RecordOnReceipt, SkipUnknownKinds
from bot.session import RetryAnswers, Session
from bot.settings import Settings


def build_bot(settings: Settings, record: RecordOnReceipt) -> Bot:
    """A bot that records what it receives. Raises TokenValidationError for a malformed token."""
    server = TelegramAPIServer.from_base(str(settings.bot_api_url))
    bot = Bot(
        settings.bot_token.get_secret_value(),
        session=Session(api=server),
        default=DefaultBotProperties(parse_mode=ParseMode.HTML),
    )
    bot.session.middleware(RetryAnswers())
    bot.session.middleware(record)
    return bot


def build_dispatcher(
    settings: Settings,
    analytics: AnalyticsService,
    clock: GuardedClock,
    next_cleanup: Callable[[], datetime],
) -> Dispatcher:
    """Every command, with who may use it."""
    from_admin = F.from_user.id.in_(settings.admin_ids)
    private_chat = F.chat.type == "private"

    admin_router = Router(name="admins")
    admin_router.message.register(admins.start, CommandStart(), private_chat, from_admin)
    admin_router.message.register(admins.help_, Command("help"), private_chat, from_admin)
    admin_router.message.register(
        admins.stats, Command("stats"), private_chat, from_admin, flags=EXPENSIVE
    )

    people_router = Router(name="people")
    people_router.message.register(people.start, CommandStart(), private_chat)
    people_router.message.register(people.help_, Command("help"), private_chat)
    people_router.message.register(people.privacy, Command("privacy"), private_chat)
    people_router.message.register(people.anything_else, private_chat)
    people_router.callback_query.register(
        people.privacy_clicked, F.data == people.PRIVACY, flags=EXPENSIVE
    )
    people_router.callback_query.register(people.unknown_click)

    # No dialogues: aiogram's state storage would keep a record per person for ever.
    dispatcher = Dispatcher(
        disable_fsm=True,
        settings=settings,
        analytics=analytics,
        clock=clock,
        next_cleanup=next_cleanup,
    )
    dispatcher.update.outer_middleware(SkipUnknownKinds())
    in_flight = InFlight()
    dispatcher.update.outer_middleware(in_flight)
    dispatcher.shutdown.register(in_flight.drain)
    limit = LimitPerPerson()
    for observer in (admin_router.message, people_router.message, people_router.callback_query):
        observer.middleware(limit)
    dispatcher.errors.register(people.failed)
    dispatcher.include_routers(admin_router, people_router)
    return dispatcher
