"""Statistics as files, with what the page shows."""

from collections.abc import Awaitable, Callable
from typing import NamedTuple

from analytics import FORMATS, Aggregates, AnalyticsService, ChosenDays, Cohorts, Period
from analytics.telegram import spreadsheet
from bot.web.views import Asked, Unknown
from bot.web.views.found import find
from bot.web.views.look import BadDates, look

Exported = Aggregates | ChosenDays | Cohorts

# By the name of a format: its type, and the function that writes it.
WRITERS: dict[str, tuple[str, Callable[[Exported], bytes]]] = {
    "csv": ("text/csv", spreadsheet),
    "json": ("application/json", lambda aggregates: FORMATS["json"](aggregates).encode()),
}


class File(NamedTuple):
    """A file to be saved."""

    name: str
    content_type: str
    content: bytes


async def statistics(asked: Asked, analytics: AnalyticsService) -> File:
    """Return what a look shows, in the format that its address names.

    Of a running period these are its aggregates, else the days and what they are made of. Raises
    Unknown for a look or a format that cannot be, NoReportYet before the first complete interval,
    and AnalyticsError if the database cannot be read.
    """
    try:
        chosen = look(asked.query)
        if chosen.is_running and not chosen.filter:
            aggregates = await analytics.reports.aggregates(Period(chosen.period))
            shown = aggregates if asked.viewer.is_owner else aggregates.without_errors()
            return _file(f"statistics-{chosen.period}", shown, asked)
        found = await find(chosen, analytics)
    except BadDates as error:
        raise Unknown from error
    only = chosen.filter
    days = ChosenDays(
        history=found.history,
        only=f"{only.only} {only.word}" if only else None,
        types=None if only else found.types,
        words=None if only else found.words,
    )
    return _file(found.file_name, days, asked)


async def cohorts(asked: Asked, analytics: AnalyticsService) -> File:
    """Return who comes back, in the format that the address names; raises as `statistics`."""
    return _file("who-comes-back", await analytics.reports.cohorts(), asked)


def _file(name: str, shown: Exported, asked: Asked) -> File:
    style = asked.query.get("format", "csv")
    if style not in WRITERS:
        raise Unknown
    content_type, write = WRITERS[style]
    return File(f"{name}.{style}", content_type, write(shown))


# By their paths.
EXPORTS: dict[str, Callable[[Asked, AnalyticsService], Awaitable[File]]] = {
    "/export": statistics,
    "/export/cohorts": cohorts,
}
