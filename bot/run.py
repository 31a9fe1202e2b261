"""The composition root: build everything there is, once, and run it."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from aiogram import Bot, Dispatcher

from analytics import AnalyticsService, GuardedClock, next_planned
from analytics.telegram import Attached, attach, set_languages
from bot import menus, texts
from bot.announcement import announce
from bot.app import build_bot, build_dispatcher
from bot.dialogues import Dialogues
from bot.features import FEATURES
from bot.polling import WatchPolling, poll
from bot.receiving import Receiving
from bot.settings import Settings, remarks
from bot.signing_in import sign_in
from scheduler.jobs import build_scheduler

if TYPE_CHECKING:
    from bot.web.upkeep import Upkeep

logger = logging.getLogger(__name__)


async def serve(settings: Settings, stop: asyncio.Event, clock: GuardedClock) -> None:
    """Build everything there is, once, and run it until `stop` is set.

    Raises WrongSettings if a setting is wrong, Unavailable if a port is not available now,
    AnalyticsError if the database cannot be opened.
    """
    for remark in remarks():
        logger.warning("%s", remark)
    set_languages(settings.languages)
    is_new = not (settings.database_url or settings.database_path.exists())
    dialogues, scheduler = Dialogues(), build_scheduler()
    dispatcher = build_dispatcher(settings, dialogues, scheduler)

    async def forget(telegram_id: int) -> None:
        """Erase what is stored about a person besides the analytics."""
        await dialogues.forget(telegram_id)
        for feature in FEATURES:
            await feature.forget(scheduler, telegram_id)

    receiving = Receiving()
    scheduler.start()
    try:
        async with (
            build_bot(settings, receiving) as bot,
            attach(
                bot,
                dispatcher,
                clock=clock,
                scheduler=scheduler,
                commands=texts.COMMANDS,
                events=[event for feature in FEATURES for event in feature.events],
                also_stored=[feature.stores for feature in FEATURES if feature.stores],
                on_erase=forget,
                **settings.attaching,
            ) as attached,
            _metrics(settings, attached, receiving),
            _admin_page(settings, attached, dispatcher),
        ):
            await receive(
                *(bot, dispatcher, settings, attached.analytics, receiving, stop),
                started=partial(announce, bot, settings, attached, is_new=is_new),
            )
    finally:
        scheduler.shutdown(wait=False)


@asynccontextmanager
async def _metrics(
    settings: Settings, attached: Attached, receiving: Receiving
) -> AsyncIterator[None]:
    """Serve metrics, if the settings have a port for them."""
    if settings.metrics_port is None:
        yield
        return
    from bot.metrics import Metrics

    metrics = Metrics(attached, receiving, detailed=not settings.limits_reports)
    attached.recording.on_recorded = metrics.count_updates
    attached.outcomes.on_outcome = metrics.count_outcome
    async with metrics.serving(settings.metrics_host, settings.metrics_port):
        yield


@asynccontextmanager
async def _admin_page(
    settings: Settings, attached: Attached, dispatcher: Dispatcher
) -> AsyncIterator[None]:
    """Serve the admin page, if the settings have a port for it; /web then sends links to it."""
    if settings.web_port is None:
        yield
        return
    # Imported only now: they load aiohttp's server and jinja2.
    from bot.web.init_data import signed_by
    from bot.web.links import Links
    from bot.web.page import AdminPage
    from bot.web.sessions import Sessions

    sessions = Sessions(attached.analytics.tokens, settings.admin_ids, settings.owners)
    page = AdminPage(
        attached.analytics,
        sessions,
        url=settings.web_url,
        hosts=[settings.web_host],
        recognise=partial(signed_by, settings.bot_token.get_secret_value()),
        upkeep=_upkeep(settings, attached),
    )
    async with page.serving(settings.web_host, settings.web_port) as port:
        logger.info("admin page: port %d of %s; /web sends admins a link", port, settings.web_host)
        dispatcher["page_links"] = Links(sessions, settings.web_host, port, settings.web_url)
        yield


def _upkeep(settings: Settings, attached: Attached) -> "Upkeep":
    """Return what the admin page tells of this bot."""
    from bot.web.findings import Doctor
    from bot.web.upkeep import Upkeep

    def next_backup() -> datetime:
        calendar = attached.analytics.calendar
        return calendar.local(next_planned(attached.clock(), settings.backup_at, calendar.zone))

    return Upkeep(
        next_cleanup=attached.next_cleanup,
        backup_dir=settings.backup_dir,
        last_backup=attached.last_backup,
        next_backup=next_backup,
        doctor=Doctor(),
        owners_cleanup=attached.owners_cleanup,
    )


async def receive(
    bot: Bot,
    dispatcher: Dispatcher,
    settings: Settings,
    analytics: AnalyticsService,
    receiving: Receiving,
    stop: asyncio.Event,
    *,
    started: Callable[[], Awaitable[None]],
) -> None:
    """Receive updates by polling or webhook until `stop` is set, and let running handlers finish.

    Once Telegram has accepted the token, `started` is awaited.
    Raises WrongSettings if Telegram refuses the token or the webhook's address or its port cannot
    be used, Unavailable if the port is not available now.
    """
    tell = analytics.notices.put_nowait
    if settings.webhook_url is None:
        if await _unless(stop, sign_in(bot, settings)):
            await started()
            watch = WatchPolling(tell, lambda: analytics.lease.is_held)
            bot.session.middleware(watch)
            async with _beside(menus.set_menus(bot, settings.admin_ids, settings.owners)):
                await poll(bot, dispatcher, stop, watch.failed)
        return
    # Imported only now: they load aiohttp's server, which polling has no use for.
    from bot.webhook import Webhook
    from bot.webhook_watch import WebhookWatch

    webhook = Webhook(bot, dispatcher, settings, analytics, receiving)
    async with webhook.listening():
        if await _unless(stop, sign_in(bot, settings)):
            receiving.by_webhook = True
            await dispatcher.emit_startup(bot=bot, bots=[bot], **dispatcher.workflow_data)
            await started()
            async with (
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
