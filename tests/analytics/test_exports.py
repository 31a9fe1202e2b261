"""What is exported says all that the report and the history say, and can be read again."""

import csv
import io

from hypothesis import given, settings

from analytics.statistics.export import COLUMNS, Aggregates, adapter, as_csv, as_json
from tests.support.strategies import AGGREGATES


@settings(deadline=None)
@given(aggregates=AGGREGATES)
def test_json_read_again_is_the_same(aggregates: Aggregates) -> None:
    assert adapter().validate_json(as_json(aggregates)) == aggregates


@settings(deadline=None)
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
        *("period", "interactions", "active_users", "new_users", "returning_users"),
        *("interactions_before", "active_users_before", "before_missing", "busiest_hour"),
    ):
        value = getattr(report, name)
        assert table["report"][name] == ("" if value is None else str(value))
    assert numbers(table.get("type", {})) == report.interaction_types_breakdown
    assert numbers(table.get("command", {})) == report.commands
    for name in ("blocked", "unblocked"):
        value = getattr(report, name)
        assert table["bot"][name] == ("" if value is None else str(value))
    assert list(table["hour of week"].values()) == [
        "" if count is None else str(count)
        for hours in history.hours_of_week or ()
        for count in hours
    ]
    for bucket in history.buckets:
        since = bucket.since.isoformat().replace("+00:00", "Z")
        assert numbers(buckets[f"{step} {since}"]) == {
            "interactions": bucket.interactions,
            "active_users": bucket.active_users,
        }
        of_types = buckets.get(f"{step} by type {since}", {})
        assert numbers(of_types) == (bucket.breakdown or {})


@settings(deadline=None)
@given(aggregates=AGGREGATES)
def test_no_cell_is_a_formula_to_a_spreadsheet(aggregates: Aggregates) -> None:
    cells = [cell for row in csv.reader(io.StringIO(as_csv(aggregates))) for cell in row]

    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]


def numbers(cells: dict[str, str]) -> dict[str, int]:
    return {name: int(value) for name, value in cells.items()}
