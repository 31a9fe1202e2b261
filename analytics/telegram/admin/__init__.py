"""Commands and buttons of admins: `/stats`, `/cleanup`, `/alerts`, `/audit`."""

from aiogram import F, Router

from analytics.telegram.admin import alerts, audit, cleanup, stats
from analytics.telegram.alerts.messages import Turn
from analytics.telegram.buttons import Confirm, Irreversible
from analytics.telegram.filters import Command
from analytics.telegram.limits import EXPENSIVE
from analytics.telegram.options import Options


def admin_router(options: Options) -> Router:
    """Return a router for admins, in their private chats; some of its commands are for owners only.

    For everyone else, its commands and buttons do not exist.
    """
    router = Router(name="admins")
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

    messages.register(alerts.show, Command("alerts"), private_chat, from_admin)
    clicks.register(alerts.turn, Turn.filter(), in_private, from_admin)

    # Owners first: they get a button below the number.
    messages.register(cleanup.offer, Command("cleanup"), private_chat, from_owner, flags=EXPENSIVE)
    messages.register(
        cleanup.preview, Command("cleanup"), private_chat, from_admin, flags=EXPENSIVE
    )
    is_cleanup = Confirm.filter(F.action == Irreversible.DELETE)
    clicks.register(cleanup.delete, is_cleanup, in_private, from_owner, flags=EXPENSIVE)

    messages.register(audit.show, Command("audit"), private_chat, from_owner, flags=EXPENSIVE)
    return router
