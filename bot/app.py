"""The bot and its dispatcher: who may do what, on one screen."""

from collections.abc import Callable
from datetime import datetime

from aiogram import Bot, Dispatcher
from aiogram.client.default import DefaultBotProperties
from aiogram.client.session.middlewares.base import BaseRequestMiddleware
from aiogram.client.telegram import TelegramAPIServer
from aiogram.enums import ParseMode
from aiogram.utils.callback_answer import CallbackAnswerMiddleware

from analytics import AnalyticsService, GuardedClock
from analytics.telegram import (
    Charts,
    Confirmations,
    LimitPerPerson,
    LocaleMiddleware,
    Options,
    SkipUnknownKinds,
    admin_router,
    people_router,
    translations,
)
from bot.dialogues import Dialogues
from bot.features import dice
from bot.handlers import admins, everyone
from bot.in_flight import InFlight
from bot.outgoing import connector_of
from bot.session import RetryAnswers, Session, TolerateClicks
from bot.settings import Settings


def build_bot(settings: Settings, clock: GuardedClock, *middlewares: BaseRequestMiddleware) -> Bot:
    """Build a bot that tells `clock` Telegram's time; the first of `middlewares` is the outer one.

    Raises WrongSettings if the environment names a proxy whose address is not valid.
    """
    server = TelegramAPIServer.from_base(str(settings.bot_api_url))
    bot = Bot(
        settings.bot_token.get_secret_value(),
        session=Session(clock.observe, api=server, connector=connector_of(settings)),
        # The message that an answer replies to may be deleted meanwhile: the answer is still sent.
        default=DefaultBotProperties(parse_mode=ParseMode.HTML, allow_sending_without_reply=True),
    )
    bot.session.middleware(TolerateClicks())
    bot.session.middleware(RetryAnswers())
    for middleware in middlewares:
        bot.session.middleware(middleware)
    return bot


def options_of(settings: Settings) -> Options:
    """Return the options of `analytics.telegram` that follow from the settings."""
    return Options(
        admin_ids=settings.admin_ids,
        owner_ids=settings.owners,
        operator_contact=settings.operator_contact,
        erase_when_blocked=settings.erase_when_blocked,
        digest=settings.digest,
        digest_at=settings.digest_at,
        silence_alert_hours=settings.silence_alert_hours,
        retention_days=settings.retention_days,
        timestamp_precision=settings.timestamp_precision,
        report_interval=settings.report_interval,
        breakdown_min_users=settings.breakdown_min_users,
        keep_trends=settings.keep_trends,
        daily_backups=settings.backup_keep if settings.backup_dir else None,
        pseudonymise_user_ids=settings.pseudonymise_user_ids,
    )


def build_dispatcher(
    settings: Settings,
    analytics: AnalyticsService,
    clock: GuardedClock,
    next_cleanup: Callable[[], datetime],
) -> Dispatcher:
    """Build a dispatcher with every command of the bot, and who may use it.

    `next_cleanup` returns when the next cleanup is planned.
    """
    options = options_of(settings)
    dispatcher = Dispatcher(
        storage=Dialogues(),
        options=options,
        analytics=analytics,
        clock=clock,
        next_cleanup=next_cleanup,
        charts=Charts(settings.chart_theme),
        confirmations=Confirmations(settings.bot_token.get_secret_value(), clock),
    )
    dispatcher.update.outer_middleware(SkipUnknownKinds())
    in_flight = InFlight()
    dispatcher.update.outer_middleware(in_flight)
    dispatcher.shutdown.register(in_flight.drain)
    # Sets the language for every kind of update, and for the handler of errors.
    LocaleMiddleware(translations()).setup(dispatcher)
    limit = LimitPerPerson()
    # On the dispatcher rather than on each router, so that every included router is covered.
    dispatcher.message.middleware(limit)
    dispatcher.callback_query.middleware(limit)
    dispatcher.callback_query.middleware(CallbackAnswerMiddleware(pre=True))
    dispatcher.errors.register(everyone.failed)
    dispatcher.include_routers(
        # Admins: /stats, /cleanup, /alerts; owners also delete, and have /audit.
        admin_router(options),
        # Everyone, in private: /privacy, /mydata, /forgetme, /optout, /optin.
        people_router(options),
        # Admins: /start and /help with the commands that are theirs.
        admins.router(options),
        # Everyone, in private: /roll.
        dice.router(),
        # Everyone: /start, /help, and whatever is left; so it is the last.
        everyone.router(),
    )
    return dispatcher
