"""The admin page for whoever sits at the machine: read-only, and not part of a running bot."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

from analytics import AnalyticsService, Tokens
from bot.cli.signals import on_stop_signals
from bot.web.links import Links
from bot.web.page import AdminPage
from bot.web.sessions import LINK_LIFETIME, Sessions
from bot.web.upkeep import Upkeep

HOST = "127.0.0.1"


async def show_until_stopped(
    analytics: AnalyticsService,
    tell: Callable[[str], object],
    lifetime: timedelta = LINK_LIFETIME,
    upkeep: Upkeep | None = None,
) -> None:
    """Serve the page on a free port of this machine until the process is asked to stop.

    `tell` is called with a one-time link, which is valid for `lifetime`; `upkeep` is about the bot.
    """
    stop = asyncio.Event()
    on_stop_signals(asyncio.get_running_loop(), stop.set)
    sessions = Sessions(Tokens.in_memory(analytics.clock))
    page = AdminPage(analytics, sessions, at_machine=True, upkeep=upkeep)
    async with page.serving(HOST, 0) as port:
        tell(await Links(sessions, HOST, port).new(None, lifetime))
        await stop.wait()
