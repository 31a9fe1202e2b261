"""Prepare a history for a chart, without drawing: by hour, day or week, incomplete parts marked."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta, tzinfo
from enum import Enum
from itertools import pairwise
from math import inf
from zoneinfo import ZoneInfo

from analytics.marking import N_
from analytics.statistics.report_models import Bucket, History, Note
from analytics.telegram.charts.themes import TYPES

DAY, WEEK = timedelta(days=1), timedelta(weeks=1)
# Longer charts show weeks: more bars would be too thin to tell apart on a phone.
MAX_DAYS = 31
# The axis is at least this long, so that the bar of a bot's first day is no wall.
MIN_BUCKETS = 7
# Types with a layer of their own, the largest ones; colours do not depend on which these are.
MAX_TYPES = 5
# Of the axis: marks are at least so far apart, so that their numbers are.
BETWEEN_MARKS = 1 / 20
# Layers that are no type: those that are not among the largest, and what is not split by type.
OTHER_TYPES, TOTAL_ONLY = N_("other types"), N_("total only")


class Grain(Enum):
    """The time that a bar stands for; a week is the mean of its complete days."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """An hour, a day or a week: counts, or the mean of each day of the week."""

    begin: int
    """Buckets of the history since the beginning of the axis, as are all positions."""
    end: int
    interactions: float
    layers: dict[str, float]
    """Type, OTHER_TYPES or TOTAL_ONLY to interactions, which sum to `interactions`."""
    active_users: float | None
    is_complete: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """One or more notes that share a number, as they are close to each other on the axis."""

    places: tuple[float, ...]
    """The middle of each hour or day with a note, in buckets; each once, the oldest first."""
    notes: tuple[Note, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """The columns of a chart, the oldest first, on an axis from 0 to `end` of its buckets."""

    grain: Grain
    since: datetime
    zone: tzinfo
    step: timedelta
    end: int
    until: datetime
    """The end of what is shown: that of the newest bucket, or of the newest complete day."""
    columns: tuple[Column, ...]
    gaps: tuple[tuple[int, int], ...]
    """The parts that are unknown: deleted, before the first recording, or hidden."""
    marks: tuple[Mark, ...]
    """The oldest first, numbered from 1 on."""

    @property
    def layers(self) -> list[str]:
        """Return the names of all layers, in the order of the colours, from the bottom up."""
        names = {name for column in self.columns for name, n in column.layers.items() if n}
        return [name for name in (*TYPES, OTHER_TYPES, TOTAL_ONLY) if name in names]


def series(history: History) -> Series:
    """Return the columns of a history that has something to draw."""
    if history.step == DAY:
        history = _on_the_wall(history)
    known = [bucket for bucket in history.buckets if bucket.interactions is not None]
    end = history.since + history.length
    since = max(history.since, min(known[0].since, end - MIN_BUCKETS * history.step))
    own = _largest_types(known)
    if history.step < DAY:
        return _by_bucket(history, Grain.HOUR, known, since, own)
    if (end - since) / DAY > MAX_DAYS:
        weeks = _by_week(history, known, since, own)
        # Where nothing but today is known, its day is shown.
        if any(column.interactions for column in weeks.columns):
            return weeks
    return _by_bucket(history, Grain.DAY, known, since, own)


def _on_the_wall(history: History) -> History:
    """Return a history of days whose times are those that clocks show there, as if in UTC.

    On the axis all days are equally long, also those of 23 or 25 hours.
    """
    zone = ZoneInfo(history.timezone)
    return replace(
        history,
        as_of=history.as_of.replace(tzinfo=UTC),
        since=_midnight(history.since),
        buckets=tuple(replace(each, since=_midnight(each.since)) for each in history.buckets),
        notes=tuple(
            replace(each, moment=each.moment.astimezone(zone).replace(tzinfo=UTC))
            for each in history.notes
        ),
        timezone="UTC",
    )


def _midnight(begin: datetime) -> datetime:
    """Return midnight of a day, as if in UTC; where midnight is skipped, a day begins later."""
    return datetime.combine(begin.date(), time(), UTC)


def quantiles(counts: Sequence[int], most: int) -> list[tuple[int, int]]:
    """Return up to `most` classes, each as its least and its largest count, of equal numbers.

    Counts of 0 are in none of them, equal counts always in the same one.
    """
    found = sorted(count for count in counts if count)
    if len(values := sorted(set(found))) <= most:
        return [(value, value) for value in values]
    begins = sorted({found[len(found) * at // most] for at in range(most)})
    ends = [max(value for value in values if value < begin) for begin in begins[1:]]
    return list(zip(begins, [*ends, found[-1]], strict=True))


def _largest_types(buckets: Sequence[Bucket]) -> set[str]:
    totals = Counter[str]()
    for bucket in buckets:
        totals.update(bucket.breakdown or {})
    for name in totals.keys() - TYPES.keys():
        del totals[name]  # it has no colour of its own
    return {name for name, _total in totals.most_common(MAX_TYPES)}


def _by_bucket(
    history: History, grain: Grain, known: Sequence[Bucket], since: datetime, own: set[str]
) -> Series:
    columns = []
    for bucket in known:
        begin = (bucket.since - since) // history.step
        is_complete = bucket.since + history.step <= history.as_of
        columns.append(_column([bucket], own, begin, begin + 1, is_complete=is_complete))
    return _series(history, grain, since, columns, history.since + history.length)


def _by_week(history: History, known: Sequence[Bucket], since: datetime, own: set[str]) -> Series:
    """Return weeks from Monday on; one that the period cuts off at its beginning is left out."""
    monday = since - timedelta(days=since.weekday())
    since = monday if monday >= history.since else monday + WEEK
    weeks: dict[int, list[Bucket]] = {}
    for bucket in known:
        # Today would pull the mean of its week down.
        if bucket.since >= since and bucket.since + DAY <= history.as_of:
            weeks.setdefault((bucket.since - since) // WEEK, []).append(bucket)
    columns = []
    for at, days in weeks.items():
        is_complete = since + (at + 1) * WEEK <= history.as_of
        columns.append(_column(days, own, 7 * at, 7 * at + 7, is_complete=is_complete))
    today = since + (history.as_of - since) // DAY * DAY
    return _series(history, Grain.WEEK, since, columns, today)


def _series(
    history: History, grain: Grain, since: datetime, columns: list[Column], until: datetime
) -> Series:
    end = max((column.end for column in columns), default=0)
    if grain is not Grain.WEEK:
        end = (until - since) // history.step
    edges = [(0, 0), *((column.begin, column.end) for column in columns), (end, end)]
    return Series(
        grain=grain,
        since=since,
        zone=ZoneInfo(history.timezone),
        step=history.step,
        end=end,
        until=until,
        columns=tuple(columns),
        gaps=tuple((a, b) for (_, a), (b, _) in pairwise(edges) if a < b),
        marks=_marks(history, since, end),
    )


def _marks(history: History, since: datetime, end: int) -> tuple[Mark, ...]:
    """Return the notes on the axis, those of today at its end if it ends before today."""
    marks: list[tuple[dict[float, None], list[Note]]] = []
    first = -inf
    for note in history.notes:
        place = min((note.moment - since) // history.step + 0.5, end)
        if place < 0:
            continue
        if place - first >= BETWEEN_MARKS * end:
            marks.append(({}, []))
            first = place
        places, notes = marks[-1]
        places[place] = None
        notes.append(note)
    return tuple(Mark(places=tuple(places), notes=tuple(notes)) for places, notes in marks)


def _column(
    buckets: Sequence[Bucket], own: set[str], begin: int, end: int, *, is_complete: bool
) -> Column:
    """Return the mean of one or more known buckets; types that are not in `own` are other ones."""
    layers = Counter[str]()
    for bucket in buckets:
        if bucket.breakdown is None:
            layers[TOTAL_ONLY] += bucket.interactions or 0
        for name, count in (bucket.breakdown or {}).items():
            layers[name if name in own else OTHER_TYPES] += count
    active = [bucket.active_users for bucket in buckets if bucket.active_users is not None]
    return Column(
        begin=begin,
        end=end,
        interactions=sum(bucket.interactions or 0 for bucket in buckets) / len(buckets),
        layers={name: count / len(buckets) for name, count in layers.items()},
        active_users=sum(active) / len(active) if active else None,
        is_complete=is_complete,
    )
