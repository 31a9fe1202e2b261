"""Commands and buttons of admins: `/stats`, `/cleanup`, `/alerts`, `/audit`."""

from aiogram import F

from analytics.telegram.admin import alerts, audit, cleanup, stats
from analytics.telegram.alerts.messages import Turn
from analytics.telegram.buttons import Confirm, Irreversible
from analytics.telegram.filters import Command
from analytics.telegram.limits import EXPENSIVE
from analytics.telegram.own_router import Dependencies, OwnRouter


def admin_router(dependencies: Dependencies) -> OwnRouter:
    """Return a router for admins, in their private chats; some of its commands are for owners only.

    For everyone else, its commands and buttons do not exist.
    """
    router, options = OwnRouter("admins", dependencies), dependencies.options
    messages, clicks = router.message, router.callback_query
    from_admin = F.from_user.id.in_(options.admin_ids)
    from_owner = F.from_user.id.in_(options.owner_ids)
    private_chat = F.chat.type == "private"
    in_private = F.message.chat.type == "private"

    messages.register(stats.overview, Command("stats"), private_chat, from_admin, flags=EXPENSIVE)
    # Not limited: an admin presses these one after the other, and each takes a few short queries.
    clicks.register(stats.show, stats.Show.filter(), in_private, from_admin)
    clicks.register(stats.page, stats.Page.filter(), in_private, from_admin)
    clicks.register(stats.chart, stats.Chart.filter(), in_private, from_admin, flags=EXPENSIVE)
    clicks.register(stats.year, stats.Year.filter(), in_private, from_admin, flags=EXPENSIVE)
    clicks.register(stats.export, stats.Export.filter(), in_private, from_admin, flags=EXPENSIVE)

    # Owners first: they get a button below the number.
    messages.register(cleanup.offer, Command("cleanup"), private_chat, from_owner, flags=EXPENSIVE)
    messages.register(
        cleanup.preview, Command("cleanup"), private_chat, from_admin, flags=EXPENSIVE
    )
    is_cleanup = Confirm.filter(F.action == Irreversible.DELETE)
    clicks.register(cleanup.delete, is_cleanup, in_private, from_owner, flags=EXPENSIVE)

    messages.register(audit.show, Command("audit"), private_chat, from_owner, flags=EXPENSIVE)
    return router


def alerts_router(dependencies: Dependencies) -> OwnRouter:
    """Return a router for admins, in their private chats, with `/alerts`, which mutes alerts."""
    router = OwnRouter("alerts", dependencies)
    from_admin = F.from_user.id.in_(dependencies.options.admin_ids)
    is_private, in_private = F.chat.type == "private", F.message.chat.type == "private"
    router.message.register(alerts.show, Command("alerts"), is_private, from_admin)
    router.callback_query.register(alerts.turn, Turn.filter(), in_private, from_admin)
    return router
