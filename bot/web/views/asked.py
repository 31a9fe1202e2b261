"""The look at a view: by whom, and what the query of the address says."""

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import NamedTuple

from analytics import AnalyticsService, GuardedClock, Period, figures
from analytics.telegram import N_
from bot.web.sessions import Viewer
from bot.web.upkeep import Upkeep

# The longest period, which is charts only.
YEAR = "1y"
YEAR_LENGTH = timedelta(days=365)
# The longest history that there is, in days.
MAX_DAYS = 366
# By the word in the address: the name of each period that can be chosen, short and whole.
PERIODS: dict[str, tuple[str, str]] = {
    Period.DAY: (N_("24 h"), figures.LAST[Period.DAY]),
    Period.WEEK: (N_("7 d"), figures.LAST[Period.WEEK]),
    Period.MONTH: (N_("30 d"), figures.LAST[Period.MONTH]),
    Period.QUARTER: (N_("90 d"), figures.LAST[Period.QUARTER]),
    YEAR: (N_("1 year"), N_("1 year")),
}


class Unknown(Exception):
    """Raised for an address that asks for something that does not exist."""


class Asked(NamedTuple):
    """A look at a view: by whom, and what the query of the address says.

    `admin_ids` are those that the audit log names; `upkeep` is about the bot around the page.
    """

    viewer: Viewer
    query: Mapping[str, str]
    admin_ids: Collection[int] = ()
    upkeep: Upkeep = Upkeep()


def is_postponed(analytics: AnalyticsService) -> bool:
    """Tell whether the scheduled cleanup waits until the clock is right."""
    return isinstance(analytics.clock, GuardedClock) and analytics.clock.is_skewed
