"""`records`: what is stored, to be looked at and never edited."""

import asyncio
import csv
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import Result

from analytics import MAX_LIMIT, AnalyticsService, Interaction, InteractionType
from analytics.sqlite.queries.interactions import NEWEST, NEWEST_OF_TYPE
from bot.sandbox import Sandbox
from tests.support.clock import NOW
from tests.support.command_line import COMMANDS, invoke
from tests.support.conversation import ask
from tests.support.processes import bot_process, run, settings
from tests.support.second_connection import select
from tests.support.service import interaction, open_service

PEOPLE = range(6_000_000_001, 6_000_000_004)
KINDS = [InteractionType.MESSAGE, InteractionType.COMMAND, InteractionType.BUTTON_CLICK]
COLUMNS = ["user_id", "interaction_type", "timestamp", "count"]


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """With 300 rows, one for each of three people in each of a hundred hours."""
    path = tmp_path / "data" / "analytics.sqlite3"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_PATH", str(path))

    async def fill() -> None:
        async with AnalyticsService.open(path) as analytics:
            await analytics.record(
                [
                    Interaction(person, KINDS[hour % 3], NOW - timedelta(hours=hour))
                    for hour in range(100)
                    for person in PEOPLE
                ]
            )

    asyncio.run(fill())
    return path


@pytest.fixture
def _far_from_utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as elsewhere:
        elsewhere.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        yield
    time.tzset()


def records(*arguments: str) -> Result:
    return invoke("records", *arguments)


def listed(*arguments: str) -> list[list[str]]:
    """What the CSV holds below its header."""
    header, *rows = csv.reader(records("--format", "csv", *arguments).stdout.splitlines())
    assert header == COLUMNS
    return rows


def in_view(database: Path, condition: str = "TRUE", limit: int = 100) -> list[list[str]]:
    rows = select(
        database,
        f"SELECT {', '.join(COLUMNS)} FROM user_interactions WHERE {condition} "
        "ORDER BY timestamp DESC, user_id DESC LIMIT ?",
        (limit,),
    )
    return [list(map(str, row)) for row in rows]


def test_the_newest_hundred_are_printed_as_the_view_has_them(database: Path) -> None:
    rows = listed()

    assert rows == in_view(database)
    assert len(rows) == 100
    assert rows[0][1:] == ["message", "2026-06-01T12:00:00Z", "1"]


@pytest.mark.parametrize(
    ("arguments", "condition", "limit"),
    [
        (["--limit", "7"], "TRUE", 7),
        (["--type", "command"], "interaction_type = 'command'", 100),
        (["--since", "2026-06-01"], "timestamp >= '2026-06-01T00:00:00Z'", 100),
        (["--since", "2026-06-01T11:00:00"], "timestamp >= '2026-06-01T11:00:00Z'", 100),
        (["--since", "2026-06-01T13:00:00+02:00"], "timestamp >= '2026-06-01T11:00:00Z'", 100),
        (
            ["--since", "2026-05-31", "--type", "message", "--limit", "20"],
            "timestamp >= '2026-05-31T00:00:00Z' AND interaction_type = 'message'",
            20,
        ),
    ],
)
@pytest.mark.usefixtures("_far_from_utc")
def test_it_prints_what_was_asked_for(
    database: Path, arguments: list[str], condition: str, limit: int
) -> None:
    rows = listed(*arguments)

    assert rows == in_view(database, condition, limit)
    assert rows


@pytest.mark.usefixtures("database")
def test_table_and_json_hold_the_same_and_nothing_else() -> None:
    rows = listed("--limit", "5")
    header, *lines = records("--limit", "5").stdout.splitlines()
    objects = json.loads(records("--limit", "5", "--format", "json").stdout)

    assert header.split() == COLUMNS
    assert [line.split() for line in lines] == rows
    assert [list(map(str, each.values())) for each in objects] == rows
    assert all(list(each) == COLUMNS for each in objects)


@given(st.lists(st.tuples(st.integers(0, 5), st.sampled_from(PEOPLE), st.sampled_from(KINDS))))
async def test_all_records_are_a_recount_of_what_was_recorded(
    tmp_path_factory: pytest.TempPathFactory, happened: list[tuple[int, int, InteractionType]]
) -> None:
    async with open_service(tmp_path_factory.mktemp("records")) as analytics:
        await analytics.record(
            [interaction(timedelta(hours=hours), *rest) for hours, *rest in happened]  # type: ignore[arg-type]
        )
        rows = await analytics.records(MAX_LIMIT)

    times = [row.timestamp for row in rows]
    assert times == sorted(times, reverse=True)
    assert sum(row.count for row in rows) == len(happened)
    assert len(rows) == len(set(happened))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--limit", "0"], '--limit is "0"'),
        (["--limit", str(MAX_LIMIT + 1)], f"from 1 to {MAX_LIMIT}"),
        (["--limit", "ten"], '--limit is "ten"'),
        (["--limit", "9" * 5000], "--limit is"),
        (["--type", "messages"], "give one of message, command, button_click"),
        (["--since", "yesterday"], "give a date as 2026-11-24"),
        (["--since", "2026-02-30"], '--since is "2026-02-30"'),
        (["--format", "xml"], "give one of table, csv, json"),
    ],
)
@pytest.mark.usefixtures("database")
def test_what_is_typed_wrong_is_one_sentence(arguments: list[str], words: str) -> None:
    result = records(*arguments)

    assert (result.exit_code, result.stdout) == (2, "")
    assert len(result.stderr.splitlines()) == 1
    assert words in result.stderr


@pytest.mark.parametrize(
    ("style", "printed"),
    [("table", ""), ("csv", "user_id,interaction_type,timestamp,count\n"), ("json", "[]\n")],
)
@pytest.mark.usefixtures("database")
def test_nothing_is_a_sentence(style: str, printed: str) -> None:
    result = records("--type", "poll_answer", "--format", style)

    assert (result.exit_code, result.stdout) == (0, printed)
    assert result.stderr == "no matching records\n"


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"])
@pytest.mark.usefixtures("database")
def test_the_ends_of_time_are_dates_too(moment: str) -> None:
    assert records("--since", moment).exit_code == 0


def test_the_newest_are_found_without_a_scan_or_a_sort(database: Path) -> None:
    """For a type, too, nothing is sorted; but rows of other types are passed over."""
    plans = [
        [line for *_, line in select(database, f"EXPLAIN QUERY PLAN {sql}", parameters)]
        for sql, parameters in ((NEWEST, (0, 1)), (NEWEST_OF_TYPE, (0, "command", 1)))
    ]

    for first, *others in plans:
        assert first == "SEARCH interactions USING PRIMARY KEY (timestamp>?)"
        assert not [line for line in others if "SCAN" in line or "TEMP B-TREE" in line]


def test_it_leaves_every_file_byte_for_byte_as_it_was(database: Path) -> None:
    before = {path: path.read_bytes() for path in database.parent.iterdir()}
    for style in ("table", "csv", "json"):
        records("--format", style)

    assert {path: path.read_bytes() for path in before} == before
    # SQLite itself makes a write-ahead log to read by; there is nothing in it.
    assert database.with_name(f"{database.name}-wal").stat().st_size == 0


def test_no_command_edits_a_record() -> None:
    """Whoever adds a command says here what it does to records."""
    delete = {"cleanup", "erase", "erasures"}
    read = {"stats", "records", "export", "audit", "backup", "doctor", "move", "web"}
    # All of them at once, by those of a backup, which are as they were recorded.
    replace = {"restore"}
    neither = {"demo", "encrypt", "health", "rotate-key", "init", "new-feature"}

    assert delete | read | replace | neither == COMMANDS


async def test_it_works_while_the_bot_runs(sandbox: Sandbox, tmp_path: Path) -> None:
    path = tmp_path / "analytics.sqlite3"
    person = sandbox.person()
    environment = settings(sandbox, path)
    async with bot_process(sandbox, path):
        await ask(person, "good morning")
        status, output, _ = await run(tmp_path, "records", "--format", "json", **environment)

    [row] = json.loads(output)
    assert (status, row["interaction_type"], row["count"]) == (0, "message", 1)
    assert row["user_id"] > 0
    assert datetime.now(UTC) - datetime.fromisoformat(row["timestamp"]) < timedelta(hours=2)
