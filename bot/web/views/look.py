"""The address of the first view: which time it asks for, and which part of what is counted."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import Any, NamedTuple
from urllib.parse import urlencode

from analytics import EventKind, InteractionType, Period
from analytics.telegram import _
from bot.web.views.asked import MAX_DAYS, YEAR, Unknown

FIRST_SHOWN = Period.WEEK
# Characters: longer ones are no word of a bot.
MAX_WORD = 100


class Comparison(StrEnum):
    """The time that a look is compared with, as in the address."""

    NONE = "none"
    BEFORE = "before"
    """The period before: whole weeks earlier, so that it begins on the same weekday."""
    YEAR = "year"
    """The same weekdays, 52 weeks earlier."""


class Only(StrEnum):
    """The words of the address by which interactions are filtered."""

    TYPE = "type"
    COMMAND = "command"
    BUTTON = "button"
    SOURCE = "source"
    """The code of a start link."""


EVENTS: Mapping[Only, EventKind] = {
    Only.COMMAND: EventKind.COMMAND,
    Only.BUTTON: EventKind.BUTTON,
    Only.SOURCE: EventKind.START_LINK,
}


@dataclass(frozen=True, kw_only=True)
class Filter:
    """The interactions of a type, a command, a button or a start link only."""

    only: Only
    word: str

    @property
    def kind(self) -> EventKind | None:
        """The kind of event that it is counted as; None for a type."""
        return EVENTS.get(self.only)


class Dates(NamedTuple):
    """Days from the first to the last one, both included."""

    first: date
    last: date


class BadDates(Exception):
    """Raised for days that cannot be shown; its text says why, in the language of the page."""


@dataclass(frozen=True, kw_only=True)
class Look:
    """A look at the first view, which has an address, so that it can be kept."""

    period: str = FIRST_SHOWN
    """A word of PERIODS, "" for days from one date to another."""
    dates: Dates | None = None
    back: int = 0
    """The number of periods ago, 0 for the running one."""
    compare: Comparison = Comparison.BEFORE
    filter: Filter | None = None

    @property
    def is_year(self) -> bool:
        """True for a year, of which there are sums only."""
        return self.period == YEAR

    @property
    def is_by_day(self) -> bool:
        """True unless it is of hours."""
        return self.period != Period.DAY

    @property
    def is_running(self) -> bool:
        """True for a period that ends now, of which there is a report."""
        return not (self.is_year or self.back or self.dates)

    def of_dates(self, first: date, last: date) -> "Look":
        """Return the same look at days from one date to another."""
        return replace(self, period="", back=0, dates=Dates(first, last))

    def address(self, **changes: Any) -> str:
        """Return the address of this look with some changes."""
        return f"/?{replace(self, **changes).query()}"

    def query(self) -> str:
        """Return the query of the address of this look."""
        if self.dates:
            first, last = self.dates
            query = {"from": first.isoformat(), "to": last.isoformat()}
        else:
            query = {"period": self.period}
        if self.back:
            query["back"] = str(self.back)
        return urlencode(query | self.kept())

    def kept(self) -> dict[str, str]:
        """Return the part of the query that says nothing of the time."""
        query: dict[str, str] = {}
        if self.compare is not Comparison.BEFORE:
            query["compare"] = self.compare
        if self.filter:
            query[self.filter.only] = self.filter.word
        return query


def look(query: Mapping[str, str]) -> Look:
    """Return what the query of an address asks for.

    Raises Unknown for a period, a comparison or a type that does not exist, and for more than one
    filter; and BadDates for dates that are none or not in order.
    """
    rest = Look(compare=_compare(query.get("compare", Comparison.BEFORE)), filter=_filter(query))
    if "from" in query or "to" in query:
        return replace(rest, period="", dates=_dates(query.get("from", ""), query.get("to", "")))
    period = query.get("period", FIRST_SHOWN)
    if period not in (*Period, YEAR):
        raise Unknown
    return replace(rest, period=period, back=_back(period, query.get("back", "0")))


def max_back(period: str) -> int:
    """Return how many periods ago may be asked for; of hours and years only the running one."""
    if period in (Period.DAY, YEAR):
        return 0
    return MAX_DAYS // Period(period).length.days - 1


def _back(period: str, given: str) -> int:
    try:
        back = int(given)
    except ValueError:
        raise Unknown from None
    if not 0 <= back <= max_back(period):
        raise Unknown
    return back


def _dates(first: str, last: str) -> Dates:
    try:
        dates = Dates(date.fromisoformat(first), date.fromisoformat(last))
    except ValueError:
        raise BadDates(_("Give both days, such as 2026-10-31.")) from None
    if dates.first > dates.last:
        raise BadDates(_("The first day is after the last one."))
    return dates


def _compare(given: str) -> Comparison:
    try:
        return Comparison(given)
    except ValueError:
        raise Unknown from None


def _filter(query: Mapping[str, str]) -> Filter | None:
    found = [Filter(only=only, word=query[only]) for only in Only if query.get(only)]
    if not found:
        return None
    [chosen, *more] = found
    if more or len(chosen.word) > MAX_WORD or not chosen.word.isprintable():
        raise Unknown
    if chosen.only is Only.TYPE and chosen.word not in [*InteractionType]:
        raise Unknown
    return chosen
