"""Help: what the figures mean, and the keys of the page."""

from analytics import AnalyticsService
from analytics.telegram import _, report_meaning
from bot.web.rendering import Templates
from bot.web.views.asked import Asked


async def guide(asked: Asked, analytics: AnalyticsService, templates: Templates) -> str:
    """Return what the figures mean, and which keys do what."""
    text = report_meaning(analytics.rules.breakdown_min_users, analytics.calendar)
    _title, *meanings = text.split("\n\n")
    return templates.render(
        "guide", title=_("Help"), path="/help", viewer=asked.viewer, meanings=meanings
    )
