"""What is exported says all that the report and the history say, and can be read again."""

import csv
import io

from hypothesis import given

from analytics import LinkCounts, PeriodEvents
from analytics.statistics.export import COLUMNS, Aggregates, adapter, as_csv, as_json
from tests.support.strategies import AGGREGATES


@given(aggregates=AGGREGATES)
def test_json_read_again_is_the_same(aggregates: Aggregates) -> None:
    assert adapter().validate_json(as_json(aggregates)) == aggregates


@given(aggregates=AGGREGATES)
def test_csv_has_the_numbers_of_the_report_and_of_the_history(aggregates: Aggregates) -> None:
    report, history = aggregates.report, aggregates.history
    header, *rows = csv.reader(io.StringIO(as_csv(aggregates)))
    table: dict[str, dict[str, str]] = {}
    buckets: dict[str, dict[str, str]] = {}
    for section, since, name, value in rows:
        table.setdefault(section, {})[name] = value
        buckets.setdefault(f"{section} {since}", {})[name] = value
    step = "hour" if history.step.days == 0 else "day"

    assert tuple(header) == COLUMNS
    for name in (
        *("period", "timezone", "interactions", "active_users", "new_users", "returning_users"),
        *("interactions_before", "active_users_before", "before_missing", "busiest_hour"),
        "interactions_year_ago",
    ):
        value = getattr(report, name)
        assert table["report"][name] == ("" if value is None else str(value))
    assert numbers(table.get("type", {})) == report.interaction_types_breakdown
    assert numbers(table.get("command", {})) == report.commands
    for name in ("blocked", "unblocked"):
        assert table["bot"][name] == cell(getattr(report, name))
    assert_has_events(table, report.events or PeriodEvents())
    cohorts = aggregates.cohorts
    assert table["cohort"]["stickiness_percent"] == (
        "" if cohorts.stickiness is None else f"{100 * cohorts.stickiness:.0f}"
    )
    for cohort in cohorts.cohorts:
        users = buckets[f"cohort {cohort.since}"]
        weeks = [f"week {number}" for number in range(len(cohort.returned) + 1)]
        weeks[-1] += " so far" if cohorts.running else ""
        assert list(users) == weeks
        assert list(users.values()) == [
            "" if count is None else str(count) for count in (cohort.size, *cohort.returned)
        ]
    assert list(table["hour of week"].values()) == [
        "" if count is None else str(count)
        for hours in history.hours_of_week or ()
        for count in hours
    ]
    notes = [(since, value) for section, since, _name, value in rows if section == "note"]
    assert [(since, value.removeprefix("'")) for since, value in notes] == [
        (note.moment.isoformat().replace("+00:00", "Z"), note.text.removeprefix("'"))
        for note in history.notes
    ]
    for bucket in history.buckets:
        since = bucket.since.isoformat().replace("+00:00", "Z")
        assert numbers(buckets[f"{step} {since}"]) == {
            "interactions": bucket.interactions,
            "active_users": bucket.active_users,
        }
        of_types = buckets.get(f"{step} by type {since}", {})
        assert numbers(of_types) == (bucket.breakdown or {})


def assert_has_events(table: dict[str, dict[str, str]], events: PeriodEvents) -> None:
    """Every number of the events is in the table under its name."""
    for section, counts in (
        ("button", events.buttons),
        ("chat", events.chats),
        ("new by language", events.languages),
        ("error", events.errors),
        ("own event", {name: own.count for name, own in events.own_events.items()}),
        ("start link", {named(*link): link[1].starts for link in events.start_links.items()}),
    ):
        assert table.get(section, {}) == {quoted(name): str(n) for name, n in counts.items()}
    for link in events.start_links.items():
        assert table["new by start link"][named(*link)] == cell(link[1].new_users)
    if events.start_links:
        assert table["new by start link"]["none"] == cell(events.new_users_without_link)
    for subject, outcome in events.outcomes.items():
        for name in ("handled", "failed", "unanswered"):
            assert table[f"outcome {name}"][quoted(subject)] == cell(getattr(outcome, name))
        assert table["outcome half within ms"][quoted(subject)] == cell(outcome.half_within_ms)
        assert table["outcome 95% within ms"][quoted(subject)] == cell(outcome.most_within_ms)
    if events.all_outcomes:
        assert table["outcome"]["failed"] == cell(events.all_outcomes.failed)


def named(code: str, link: LinkCounts) -> str:
    return f"{code} {link.name or ''}".rstrip()


def quoted(name: str) -> str:
    return f"'{name}" if name.startswith(tuple("=+-@＝＋－＠")) else name


def cell(value: int | None) -> str:
    return "" if value is None else str(value)


@given(aggregates=AGGREGATES)
def test_no_cell_is_a_formula_to_a_spreadsheet(aggregates: Aggregates) -> None:
    cells = [cell for row in csv.reader(io.StringIO(as_csv(aggregates))) for cell in row]

    assert not [cell for cell in cells if cell.startswith(tuple("=+-@＝＋－＠"))]


def numbers(cells: dict[str, str]) -> dict[str, int]:
    return {name: int(value) for name, value in cells.items()}
