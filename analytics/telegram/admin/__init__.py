"""Commands and buttons of admins: `/stats`, `/note`, `/cleanup`, `/links`, `/alerts`, `/audit`."""

from aiogram import F

from analytics.telegram.admin import alerts, audit, cleanup, links, notes, stats, stats_files
from analytics.telegram.alerts.messages import Turn
from analytics.telegram.buttons import Cancel, Confirm, Irreversible
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
    clicks.register(stats_files.chart, stats_files.Chart.filter(), from_admin, flags=EXPENSIVE)
    clicks.register(stats_files.year, stats_files.Year.filter(), from_admin, flags=EXPENSIVE)
    clicks.register(
        stats_files.triangle, stats_files.Triangle.filter(), from_admin, flags=EXPENSIVE
    )
    clicks.register(stats_files.export, stats_files.Export.filter(), from_admin, flags=EXPENSIVE)

    messages.register(notes.add_or_list, Command("note"), from_admin, flags=EXPENSIVE)
    clicks.register(notes.turn_page, notes.Notes.filter(), from_admin)
    clicks.register(notes.ask, notes.Remove.filter(), from_admin)
    is_note = Confirm.filter(F.action == Irreversible.NOTE)
    clicks.register(notes.remove, is_note, from_admin, flags=EXPENSIVE)
    clicks.register(notes.cancel, Cancel.filter(F.action == Irreversible.NOTE), from_admin)

    # Owners first: they get a button below the number.
    messages.register(cleanup.offer, Command("cleanup"), from_owner, flags=EXPENSIVE)
    messages.register(cleanup.preview, Command("cleanup"), from_admin, flags=EXPENSIVE)
    is_cleanup = Confirm.filter(F.action == Irreversible.DELETE)
    clicks.register(cleanup.delete, is_cleanup, from_owner, flags=EXPENSIVE)
    clicks.register(cleanup.cancel, Cancel.filter(F.action == Irreversible.DELETE), from_owner)

    messages.register(links.show_or_make, Command("links"), from_owner, flags=EXPENSIVE)
    # Not limited, as those of /stats.
    clicks.register(links.turn, links.Turn.filter(), from_owner)
    clicks.register(links.offer, links.Retire.filter(), from_owner)
    is_retirement = Confirm.filter(F.action == Irreversible.RETIRE)
    clicks.register(links.retire, is_retirement, from_owner)
    clicks.register(links.cancel, Cancel.filter(F.action == Irreversible.RETIRE), from_owner)

    messages.register(audit.show, Command("audit"), from_owner, flags=EXPENSIVE)
    return router


def alerts_router(dependencies: Dependencies) -> OwnRouter:
    """Return a router for admins, in their private chats, with `/alerts`, which mutes alerts."""
    router = OwnRouter("alerts", dependencies)
    from_admin = FromAny(dependencies.options.admin_ids)
    router.message.register(alerts.show, Command("alerts"), in_private_chat, from_admin)
    router.callback_query.register(alerts.turn, Turn.filter(), in_private_chat, from_admin)
    return router
