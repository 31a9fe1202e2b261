"""The stored rows, read-only: whose they are is in no file without the key."""

from datetime import date, datetime
from typing import NamedTuple

from analytics import AnalyticsService, InteractionType, UserInteraction
from analytics.telegram import _, format_datetime, format_number, type_name
from bot.web.rendering import Templates
from bot.web.views.asked import Asked, Unknown

ROWS = 100
# The last page: whatever is asked for, no more rows than its are read.
MAX_PAGES = 100


class Filters(NamedTuple):
    """The rows that the address asks for: of a type, since the beginning of a day; a page of them.

    Pages are counted from 1 on.
    """

    interaction_type: InteractionType | None
    since: date | None
    page: int

    def address(self, page: int) -> str:
        """Return the address of another page of the same rows."""
        query = {"type": self.interaction_type, "since": self.since, "page": page}
        return "/records?" + "&".join(f"{name}={value}" for name, value in query.items() if value)


async def records(asked: Asked, analytics: AnalyticsService, templates: Templates) -> str:
    """Return a page of the stored rows, the newest first.

    They are not shown where reports are limited: a row is of one person.
    Raises Unknown for a filter that makes no sense, and AnalyticsError if the database cannot be
    read.
    """
    filters = _filters(asked)
    rules = analytics.rules
    is_hidden = rules.breakdown_min_users > 1 or analytics.reports.of_intervals
    found: list[UserInteraction] = []
    if not is_hidden:
        since = None if filters.since is None else _begin(filters.since, analytics)
        limit = filters.page * ROWS + 1
        found = await analytics.records(limit, filters.interaction_type, since)
    shown = found[(filters.page - 1) * ROWS : filters.page * ROWS]
    has_older = len(found) > filters.page * ROWS
    return templates.render(
        "records",
        title=_("Stored interactions"),
        path="/records",
        viewer=asked.viewer,
        is_hidden=is_hidden,
        types={each.value: type_name(each) for each in InteractionType},
        filters=filters,
        newer=filters.address(filters.page - 1) if filters.page > 1 else None,
        older=filters.address(filters.page + 1) if has_older and filters.page < MAX_PAGES else None,
        is_cut_off=has_older and filters.page == MAX_PAGES,
        rows=[_row(row, analytics) for row in shown],
    )


def _filters(asked: Asked) -> Filters:
    try:
        name, day = asked.query.get("type"), asked.query.get("since")
        filters = Filters(
            InteractionType(name) if name else None,
            date.fromisoformat(day) if day else None,
            int(asked.query.get("page", "1")),
        )
    except ValueError:
        raise Unknown from None
    if not 1 <= filters.page <= MAX_PAGES:
        raise Unknown
    return filters


def _begin(day: date, analytics: AnalyticsService) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=analytics.calendar.zone)


def _row(row: UserInteraction, analytics: AnalyticsService) -> tuple[str, str, str, str]:
    return (
        str(row.user_id),
        type_name(row.interaction_type),
        format_datetime(analytics.calendar.local(row.timestamp)),
        format_number(row.count),
    )
