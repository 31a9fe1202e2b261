"""Attach the analytics to an aiogram bot: all of it in a line."""

import asyncio
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Collection,
    Iterable,
    Iterator,
    Sequence,
)
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from datetime import time, timedelta
from pathlib import Path
from typing import Literal, TypedDict, Unpack

from aiogram import Bot, Dispatcher
from aiogram.dispatcher.event.event import EventObserver
from aiogram.dispatcher.event.handler import HandlerObject
from aiogram.dispatcher.middlewares.error import ErrorsMiddleware
from aiogram.dispatcher.middlewares.manager import MiddlewareManager
from aiogram.dispatcher.middlewares.user_context import UserContextMiddleware
from aiogram.fsm.middleware import FSMContextMiddleware
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from analytics import (
    DAILY,
    HOURLY,
    WEEKLY,
    AnalyticsService,
    DailyBackups,
    GuardedClock,
    Schedule,
    Task,
    maintenance_tasks,
)
from analytics.option_checks import check_numbers
from analytics.telegram.admin import admin_router, alerts_router
from analytics.telegram.alerts.checks import Alerts
from analytics.telegram.alerts.notifier import Notifier
from analytics.telegram.attached import Attached, attached_to
from analytics.telegram.charts.themes import THEMES
from analytics.telegram.command_table import CommandEntry
from analytics.telegram.i18n import SOURCE_LOCALE, languages, translations
from analytics.telegram.options import (
    Options,
    check_choice,
    check_times,
    nothing_else,
    telegram_ids,
)
from analytics.telegram.own_router import CLEANUP_AT, Dependencies
from analytics.telegram.recording import RecordOnReceipt
from analytics.telegram.rights import people_router
from analytics.telegram.ticks import each_minute
from analytics.telegram.words import Vocabulary

# The middlewares of a dispatcher that come before all others.
AIOGRAMS = (ErrorsMiddleware, UserContextMiddleware, FSMContextMiddleware)

DEFAULT_PATH = Path("data/analytics.sqlite3")


class Opening(TypedDict, total=False):
    """Options that `attach` passes on to `AnalyticsService.open`."""

    database_url: str | None
    pseudonym_key: bytes | None
    database_key: bytes | None
    pseudonymise: bool
    retention_days: int
    timestamp_precision: int
    report_interval: timedelta
    breakdown_min_users: int
    keep_trends: bool
    trends_min_users: int
    timezone: str
    events: Iterable[str]


@asynccontextmanager
async def attach(
    bot: Bot,
    dispatcher: Dispatcher,
    *,
    admin_ids: Collection[int] = (),
    owner_ids: Collection[int] | None = None,
    uncounted_ids: Collection[int] = (),
    path: Path | str = DEFAULT_PATH,
    analytics: AnalyticsService | None = None,
    scheduler: AsyncIOScheduler | None = None,
    people: bool = True,
    stats: bool = True,
    commands: Iterable[CommandEntry] = (),
    operator_contact: str = "",
    also_stored: str | Sequence[str] | None = None,
    count_languages: bool = False,
    erase_when_blocked: bool = False,
    on_erase: Callable[[int], Awaitable[None]] = nothing_else,
    digest: Literal["weekly", "daily", "off"] = "weekly",
    digest_at: time = time(8),
    silence_alert_hours: int = 48,
    cleanup_at: time = CLEANUP_AT,
    backup_dir: Path | str | None = None,
    backup_keep: int = 7,
    backup_at: time = time(3, 30),
    chart_theme: Literal["light", "dark"] = "light",
    language: str = SOURCE_LOCALE,
    clock: GuardedClock | None = None,
    **opening: Unpack[Opening],
) -> AsyncIterator[Attached]:
    """Attach analytics to a bot for the length of the block.

    Within it, each update is recorded before Telegram is told that it arrived; `/stats` and more
    answer admins, `/privacy` and more answer people, before any handler of the bot; old
    interactions are deleted each day, and admins get alerts and a digest. A command that the bot
    itself registers is left to it, with a warning.

    Poll for `ALL_UPDATES`, or receive them with `WebhookHandler`. The block may be entered before
    or after the dispatcher's routers are included, and has to last until polling has ended.

    bot, dispatcher: The bot, and the dispatcher of its updates. Each of several bots of one
        dispatcher is attached with a `path` of its own.
    admin_ids: Telegram IDs of those who get `/stats`, alerts and the digest.
    owner_ids: Telegram IDs of those of them who may also delete; all, unless given.
    uncounted_ids: Telegram IDs of people of whom nothing is recorded.
    path: The database, which is created if it does not exist, with its folder; with a
        `database_url`, the place of this process's own files.
    analytics: An open service to use in place of `path`; whoever opened it closes it.
    scheduler: A scheduler to add one job to; otherwise one is started and ended.
    people, stats: Whether to answer the commands of people, and those of admins.
    commands: The bot's own commands, as far as they are for admins: their use is not counted.
    operator_contact: A name and an address for `/privacy`.
    also_stored: Words for `/privacy` about what the bot stores itself, [] for nothing.
    count_languages: Whether to count new people by language and day, without identity.
    erase_when_blocked: Whether to erase the data of people who block the bot.
    on_erase: Called with the Telegram ID of a person who erases their data, to erase the rest.
    digest, digest_at: How often admins get statistics, and the time of day.
    silence_alert_hours: Hours without updates before an alert; 0 for none.
    cleanup_at: Time of day of the daily cleanup. Times of day without a zone of their own are in
        the `timezone` of the service.
    backup_dir, backup_keep, backup_at: A folder for daily backups, how many of them are kept, and
        the time of day; only with `path`, and not with a `database_url`.
    chart_theme, language: The look of charts, and the language of alerts.
    clock: The clock to tell Telegram's dates; only with `path`.
    opening: Options of `AnalyticsService.open`, such as `retention_days`, `timezone`,
        `database_url` for a database on a server, or `events` for the words that `analytics.count`
        counts; only with `path`.

    Raises RuntimeError if the bot is attached to this dispatcher already, ValueError if an owner is
    no admin or an option is out of bounds, TypeError for an option of the wrong type and for
    options that exclude each other, and AnalyticsError if the database cannot be opened, or on
    leaving if interactions are lost.
    """
    registry = attached_to(dispatcher)
    if bot.id in registry:
        raise RuntimeError("this bot is attached to this dispatcher already")
    if scheduler is not None and not isinstance(scheduler, AsyncIOScheduler):
        raise TypeError("scheduler is no AsyncIOScheduler, which runs coroutines")
    if analytics is not None and (opening or backup_dir or clock or path is not DEFAULT_PATH):
        raise TypeError("give either an open service, or path, backup_dir and options to open one")
    if backup_dir and opening.get("database_url"):
        raise TypeError("give no backup_dir with a database_url: back up the server")
    uncounted = telegram_ids("uncounted_ids", uncounted_ids)
    check_choice("digest", digest, ("weekly", "daily", "off"))
    check_choice("chart_theme", chart_theme, THEMES)
    check_choice("language", language, languages())
    check_numbers(silence_alert_hours=silence_alert_hours, backup_keep=backup_keep)
    check_times(digest_at=digest_at, cleanup_at=cleanup_at, backup_at=backup_at)
    async with AsyncExitStack() as stack:
        backups = None
        if analytics is None:
            guarded = clock or GuardedClock()
            service = await stack.enter_async_context(
                AnalyticsService.open(path, clock=guarded, **opening)
            )
            if not service.is_on_server:
                backups = DailyBackups(
                    Path(path),
                    Path(backup_dir) if backup_dir else None,
                    opening.get("database_key"),
                    keep=backup_keep,
                    retention_days=service.retention_days,
                    clock=guarded,
                    note=service.maintenance.note_backup,
                    tell=service.notices.put_nowait,
                )
        else:
            service = analytics
        dependencies = Dependencies.of(
            bot,
            service,
            admin_ids=admin_ids,
            owner_ids=owner_ids,
            operator_contact=operator_contact,
            also_stored=also_stored,
            count_languages=count_languages,
            erase_when_blocked=erase_when_blocked,
            on_erase=on_erase,
            digest=digest,
            digest_at=digest_at,
            silence_alert_hours=silence_alert_hours,
            daily_backups=backup_keep if backup_dir else None,
            cleanup_at=cleanup_at,
            chart_theme=chart_theme,
        )
        clock, options = dependencies.clock, dependencies.options
        recording = RecordOnReceipt(service, clock, uncounted=uncounted, bot_id=bot.id)
        recording.vocabulary = Vocabulary(count_languages=count_languages)
        await service.alert_state.keep_only(options.admin_ids)
        notifier = Notifier(dependencies.bot, service.alert_state, options.admin_ids, clock)
        alerts = Alerts(
            notifier,
            service,
            options,
            clock,
            last_received=lambda: recording.last_received,
            charts=dependencies.charts,
        )
        schedule = Schedule(
            _tasks(service, alerts, options, cleanup_at, backups, backup_at),
            clock,
            is_postponed=lambda: not clock.is_confirmed,
            zone=service.calendar.zone,
            take_turn=service.maintenance.take_turn,
        )
        own = [alerts_router(dependencies)]
        if stats:
            own.append(admin_router(dependencies))
        if people:
            own.append(people_router(dependencies))

        async def tick() -> None:
            await service.links.refresh()
            await alerts.share_newest_update()
            with translations().use_locale(language):
                await schedule.tick()

        async def notify() -> None:
            with translations().use_locale(language):
                await notifier.pass_on(service.notices)

        last_backup = no_backup if backups is None else backups.last
        attached = Attached(
            bot, dispatcher, dependencies, recording, own, commands, tick, last_backup
        )
        registry[bot.id] = attached
        stack.callback(registry.pop, bot.id)
        for each in (recording, attached.polling):
            bot.session.middleware(each)
            stack.callback(bot.session.middleware.unregister, each)
        stack.enter_context(_before_the_bots_own(dispatcher.update.outer_middleware, attached))
        stack.enter_context(_called(dispatcher.startup, attached.start))
        # Before the bot's own: they close what its handlers use.
        stack.enter_context(_called(dispatcher.shutdown, attached.stop, first=True))
        stack.push_async_callback(attached.end)
        stack.enter_context(each_minute(tick, scheduler))
        notifying = asyncio.create_task(notify())
        stack.callback(notifying.cancel)
        yield attached


async def no_backup() -> None:
    """Return when the newest backup was made, where there is none."""


@contextmanager
def _before_the_bots_own(middlewares: MiddlewareManager, own: Attached) -> Iterator[None]:
    """Have a middleware called after aiogram's and before those of the bot while the block lasts.

    Those of the bot are often made for what its handlers handle: others would fail in them.
    """
    middlewares.register(own)
    for each in middlewares[:]:
        if each is not own and not isinstance(each, AIOGRAMS):
            middlewares.unregister(each)
            middlewares.register(each)
    try:
        yield
    finally:
        middlewares.unregister(own)


@contextmanager
def _called(
    by: EventObserver, what: Callable[..., Awaitable[None]], *, first: bool = False
) -> Iterator[None]:
    """Have a dispatcher's startup or shutdown call a function while the block lasts."""
    handler = HandlerObject(what)
    by.handlers.insert(0 if first else len(by.handlers), handler)
    try:
        yield
    finally:
        by.handlers.remove(handler)


def _tasks(
    analytics: AnalyticsService,
    alerts: Alerts,
    options: Options,
    cleanup_at: time,
    backups: DailyBackups | None,
    backup_at: time,
) -> Iterator[Task]:
    """Yield the scheduled tasks: maintenance, backup, alerts and, unless it is off, the digest."""
    yield from maintenance_tasks(analytics, cleanup_at)
    if backups is not None:
        yield Task(
            name="backup" if options.daily_backups else "deletion of old copies",
            run=backups.run,
            every=DAILY,
            at=backup_at,
            last=backups.last,
            needs_clock=True,
        )
    yield Task(name="alerts", run=alerts.check, every=HOURLY)
    yield Task(name="alerts of this process", run=alerts.check_process, every=HOURLY, of_each=True)
    if options.digest != "off":
        yield Task(
            name="digest",
            run=alerts.digest,
            every=WEEKLY if options.digest == "weekly" else DAILY,
            at=options.digest_at,
            last=alerts.last_digest,
            needs_clock=True,
        )
