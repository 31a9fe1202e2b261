"""The schema holds what it says: to anyone who reads it, and against anyone who writes."""

import re
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from analytics import InteractionType
from analytics.sqlite.migrations import APPLICATION_ID, SCHEMA_VERSION, schema
from tests.support.second_connection import NAME, select
from tests.support.service import SOMEBODY, interaction, open_service, run_once


@pytest.fixture
async def folder(tmp_path: Path) -> Path:
    """With two people, one of whom clicked twice within a second."""
    await run_once(
        tmp_path,
        [
            interaction(timedelta(hours=1)),
            *[interaction(interaction_type=InteractionType.BUTTON_CLICK)] * 2,
            interaction(person=SOMEBODY + 1),
        ],
    )
    return tmp_path


async def test_every_table_is_strict(folder: Path) -> None:
    tables = select(
        folder,
        "SELECT name, strict FROM pragma_table_list "
        "WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite%'",
    )

    assert len(tables) == 19
    assert {name for name, strict in tables if not strict} == set()


async def test_the_file_tells_what_it_is(folder: Path) -> None:
    assert select(folder, "PRAGMA application_id") == [(APPLICATION_ID,)]
    assert select(folder, "PRAGMA user_version") == [(SCHEMA_VERSION,)]


async def test_the_file_carries_the_schema_with_its_comments(folder: Path) -> None:
    """Comments inside a statement; SQLite does not keep those between two."""
    stored = {sql for (sql,) in select(folder, "SELECT sql FROM sqlite_schema") if sql}
    begin = re.compile(r"CREATE (TABLE|VIEW|TRIGGER)")
    written = {sql[begin.search(sql).start() :].rstrip(";\n") for sql in schema()}  # type: ignore[union-attr]

    assert stored == written


async def test_other_programs_read_words_and_dates(folder: Path) -> None:
    with closing(sqlite3.connect(folder / NAME)) as database:
        rows = database.execute("SELECT * FROM user_interactions ORDER BY timestamp, user_id, 2")
        columns = [column for column, *_ in rows.description]
        found = rows.fetchall()

    assert columns == ["user_id", "interaction_type", "timestamp", "count"]
    one = found[0][0]
    [other] = {user_id for user_id, *_ in found} - {one}
    assert sorted(found, key=lambda row: (row[2], row[1])) == [
        (one, "message", "2026-06-01T11:34:56Z", 1),
        (one, "button_click", "2026-06-01T12:34:56Z", 2),
        (other, "message", "2026-06-01T12:34:56Z", 1),
    ]


async def test_the_vocabulary_is_closed(folder: Path) -> None:
    names = {name for (name,) in select(folder, "SELECT name FROM interaction_types")}

    assert names == set(InteractionType)


async def test_a_word_that_a_later_version_adds_is_known_after_its_start(folder: Path) -> None:
    with closing(sqlite3.connect(folder / NAME, isolation_level=None)) as database:
        database.execute("DELETE FROM interaction_types WHERE name = 'poll_answer'")
    async with open_service(folder) as analytics:
        await analytics.record([interaction(interaction_type=InteractionType.POLL_ANSWER)])
        report = await analytics.get_admin_analytics_report()

    assert report.interaction_types_breakdown["poll_answer"] == 1
    assert report.interaction_types_breakdown["button_click"] == 2


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE interactions SET timestamp = '2026-06-01'",
        "UPDATE interactions SET count = 0",
        "UPDATE interactions SET interaction_type = 99",
        "UPDATE users SET reference = 1",
        "UPDATE users SET reference = 'a name'",
        "INSERT INTO interactions VALUES (1, 1, 99, 1)",
        "INSERT INTO hourly_counts VALUES (3600, 1, 0)",
    ],
)
async def test_what_does_not_fit_is_refused(statement: str, folder: Path) -> None:
    with closing(sqlite3.connect(folder / NAME, isolation_level=None)) as database:
        database.execute("PRAGMA foreign_keys=ON")
        with pytest.raises(sqlite3.IntegrityError):
            database.execute(statement)
