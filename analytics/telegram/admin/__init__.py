"""Commands and buttons of admins: `/stats`, `/cleanup`, `/alerts`, `/audit`."""

from aiogram import F

from analytics.telegram.admin import alerts, audit, cleanup, stats
from analytics.telegram.alerts.messages import Turn
from analytics.telegram.buttons import Confirm, Irreversible
from analytics.telegram.filters import Command, FromAny, in_private_chat
from analytics.telegram.limits import EXPENSIVE
from analytics.telegram.own_router import Dependencies, OwnRouter


def admin_router(dependencies: Dependencies) -> OwnRouter:
    """Return a router for admins, in their private chats; some of its commands are for owners only.

    For everyone else, its commands and buttons do not exist.
    """
    router, options = OwnRouter("admins", dependencies), dependencies.options
    messages, clicks = router.message, router.callback_query
    from_admin, from_owner = FromAny(options.admin_ids), FromAny(options.owner_ids)
    messages.filter(in_private_chat)
    clicks.filter(in_private_chat)

    messages.register(stats.overview, Command("stats"), from_admin, flags=EXPENSIVE)
    # Not limited: an admin presses these one after the other, and each takes a few short queries.
    clicks.register(stats.show, stats.Show.filter(), from_admin)
    clicks.register(stats.page, stats.Page.filter(), from_admin)
    clicks.register(stats.chart, stats.Chart.filter(), from_admin, flags=EXPENSIVE)
    clicks.register(stats.year, stats.Year.filter(), from_admin, flags=EXPENSIVE)
    clicks.register(stats.export, stats.Export.filter(), from_admin, flags=EXPENSIVE)

    # Owners first: they get a button below the number.
    messages.register(cleanup.offer, Command("cleanup"), from_owner, flags=EXPENSIVE)
    messages.register(cleanup.preview, Command("cleanup"), from_admin, flags=EXPENSIVE)
    is_cleanup = Confirm.filter(F.action == Irreversible.DELETE)
    clicks.register(cleanup.delete, is_cleanup, from_owner, flags=EXPENSIVE)

    messages.register(audit.show, Command("audit"), from_owner, flags=EXPENSIVE)
    return router


def alerts_router(dependencies: Dependencies) -> OwnRouter:
    """Return a router for admins, in their private chats, with `/alerts`, which mutes alerts."""
    router = OwnRouter("alerts", dependencies)
    from_admin = FromAny(dependencies.options.admin_ids)
    router.message.register(alerts.show, Command("alerts"), in_private_chat, from_admin)
    router.callback_query.register(alerts.turn, Turn.filter(), in_private_chat, from_admin)
    return router
