"""A file of the first version becomes one of this version, with all that it held."""

import json
import random
import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from hashlib import blake2b
from pathlib import Path
from typing import Any

import pytest

from analytics import Access, InteractionType, OlderSchema, Pseudonyms
from analytics.sqlite.migrations import APPLICATION_ID, SCHEMA_VERSION
from tests.support.clock import NOW
from tests.support.killed import is_killed
from tests.support.old_files import FILES
from tests.support.recount import inconsistencies
from tests.support.second_connection import NAME, select
from tests.support.service import KEY, SOMEBODY, interaction, open_service, run_once
from tests.support.statements import killing_after

FILE_1 = FILES / "schema-1.sqlite3"
PEOPLE = 7
INTERACTIONS = 500
MAX_STATEMENTS = 200
RECORD_1 = """
    INSERT INTO received (update_id, reference, interaction_type, timestamp, received)
    VALUES (?, ?, ?, ?, ?)
"""
ROWS = """
    SELECT timestamp, reference, interaction_type, count
    FROM interactions JOIN users ON id = user_id ORDER BY 1, 2, 3
"""
COUNTS = ["daily_counts", "remembered_updates", "interaction_types"]


def said() -> Iterator[tuple[int, int, str, int, int]]:
    """As the first version recorded it."""
    chance = random.Random(1)
    references = Pseudonyms(KEY)
    now = int(NOW.timestamp())
    for update_id in range(INTERACTIONS):
        reference = references.reference(SOMEBODY + chance.randrange(PEOPLE))
        kind = chance.choice(list(InteractionType)).value
        hour = (now - chance.randrange(80 * 86400)) // 3600 * 3600
        # The hour of the first version is rounded down to the day by the migration: midnight stays.
        yield update_id, reference, kind, hour, now // 86400 * 86400


def schema_1() -> list[str]:
    made = select(FILE_1, "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL")
    return [sql for (sql,) in made]


def file_of_version_1(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    fingerprint = blake2b(key=KEY, person=b"fingerprint", digest_size=16).hexdigest()
    with closing(sqlite3.connect(folder / NAME)) as database:
        database.execute("PRAGMA journal_mode=wal")
        for statement in schema_1():
            database.execute(statement)
        database.execute(f"PRAGMA application_id={APPLICATION_ID}")
        database.execute("PRAGMA user_version=1")
        kinds = json.dumps(list(InteractionType))
        database.execute(
            "INSERT INTO interaction_types (name) SELECT value FROM json_each(?)", (kinds,)
        )
        database.execute("INSERT INTO file_settings VALUES ('references', ?)", (fingerprint,))
        database.executemany(RECORD_1, said())
        database.commit()


def bare(sql: str) -> str:
    """Without comments and line ends: these are not what SQLite goes by."""
    return " ".join(re.sub(r"--.*", "", sql).split()).replace("( ", "(").replace(" )", ")")


def contents(folder: Path) -> tuple[int, list[tuple[str, str, str]]]:
    """Version, tables, triggers and views."""
    [(version,)] = select(folder, "PRAGMA user_version")
    made = select(folder, "SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL")
    # A column that was added stands where the comment of the last one began.
    return version, sorted((kind, name, bare(sql).replace(" ,", ",")) for kind, name, sql in made)


def rows(folder: Path) -> dict[str, list[Any]]:
    return {
        "interactions": select(folder, ROWS),
        "users": select(folder, "SELECT reference, last_seen FROM users ORDER BY 1"),
        **{table: select(folder, f"SELECT * FROM {table} ORDER BY 1, 2") for table in COUNTS},
    }


async def test_it_has_exactly_the_tables_triggers_and_views_of_a_new_file(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    file_of_version_1(old)
    for folder in (old, new):
        await run_once(folder)

    assert contents(old) == contents(new)
    assert contents(old)[0] == SCHEMA_VERSION


async def test_it_holds_what_it_held_and_goes_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "analytics")
    file_of_version_1(tmp_path)
    before = rows(tmp_path)
    assert len(before["users"]) == PEOPLE
    async with open_service(tmp_path, timestamp_precision=3600) as analytics:
        after = rows(tmp_path)
        migrated = inconsistencies(tmp_path / NAME)
        report = await analytics.get_admin_analytics_report()
        people = [await analytics.people.personal_data(SOMEBODY + n) for n in range(PEOPLE)]
        erasure = await analytics.people.erase(SOMEBODY)
        await analytics.cleanup_old_interactions(40)
        await analytics.record([interaction(timedelta(hours=1))], [0])
        await analytics.record([interaction(timedelta(hours=1))], [INTERACTIONS])

    assert after == before
    assert migrated == []
    assert report.total_interactions == INTERACTIONS
    assert sum(row.count for data in people for row in data.interactions) == INTERACTIONS
    assert erasure
    assert erasure.interactions == sum(row.count for row in people[0].interactions)
    assert inconsistencies(tmp_path / NAME) == []
    # The update that the first version has counted is not counted again.
    reference = Pseudonyms(KEY).reference(SOMEBODY)
    assert select(tmp_path, f"SELECT rows FROM users WHERE reference = {reference}") == [(1,)]
    # The operator can read what has happened to the file.
    assert f"migrated the database from schema 1 to {SCHEMA_VERSION}" in caplog.text
    assert "older than 40 days" in caplog.text


async def test_a_command_that_reads_leaves_it_to_the_bot(tmp_path: Path) -> None:
    file_of_version_1(tmp_path)
    before = contents(tmp_path)
    with pytest.raises(OlderSchema, match="start this version's bot once"):
        await run_once(tmp_path, access=Access.READ)

    assert contents(tmp_path) == before


async def test_a_command_that_writes_brings_it_up_to_date(tmp_path: Path) -> None:
    file_of_version_1(tmp_path)
    async with open_service(tmp_path, access=Access.SHARE) as command:
        erasure = await command.people.erase(SOMEBODY)

    assert erasure
    assert erasure.interactions > 0
    assert contents(tmp_path)[0] == SCHEMA_VERSION
    assert inconsistencies(tmp_path / NAME) == []


async def open_and_die(folder: Path, count: int) -> None:
    with killing_after(count):
        await run_once(folder)


@pytest.mark.long
async def test_killed_after_any_statement_it_is_of_one_version_or_the_other(
    tmp_path: Path,
) -> None:
    whole, copy = tmp_path / "whole", tmp_path / "copy"
    file_of_version_1(whole)
    held = rows(whole)
    versions = []
    for count in range(1, MAX_STATEMENTS):
        shutil.copytree(whole, copy)
        if not is_killed(open_and_die, copy, count):
            break
        # Looked at through a copy: the log stays for the next start.
        shutil.copytree(copy, tmp_path / "look")
        version, made = contents(tmp_path / "look")
        versions.append(version)
        assert made == contents(whole)[1] or version == SCHEMA_VERSION
        await run_once(copy)
        assert contents(copy)[0] == SCHEMA_VERSION
        assert rows(copy) == held
        assert inconsistencies(copy / NAME) == []
        shutil.rmtree(copy)
        shutil.rmtree(tmp_path / "look")

    assert versions == sorted(versions)
    assert versions.count(1) > 20
    assert versions.count(SCHEMA_VERSION) > 2
