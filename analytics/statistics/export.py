"""Export the aggregates of a period: JSON for programs, CSV for spreadsheets."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache

from pydantic import TypeAdapter

from analytics.statistics.report_models import Bucket, History, PeriodReport

COLUMNS = ("section", "since", "name", "value")
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")

Row = tuple[str, date | None, str, int | str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Aggregates:
    """The report of a period, and the history of the same length."""

    report: PeriodReport
    history: History


@cache
def adapter() -> TypeAdapter[Aggregates]:
    return TypeAdapter(Aggregates)


def as_json(aggregates: Aggregates) -> str:
    """Return all aggregates as JSON, with times and durations in ISO 8601."""
    return adapter().dump_json(aggregates, indent=2).decode() + "\n"


def as_csv(aggregates: Aggregates, delimiter: str = ",") -> str:
    """Return all aggregates as CSV, one number a row: section, since when it counts, name, value.

    Numbers are whole, with digits alone, and times in ISO 8601, so that they read the same in
    every language. Unknown values are empty.
    """
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\n")
    writer.writerow(COLUMNS)
    for section, since, name, value in _rows(aggregates):
        writer.writerow((section, _iso(since), name, value))
    return text.getvalue()


# By the name of a format, the function that writes `Aggregates` in it.
FORMATS = {"csv": as_csv, "json": as_json}


def _rows(aggregates: Aggregates) -> Iterator[Row]:
    report, history = aggregates.report, aggregates.history
    for name, value in {
        "period": report.period,
        "as_of": _iso(report.as_of),
        "interactions": report.interactions,
        "active_users": report.active_users,
        "new_users": report.new_users,
        "returning_users": report.returning_users,
        "interactions_before": report.interactions_before,
        "active_users_before": report.active_users_before,
        "before_missing": report.before_missing,
        "deleted_until": _iso(report.deleted_until),
        "busiest_hour": report.busiest_hour,
    }.items():
        yield "report", report.since, name, value
    for name, count in report.interaction_types_breakdown.items():
        yield "type", report.since, name, count
    for name, count in report.commands.items():
        yield "command", report.since, name, count
    yield "bot", report.since, "blocked", report.blocked
    yield "bot", report.since, "unblocked", report.unblocked
    step = "hour" if history.step < timedelta(days=1) else "day"
    for bucket in history.buckets:
        yield from _of_bucket(bucket, step)
    today = history.as_of.replace(hour=0, minute=0, second=0, microsecond=0)
    weeks_since = today - timedelta(weeks=history.weeks)
    for weekday, hours in zip(WEEKDAYS, history.hours_of_week or (), strict=False):
        for hour, known in enumerate(hours):
            yield "hour of week", weeks_since, f"{weekday} {hour:02}:00", known


def _of_bucket(bucket: Bucket, step: str) -> Iterator[Row]:
    yield step, bucket.since, "interactions", bucket.interactions
    yield step, bucket.since, "active_users", bucket.active_users
    for name, count in (bucket.breakdown or {}).items():
        yield f"{step} by type", bucket.since, name, count


def _iso(moment: date | None) -> str | None:
    """Return the time in ISO 8601, UTC, as in the JSON."""
    if isinstance(moment, datetime):
        return moment.isoformat().replace("+00:00", "Z")
    return None if moment is None else moment.isoformat()
