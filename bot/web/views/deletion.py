"""A cleanup by hand, for owners: how much would be deleted, and what was."""

from analytics import MAX_RETENTION_DAYS, MIN_RETENTION_DAYS, AnalyticsService
from analytics.telegram import OwnersCleanup, _
from bot.web.rendering import Templates
from bot.web.views.asked import Asked, Unknown


async def cleanup(asked: Asked, analytics: AnalyticsService, templates: Templates) -> str:
    """Return how much is older than the days of the address, with a button to delete it.

    Raises Unknown for days that are none, and where nothing can be deleted, and AnalyticsError if
    the database cannot be read.
    """
    owners, owner = _right(asked)
    try:
        days = owners.days(asked.query.get("days"))
    except ValueError:
        raise Unknown from None
    text, button = await owners.offer(days, owner)
    return templates.render(
        "cleanup",
        title=_("Delete old interactions"),
        path="/state",
        viewer=asked.viewer,
        days=days,
        bounds=(MIN_RETENTION_DAYS, MAX_RETENTION_DAYS),
        paragraphs=text.split("\n\n"),
        confirm=button.pack() if button else "",
    )


async def delete_confirmed(asked: Asked, confirmed: str, templates: Templates) -> str:
    """Delete what an owner has confirmed, with what was in the form, and return what was deleted.

    Raises Unknown for everyone else, and AnalyticsError if that cannot be noted in the audit log.
    """
    owners, owner = _right(asked)
    return templates.render(
        "cleanup",
        title=_("Delete old interactions"),
        path="/state",
        viewer=asked.viewer,
        paragraphs=[await owners.confirm(confirmed, owner)],
        confirm="",
    )


def _right(asked: Asked) -> tuple[OwnersCleanup, int]:
    """Return what deletes, and for whom: an owner who is known, where something can be written."""
    owners, viewer = asked.upkeep.owners_cleanup, asked.viewer
    if owners is None or not viewer.is_owner or viewer.telegram_id is None:
        raise Unknown
    return owners, viewer.telegram_id
