"""The bot and its dispatcher: who may do what, on one screen."""

from collections.abc import Callable
from datetime import datetime

from aiogram import Bot, Dispatcher, F, Router
from aiogram.client.default import DefaultBotProperties
from aiogram.client.telegram import TelegramAPIServer
from aiogram.enums import ChatMemberStatus, ParseMode
from aiogram.utils.callback_answer import CallbackAnswerMiddleware

from analytics import AnalyticsService
from analytics.clock import GuardedClock
from analytics.telegram.admin import alerts, audit, cleanup, stats
from analytics.telegram.alerts.messages import Turn
from analytics.telegram.buttons import DELETE, ERASE, Ask, Cancel, Confirm, Right
from analytics.telegram.charts import Charts
from analytics.telegram.confirmations import Confirmations
from analytics.telegram.decode import SkipUnknownKinds
from analytics.telegram.filters import Command, CommandStart
from analytics.telegram.i18n import SpeakToPerson, translations
from analytics.telegram.limits import EXPENSIVE, LimitPerPerson
from analytics.telegram.options import Options
from analytics.telegram.recording import ADMINS, RecordOnReceipt
from bot.features import dice
from bot.handlers import admins, everyone
from bot.in_flight import InFlight
from bot.outgoing import connector_of
from bot.session import RetryAnswers, Session, TolerateClicks
from bot.settings import Settings


def build_bot(settings: Settings, record: RecordOnReceipt, clock: GuardedClock) -> Bot:
    """Build a bot that records what it receives, and tells `clock` Telegram's time.

    Raises WrongSettings for a proxy of the environment that is none.
    """
    server = TelegramAPIServer.from_base(str(settings.bot_api_url))
    bot = Bot(
        settings.bot_token.get_secret_value(),
        session=Session(clock.hear, api=server, connector=connector_of(settings)),
        # What an answer replies to may be deleted meanwhile: it is sent all the same.
        default=DefaultBotProperties(parse_mode=ParseMode.HTML, allow_sending_without_reply=True),
    )
    bot.session.middleware(TolerateClicks())
    bot.session.middleware(RetryAnswers())
    bot.session.middleware(record)
    return bot


def options_of(settings: Settings) -> Options:
    """Return what the analytics have to know of the settings."""
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
        pseudonymise_user_ids=settings.pseudonymise_user_ids,
    )


def build_dispatcher(
    settings: Settings,
    analytics: AnalyticsService,
    clock: GuardedClock,
    next_cleanup: Callable[[], datetime],
) -> Dispatcher:
    """Every command, with who may use it."""
    options = options_of(settings)
    from_admin = F.from_user.id.in_(options.admin_ids)
    from_owner = F.from_user.id.in_(options.owner_ids)
    private_chat = F.chat.type == "private"

    admin_router = Router(name=ADMINS)
    admin_router.message.register(
        admins.start, CommandStart(magic=~F.args), private_chat, from_admin
    )
    admin_router.message.register(admins.help_, Command("help"), private_chat, from_admin)
    admin_router.message.register(
        stats.overview, Command("stats"), private_chat, from_admin, flags=EXPENSIVE
    )
    admin_router.message.register(
        audit.show, Command("audit"), private_chat, from_owner, flags=EXPENSIVE
    )
    admin_router.message.register(alerts.show, Command(alerts.ALERTS), private_chat, from_admin)
    admin_router.callback_query.register(
        alerts.turn, Turn.filter(), F.message.chat.type == "private", from_admin
    )
    # Owners first: to them the numbers come with a button.
    admin_router.message.register(
        cleanup.offer, Command(cleanup.CLEANUP), private_chat, from_owner, flags=EXPENSIVE
    )
    admin_router.message.register(
        cleanup.preview, Command(cleanup.CLEANUP), private_chat, from_admin, flags=EXPENSIVE
    )
    in_private = F.message.chat.type == "private"
    admin_clicks = admin_router.callback_query
    # Who looks around presses these one after the other, and each is but a few short queries.
    admin_clicks.register(stats.show, stats.Show.filter(), in_private, from_admin)
    admin_clicks.register(
        stats.chart, stats.Chart.filter(), in_private, from_admin, flags=EXPENSIVE
    )
    admin_clicks.register(stats.year, stats.Year.filter(), in_private, from_admin, flags=EXPENSIVE)
    admin_clicks.register(
        stats.export, stats.Export.filter(), in_private, from_admin, flags=EXPENSIVE
    )
    admin_clicks.register(
        cleanup.delete,
        Confirm.filter(F.action.startswith(DELETE)),
        in_private,
        from_owner,
        flags=EXPENSIVE,
    )

    people_router = Router(name="people")
    messages, clicks = people_router.message, people_router.callback_query
    link = CommandStart(deep_link=True, magic=F.args == Right.PRIVACY)
    messages.register(everyone.show_privacy, link, private_chat, flags=EXPENSIVE)
    messages.register(everyone.start, CommandStart(), private_chat)
    messages.register(everyone.help_, Command("help"), private_chat)
    messages.register(dice.roll, Command("roll"), private_chat)
    for right, handler, flags in (
        (Right.PRIVACY, everyone.show_privacy, EXPENSIVE),
        (Right.MY_DATA, everyone.my_data, EXPENSIVE),
        (Right.FORGET_ME, everyone.forget_me, None),
        (Right.OPT_OUT, everyone.opt_out, None),
        (Right.OPT_IN, everyone.opt_in, None),
    ):
        messages.register(handler, Command(right), private_chat, flags=flags)
        clicks.register(handler, Ask.filter(F.right == right), flags=flags)
    clicks.register(everyone.erase, Confirm.filter(F.action == ERASE), flags=EXPENSIVE)
    clicks.register(everyone.cancel, Cancel.filter())
    # Only what is asked of this bot: in a group /help may be meant for another one.
    messages.register(everyone.in_group, Command(*Right), ~private_chat)
    asked_by_name = Command("help", "start", magic=F.mention)
    messages.register(everyone.help_in_group, asked_by_name, ~private_chat)
    messages.register(everyone.anything_else, private_chat)
    clicks.register(everyone.expired, flags={"callback_answer": {"disabled": True}})
    if options.erase_when_blocked:
        is_blocked = F.new_chat_member.status == ChatMemberStatus.KICKED
        people_router.my_chat_member.register(everyone.blocked, private_chat, is_blocked)

    # No dialogues: aiogram's state storage would keep a record per person for ever.
    dispatcher = Dispatcher(
        disable_fsm=True,
        options=options,
        analytics=analytics,
        clock=clock,
        next_cleanup=next_cleanup,
        charts=Charts(),
        confirmations=Confirmations(settings.bot_token.get_secret_value(), clock),
    )
    dispatcher.update.outer_middleware(SkipUnknownKinds())
    in_flight = InFlight()
    dispatcher.update.outer_middleware(in_flight)
    dispatcher.shutdown.register(in_flight.drain)
    # Of every kind of update, and of what failed.
    SpeakToPerson(translations()).setup(dispatcher)
    limit = LimitPerPerson()
    # Here, and not at the routers: whatever router is included is limited and answered, too.
    dispatcher.message.middleware(limit)
    dispatcher.callback_query.middleware(limit)
    dispatcher.callback_query.middleware(CallbackAnswerMiddleware(pre=True))
    dispatcher.errors.register(everyone.failed)
    dispatcher.include_routers(admin_router, people_router)
    return dispatcher
