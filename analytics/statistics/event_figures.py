"""Tables of the events of a period, as `/stats` and `python main.py stats` show them."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import NamedTuple, TypeVar

from analytics.events import ChatKind, EventKind
from analytics.events.outcome_words import button_name
from analytics.marking import N_
from analytics.models import InteractionType
from analytics.statistics import figures
from analytics.statistics.daily_events.event_models import (
    LinkCounts,
    OutcomeCounts,
    OwnEventCounts,
    PeriodEvents,
)
from analytics.statistics.report_models import PeriodReport

OTHER = InteractionType.OTHER.value
EVENTS = N_("Events")
SOURCES = N_("Sources")
HEALTH = N_("Errors")
BUTTONS = N_("Buttons")
OWN_EVENTS = N_("Own events")
START_LINKS = N_("Start links")
CHATS = N_("By kind of chat")
GROUPS = N_("Groups and channels")
LANGUAGES = N_("Languages of new users")
SUBJECTS = N_("By command, button and update")
PLACES = N_("Places of errors")
CHAT_NAMES: Mapping[str, str] = MappingProxyType(
    {
        ChatKind.PRIVATE: N_("private"),
        ChatKind.GROUP: N_("groups"),
        ChatKind.CHANNEL: N_("channels"),
        ChatKind.INLINE: N_("inline"),
    }
)
NOTHING = N_("Nothing was recorded in this time.")
# What takes longer than the largest bound of `OutcomeCounts.most_within_ms`.
MAX_WITHIN = timedelta(seconds=10)

T = TypeVar("T")


class Part(NamedTuple):
    """A count, and its share of a whole, from 0 to 1."""

    times: int
    share: float


class Within(NamedTuple):
    """A time within which something ended, or which it took longer than."""

    time: timedelta
    is_over: bool = False


# None is hidden, "" is nothing.
Cell = int | float | Part | Within | str | None


class Row(NamedTuple):
    """A row of a table: a word of the bot's developer, of its owner or of Telegram, and numbers."""

    name: str
    cells: tuple[Cell, ...]


class Table(NamedTuple):
    """A table; its title, columns and sentence are in English."""

    title: str
    rows: list[Row]
    """The last one may be OTHER."""
    empty: str
    """The sentence in the place of rows."""
    columns: tuple[str, ...] = ()
    """The names of the columns of numbers; none if there is one."""
    more: int = 0
    """The number of names that are summed up in OTHER, as they are beyond a limit."""
    has_other: bool = False
    """True if OTHER is not only that."""
    kind: EventKind | None = None
    """The kind that is counted; `HANDLED` stands for all outcomes."""


def tables(report: PeriodReport, events: PeriodEvents) -> list[Table]:
    """Return all tables of a report with these events, in full."""
    return [
        start_links(events),
        chats(events),
        groups(events),
        languages(events),
        commands(report),
        buttons(events),
        own_events(events),
        subjects(report),
        errors(events),
    ]


def types(counts: Mapping[str, int]) -> Table:
    """Return the table of interactions by type; its rows have the types themselves as names."""
    rows = [Row(name, (count,)) for name, count in counts.items()]
    return Table(figures.BY_TYPE, rows, NOTHING)


def of_days(counts: Mapping[EventKind, Mapping[str, int]], links: Mapping[str, str]) -> list[Table]:
    """Return the tables of `EventDays.sums`; `links` has the names of start links by code."""
    starts = counts.get(EventKind.START_LINK, {})
    named = {links.get(code, code): count for code, count in starts.items()}
    table = Table(START_LINKS, [], N_("No start links yet."), kind=EventKind.START_LINK)
    return [
        _commands(counts.get(EventKind.COMMAND, {}), None),
        _buttons(counts.get(EventKind.BUTTON, {}), None),
        _of_counts(table, named, None),
    ]


def commands(report: PeriodReport, limit: int | None = None) -> Table:
    """Return the table of commands, of at most `limit` rows, as all tables below."""
    return _commands(report.commands, limit)


def _commands(counts: Mapping[str, int], limit: int | None) -> Table:
    slashed = {name if name == OTHER else f"/{name}": count for name, count in counts.items()}
    table = Table(figures.COMMANDS, [], N_("No commands were sent."), kind=EventKind.COMMAND)
    return _of_counts(table, slashed, limit)


def buttons(events: PeriodEvents, limit: int | None = None) -> Table:
    return _buttons(events.buttons, limit)


def _buttons(counts: Mapping[str, int], limit: int | None) -> Table:
    table = Table(BUTTONS, [], N_("No buttons were clicked."), kind=EventKind.BUTTON)
    return _of_counts(table, counts, limit)


def chats(events: PeriodEvents, limit: int | None = None) -> Table:
    return _of_counts(Table(CHATS, [], NOTHING, kind=EventKind.CHAT), events.chats, limit)


def languages(events: PeriodEvents, limit: int | None = None) -> Table:
    table = Table(LANGUAGES, [], N_("No new users."), kind=EventKind.NEW_BY_LANGUAGE)
    return _of_counts(table, events.languages, limit)


def errors(events: PeriodEvents, limit: int | None = None) -> Table:
    table = Table(PLACES, [], N_("No errors."), kind=EventKind.ERROR)
    return _of_counts(table, events.errors, limit)


def own_events(events: PeriodEvents, limit: int | None = None) -> Table:
    def cells(*own: OwnEventCounts) -> tuple[Cell, ...]:
        return sum(each.count for each in own), _sum(each.per_active_user for each in own)

    table = Table(
        OWN_EVENTS,
        [],
        N_("No own events were counted."),
        ("", N_("per user")),
        kind=EventKind.OWN,
    )
    return _folded(table, events.own_events, limit, cells)


def link_names(events: PeriodEvents) -> dict[str, str]:
    """Return the code of each start link to its name, with the code where that is ambiguous."""
    # A retired link may have the name of a live one.
    names = Counter(link.name for link in events.start_links.values())

    def name(code: str, link: LinkCounts) -> str:
        if link.name is None:
            return code
        is_clear = names[link.name] == 1 and link.name != OTHER
        return link.name if is_clear else f"{link.name} {code}"

    return {code: name(code, link) for code, link in events.start_links.items()}


def start_links(events: PeriodEvents, limit: int | None = None) -> Table:
    def cells(*links: LinkCounts) -> tuple[Cell, ...]:
        return sum(each.starts for each in links), _sum(each.new_users for each in links)

    names = link_names(events)
    links = {names[code]: link for code, link in events.start_links.items()}
    table = Table(
        START_LINKS,
        [],
        N_("No start links yet."),
        (N_("starts"), N_("new users")),
        kind=EventKind.START_LINK,
    )
    return _folded(table, links, limit, cells)


def groups(events: PeriodEvents) -> Table:
    rows = [
        Row(N_("groups"), (events.added_to_groups, events.removed_from_groups)),
        Row(N_("channels"), (events.added_to_channels, events.removed_from_channels)),
    ]
    has_any = any(cell != 0 for row in rows for cell in row.cells)
    return Table(
        GROUPS,
        rows if has_any else [],
        N_("Added to none, removed from none."),
        (N_("added"), N_("removed")),
        kind=EventKind.MEMBERSHIP,
    )


def subjects(report: PeriodReport, limit: int | None = None) -> Table:
    """Return the table of outcomes: failures, unanswered updates if there are any, times."""
    outcomes = report.events.outcomes if report.events else {}
    has_unanswered = any(each.unanswered for each in outcomes.values())

    def cells(*of: OutcomeCounts) -> tuple[Cell, ...]:
        failed, taken = sum(each.failed for each in of), sum(each.taken for each in of)
        return (
            Part(failed, failed / taken if taken else 0.0),
            *([sum(each.unanswered for each in of)] if has_unanswered else []),
            # The times of several are not known together.
            within(of[0].most_within_ms) if len(of) == 1 and of[0].handled else "",
        )

    ignored = (N_("ignored"),) if has_unanswered else ()
    return _folded(
        Table(SUBJECTS, [], NOTHING, (N_("failed"), *ignored, N_("95%")), kind=EventKind.HANDLED),
        {subject_name(each): outcomes[each] for each in outcomes},
        limit,
        cells,
    )


def subject_name(subject: str) -> str:
    """Return a subject as people know it: /help, [page] for a button, or the kind of an update."""
    name = button_name(subject)
    return subject if name is None else f"[{name}]"


def within(milliseconds: int | None) -> Within:
    """Return the time of `OutcomeCounts` of which some updates were handled."""
    if milliseconds is None:
        return Within(MAX_WITHIN, is_over=True)
    return Within(timedelta(milliseconds=milliseconds))


def _of_counts(table: Table, counts: Mapping[str, int], limit: int | None) -> Table:
    return _folded(table, counts, limit, lambda *left: (sum(left),))


def _folded(
    table: Table,
    counts: Mapping[str, T],
    limit: int | None,
    cells: Callable[..., tuple[Cell, ...]],
) -> Table:
    """Return a table with a row for each name; those beyond the limit are summed up in OTHER.

    `cells` are those of one or more of the counts.
    """
    names = [name for name in counts if name != OTHER]
    room = len(names) if limit is None or len(counts) <= limit else max(0, limit - 1)
    left = [count for name, count in counts.items() if name not in names[:room]]
    rows = [Row(name, cells(counts[name])) for name in names[:room]]
    if left:
        rows.append(Row(OTHER, cells(*left)))
    return table._replace(rows=rows, more=len(names) - room, has_other=OTHER in counts)


def _sum(numbers: Iterable[float | None]) -> float | None:
    """Return the sum of numbers, None if one of them is hidden."""
    total: float = 0
    for each in numbers:
        if each is None:
            return None
        total += each
    return total
