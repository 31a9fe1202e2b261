"""The parts of the page: each is rendered from the analytics and the address."""

from collections.abc import Awaitable, Callable
from typing import NamedTuple

from analytics import AnalyticsService
from bot.web.rendering import Templates
from bot.web.views.asked import Asked, Unknown
from bot.web.views.audit_log import audit_log
from bot.web.views.cohorts import cohorts
from bot.web.views.deletion import cleanup, delete_confirmed
from bot.web.views.guide import guide
from bot.web.views.overview import overview
from bot.web.views.records import records
from bot.web.views.state import state

__all__ = ["VIEWS", "Asked", "Entry", "Unknown", "View", "delete_confirmed"]

View = Callable[[Asked, AnalyticsService, Templates], Awaitable[str]]


class Entry(NamedTuple):
    """A row of the table of views."""

    view: View
    owners_only: bool = False


# By the path of the page: what is shown there.
VIEWS: dict[str, Entry] = {
    "/": Entry(overview),
    "/cohorts": Entry(cohorts),
    "/records": Entry(records),
    "/state": Entry(state),
    "/cleanup": Entry(cleanup, owners_only=True),
    "/audit": Entry(audit_log, owners_only=True),
    "/help": Entry(guide),
}
