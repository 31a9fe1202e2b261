"""Export the aggregates of a period: JSON for programs, CSV for spreadsheets."""

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cache

from pydantic import TypeAdapter

from analytics.events import EventKind
from analytics.statistics.cohorts import Cohorts
from analytics.statistics.daily_events import event_rows
from analytics.statistics.report_models import Bucket, History, PeriodReport

COLUMNS = ("section", "since", "name", "value")
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")

# What a spreadsheet takes for the beginning of a formula, also in the wide forms of East Asia.
FORMULA = tuple("=+-@＝＋－＠")

Row = tuple[str, date | None, str, int | str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Aggregates:
    """The report of a period, the history of the same length, and who comes back."""

    report: PeriodReport
    history: History
    cohorts: Cohorts

    def without_errors(self) -> "Aggregates":
        """Return these aggregates for an admin who is no owner: without errors and their places."""
        if self.report.events is None:
            return self
        events = replace(self.report.events, errors={})
        return replace(self, report=replace(self.report, events=events))


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenDays:
    """The days of a chart, and what they are made of."""

    history: History
    only: str | None = None
    """The only thing that is counted, such as `command help`; None if everything is."""
    types: Mapping[str, int] | None = None
    """Interactions by type, the largest first; None if a day is not known or hidden."""
    words: Mapping[EventKind, Mapping[str, int]] | None = None
    """Those of commands, buttons and start links; None as above, or of hours."""


Exported = Aggregates | ChosenDays | Cohorts


@cache
def adapter() -> TypeAdapter[Exported]:
    return TypeAdapter(Exported)


def as_json(aggregates: Exported) -> str:
    """Return all aggregates as JSON, with times and durations in ISO 8601."""
    return adapter().dump_json(aggregates, indent=2).decode() + "\n"


def as_csv(aggregates: Exported, delimiter: str = ",") -> str:
    """Return all aggregates as CSV, a figure or a note a row: section, since when, name, value.

    Numbers are whole, with digits alone, and times in ISO 8601, so that they read the same in
    every language. Unknown values are empty. What would be a formula begins with an apostrophe.
    """
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\n")
    writer.writerow(COLUMNS)
    for section, since, name, value in _rows(aggregates):
        writer.writerow((section, _iso(since), _no_formula(name), _no_formula(value)))
    return text.getvalue()


# By the name of a format, the function that writes aggregates in it.
FORMATS = {"csv": as_csv, "json": as_json}


def _rows(aggregates: Exported) -> Iterator[Row]:
    match aggregates:
        case Aggregates():
            yield from _of_report(aggregates.report)
            yield from _of_history(aggregates.history)
            yield from _of_cohorts(aggregates.cohorts)
        case ChosenDays():
            yield from _of_chosen(aggregates)
            yield from _of_history(aggregates.history)
        case Cohorts():
            yield from _of_cohorts(aggregates)


def _of_report(report: PeriodReport) -> Iterator[Row]:
    for name, value in {
        "period": report.period,
        "timezone": report.timezone,
        "as_of": _iso(report.as_of),
        "interactions": report.interactions,
        "active_users": report.active_users,
        "new_users": report.new_users,
        "returning_users": report.returning_users,
        "interactions_before": report.interactions_before,
        "active_users_before": report.active_users_before,
        "before_missing": report.before_missing,
        "interactions_year_ago": report.interactions_year_ago,
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
    if report.events is not None:
        for section, name, number in event_rows.rows(report.events):
            yield section, report.since, name, number


def _of_chosen(days: ChosenDays) -> Iterator[Row]:
    history, since = days.history, days.history.since
    for name, value in {
        "timezone": history.timezone,
        "as_of": _iso(history.as_of),
        "days": history.length.days,
        "only": days.only,
    }.items():
        yield "days", since, name, value
    for name, count in (days.types or {}).items():
        yield "type", since, name, count
    for kind, counts in (days.words or {}).items():
        for name, count in counts.items():
            yield kind.replace("_", " "), since, name, count


def _of_history(history: History) -> Iterator[Row]:
    step = "hour" if history.step < timedelta(days=1) else "day"
    for bucket in history.buckets:
        yield from _of_bucket(bucket, step)
    for note in history.notes:
        yield "note", note.moment, "text", note.text
    for weekday, hours in zip(WEEKDAYS, history.hours_of_week or (), strict=False):
        for hour, known in enumerate(hours):
            yield "hour of week", history.weeks_since, f"{weekday} {hour:02}:00", known


def _of_cohorts(cohorts: Cohorts) -> Iterator[Row]:
    share = cohorts.stickiness
    yield "cohort", None, "stickiness_percent", None if share is None else round(100 * share)
    for cohort in cohorts.cohorts:
        newest = len(cohort.returned)
        for number, users in enumerate((cohort.size, *cohort.returned)):
            so_far = " so far" if cohorts.running and number == newest else ""
            yield "cohort", cohort.since, f"week {number}{so_far}", users


def _of_bucket(bucket: Bucket, step: str) -> Iterator[Row]:
    yield step, bucket.since, "interactions", bucket.interactions
    yield step, bucket.since, "active_users", bucket.active_users
    for name, count in (bucket.breakdown or {}).items():
        yield f"{step} by type", bucket.since, name, count


def _no_formula(cell: int | str | None) -> int | str | None:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell


def _iso(moment: date | None) -> str | None:
    """Return the time in ISO 8601 with its offset from UTC, as in the JSON."""
    if isinstance(moment, datetime):
        return moment.isoformat().replace("+00:00", "Z")
    return None if moment is None else moment.isoformat()
