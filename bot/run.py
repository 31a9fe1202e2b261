"""The composition root: build everything there is, once, and run it."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext, suppress
from datetime import datetime
from functools import partial
from typing import Any

from aiogram import Bot, Dispatcher

from analytics import (
    DAILY,
    HOURLY,
    WEEKLY,
    Access,
    AnalyticsService,
    DailyBackups,
    GuardedClock,
    Schedule,
    Task,
    maintenance_tasks,
    next_planned,
)
from analytics.telegram import Alerts, Notifier, RecordOnReceipt, commands_of, preload, set_locale
from bot import menus, texts
from bot.announcement import announce
from bot.app import build_bot, build_dispatcher
from bot.polling import WatchPolling, poll
from bot.receiving import Receiving
from bot.settings import Settings, remarks
from bot.signing_in import sign_in
from bot.webhook import Webhook
from bot.webhook_watch import WebhookWatch
from scheduler.jobs import build_scheduler

logger = logging.getLogger(__name__)


async def serve(settings: Settings, stop: asyncio.Event, clock: GuardedClock) -> None:
    """Build everything there is, once, and run it until `stop` is set.

    Raises WrongSettings if a setting is wrong, Unavailable if a port is not available now,
    AnalyticsError if the database cannot be opened.
    """
    for remark in remarks():
        logger.warning("%s", remark)
    preload()
    set_locale(settings.bot_language)
    is_new = not settings.database_path.exists()
    async with settings.open(
        Access.OWN, timestamp_precision=settings.timestamp_precision, clock=clock
    ) as analytics:

        def next_cleanup() -> datetime:
            return next_planned(clock(), settings.cleanup_at)

        dispatcher = build_dispatcher(settings, analytics, clock, next_cleanup)
        commands = commands_of(dispatcher, texts.COMMANDS)
        receiving = Receiving()
        record = RecordOnReceipt(analytics, clock, commands, settings.uncounted)
        serving_metrics: AbstractAsyncContextManager[None] = nullcontext()
        if settings.metrics_port is not None:
            from bot.metrics import Metrics

            metrics = Metrics(analytics, clock, commands, settings.uncounted, receiving)
            record = metrics.record
            serving_metrics = metrics.serving(settings.metrics_host, settings.metrics_port)
        async with serving_metrics, build_bot(settings, clock, receiving, record) as bot:
            await analytics.alert_state.keep_only(settings.admin_ids)
            notifier = Notifier(bot, analytics.alert_state, settings.admin_ids, clock)
            alerts = Alerts(
                notifier,
                analytics,
                dispatcher["options"],
                clock,
                last_received=lambda: record.last_received,
                charts=dispatcher["charts"],
            )
            schedule = Schedule(
                tasks(settings, analytics, alerts, clock),
                clock,
                is_postponed=lambda: not clock.is_confirmed,
            )
            scheduler = build_scheduler(schedule.tick)
            scheduler.start()
            notifying = asyncio.create_task(notifier.pass_on(analytics.notices))
            started = partial(
                announce, bot, settings, analytics, is_new=is_new, next_cleanup=next_cleanup
            )
            try:
                await receive(
                    *(bot, dispatcher, settings, analytics, record, receiving, stop),
                    started=started,
                    when_known=schedule.tick,
                )
            finally:
                notifying.cancel()
                scheduler.shutdown(wait=False)


def tasks(
    settings: Settings, analytics: AnalyticsService, alerts: Alerts, clock: GuardedClock
) -> list[Task]:
    """Return the scheduled tasks: maintenance, backup, alerts and, unless it is off, the digest."""
    backups = DailyBackups(
        settings.database_path,
        settings.backup_dir,
        settings.database_key_bytes,
        keep=settings.backup_keep,
        retention_days=settings.retention_days,
        clock=clock,
        note=analytics.maintenance.note_backup,
        tell=analytics.notices.put_nowait,
    )
    table = [
        *maintenance_tasks(analytics, settings.cleanup_at),
        Task(
            name="backup" if settings.backup_dir else "deletion of old copies",
            run=backups.run,
            every=DAILY,
            at=settings.backup_at,
            last=backups.last,
            needs_clock=True,
        ),
        Task(name="alerts", run=alerts.check, every=HOURLY),
    ]
    if settings.digest != "off":
        table.append(
            Task(
                name="digest",
                run=alerts.digest,
                every=WEEKLY if settings.digest == "weekly" else DAILY,
                at=settings.digest_at,
                last=alerts.last_digest,
                needs_clock=True,
            )
        )
    return table


async def receive(
    bot: Bot,
    dispatcher: Dispatcher,
    settings: Settings,
    analytics: AnalyticsService,
    record: RecordOnReceipt,
    receiving: Receiving,
    stop: asyncio.Event,
    *,
    started: Callable[[], Awaitable[None]],
    when_known: Callable[[], Coroutine[Any, Any, None]],
) -> None:
    """Receive updates by polling or webhook until `stop` is set, and let running handlers finish.

    Once Telegram has accepted the token and sent its time, `started` is awaited and `when_known`
    runs in the background.
    Raises WrongSettings if Telegram refuses the token or the webhook's address or its port cannot
    be used, Unavailable if the port is not available now.
    """
    tell = analytics.notices.put_nowait
    if settings.webhook_url is None:
        if await _unless(stop, sign_in(bot, settings)):
            await started()
            watch = WatchPolling(tell)
            bot.session.middleware(watch)
            async with (
                _beside(when_known()),
                _beside(menus.set_menus(bot, settings.admin_ids, settings.owners)),
            ):
                await poll(bot, dispatcher, stop, watch.failed)
        return
    webhook = Webhook(bot, dispatcher, settings, analytics, record, receiving)
    async with webhook.listening():
        if await _unless(stop, sign_in(bot, settings)):
            receiving.by_webhook = True
            await started()
            async with (
                _beside(when_known()),
                _beside(menus.set_menus(bot, settings.admin_ids, settings.owners)),
                _beside(WebhookWatch(bot, settings, receiving, tell).run()),
            ):
                await stop.wait()


@asynccontextmanager
async def _beside(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Run `work` in the background, and cancel it at the end of the block."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _unless(stop: asyncio.Event, work: Coroutine[Any, Any, None]) -> bool:
    """Run `work` until it is done or `stop` is set; return whether it is done.

    Raises whatever `work` raises.
    """
    working, stopping = asyncio.create_task(work), asyncio.create_task(stop.wait())
    await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if not working.done():
        working.cancel()
        return False
    await working
    return True
