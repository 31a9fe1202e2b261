"""A damaged database is never written on and never deleted, and recording goes on."""

import asyncio
import random
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any
from unittest.mock import AsyncMock, patch

import pytest

from analytics import Access, AnalyticsError, AnalyticsService
from analytics.notices import DatabaseSetAside
from analytics.sqlite import compaction
from analytics.sqlite import database as sqlite_database
from analytics.sqlite.database import Database
from tests.faults.damage import (
    BATCH,
    FAULTS,
    NOT_FOUND,
    REFUSED,
    SET_ASIDE,
    a_whole_file,
    closed,
    count_at,
    files_set_aside,
    interactions,
    later,
    service,
    start,
)
from tests.faults.table import Fault
from tests.support import processes
from tests.support.recount import inconsistencies
from tests.support.second_connection import NAME


@pytest.fixture(scope="module")
def whole() -> bytes:
    return asyncio.run(a_whole_file())


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
async def test_what_is_recorded_afterwards_is_there_once(fault: Fault) -> None:
    row = await fault.inject(fault.short)

    assert row.injected == fault.short
    assert row.acknowledged > 20 * fault.short
    assert row.recorded == row.acknowledged
    assert (row.lost, row.counted_twice) == (0, 0)


async def test_a_damaged_file_is_set_aside_whole_or_refused_in_a_sentence() -> None:
    tally = await closed(30)

    assert tally.found[SET_ASIDE] > 10
    assert tally.found[NOT_FOUND] > 0
    refused = "PATH is not a database: set DATABASE_PATH to another file"
    # What chance has written over the header may look like an encrypted file.
    assert tally.sentences <= {refused, f"{refused}, or DATABASE_KEY if it is encrypted"}


async def test_a_file_with_a_damaged_header_is_refused_and_stays(
    whole: bytes, tmp_path: Path
) -> None:
    path = tmp_path / NAME
    path.write_bytes(random.Random(0).randbytes(16) + whole[16:])
    outcome = await start(path)

    assert outcome.what == REFUSED
    assert path.read_bytes()[16:] == whole[16:]
    assert list(tmp_path.iterdir()) == [path]


async def recorded(analytics: AnalyticsService, first: int = 0) -> bool:
    numbers = range(first, first + BATCH)
    return await analytics.record(interactions(numbers, later))


def notices(analytics: AnalyticsService) -> list[Any]:
    return [analytics.notices.get_nowait() for _ in range(analytics.notices.qsize())]


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        # quick_check does not look into triggers: only the statement that needs one does.
        (b"NEW.timestamp / 3600 * 3600, NEW", b"NEW.timestomp / 3600 * 3600, NEW"),
        # SQLite's complaint holds this byte, and is then no text for Python.
        (b"STRICT, WITHOUT ROWID", b"STRICT, WITHOUT R\xffWID"),
        (b"INSERT INTO hourly_counts", b"INSERT INTO hourly\xffcounts"),
    ],
)
async def test_a_damaged_schema_is_found_where_quick_check_finds_nothing(
    whole: bytes, tmp_path: Path, good: bytes, bad: bytes
) -> None:
    path = tmp_path / NAME
    content = whole.replace(good, bad)
    path.write_bytes(content)
    async with service(path) as analytics:
        await recorded(analytics)
    found = [count_at(path, later(number)) for number in range(BATCH)]
    [aside] = files_set_aside(tmp_path)

    assert content != whole
    assert aside.read_bytes() == content
    assert found == BATCH * [1]
    assert inconsistencies(path) == []


async def test_damage_that_only_the_start_runs_into_is_set_aside(
    whole: bytes, tmp_path: Path
) -> None:
    path = tmp_path / NAME
    path.write_bytes(whole[:4096] + random.Random(0).randbytes(len(whole) - 4096))
    with patch.object(sqlite_database, "is_damaged", AsyncMock(return_value=False)):
        async with service(path) as analytics:
            assert await recorded(analytics)

    assert len(files_set_aside(tmp_path)) == 1
    assert inconsistencies(path) == []


async def test_a_mistake_in_a_statement_is_not_taken_for_damage(tmp_path: Path) -> None:
    async with Database.open(tmp_path / NAME, Access.OWN) as database:
        with pytest.raises(AnalyticsError, match="no such table"):
            await database.write("INSERT INTO nowhere VALUES (?)", (1,))
        assert await database.write("SELECT 1") == [(1,)]

    assert files_set_aside(tmp_path) == []


def pages_that_recording_never_reads(path: Path) -> list[int]:
    """Where pages of the audit trail begin that have nothing else in them."""
    action = "looked at by nobody"
    with closing(sqlite3.connect(path)) as database, database:
        database.executemany("INSERT INTO audit_trail VALUES (0, NULL, ?)", 2_000 * [(action,)])
    content = path.read_bytes()
    pages = range(0, len(content), 4096)
    return [page for page in pages if content[page : page + 4096].count(action.encode()) > 100]


async def test_damage_that_nobody_reads_is_found_at_night(whole: bytes, tmp_path: Path) -> None:
    path = tmp_path / NAME
    path.write_bytes(whole)
    pages = pages_that_recording_never_reads(path)
    async with service(path) as analytics:
        assert await recorded(analytics)
        with path.open("r+b") as file:
            for page in pages:
                file.seek(page)
                file.write(random.Random(page).randbytes(4096))
        await analytics.maintenance.run(large_too=False)
        assert await recorded(analytics, BATCH)
        before = notices(analytics)
        await analytics.maintenance.run(large_too=True)
        assert await recorded(analytics, 2 * BATCH)
        after = notices(analytics)

    assert len(pages) > 8
    assert before == []
    assert [type(notice) for notice in after] == [DatabaseSetAside]
    assert [count_at(path, later(number)) for number in range(2 * BATCH, 3 * BATCH)] == BATCH * [1]


async def test_the_check_at_night_does_not_keep_a_large_file_from_being_compacted(
    tmp_path: Path,
) -> None:
    with patch.object(compaction, "SMALL_FILE_BYTES", 0):
        async with service(tmp_path / NAME) as analytics:
            await recorded(analytics)
            erasure = await analytics.people.erase(interactions(range(1), later)[0].telegram_id)
            await analytics.maintenance.run(large_too=True)
            report = await analytics.get_admin_analytics_report()

    assert erasure
    assert not erasure.compacted
    assert not report.compaction_pending


async def test_a_header_damaged_under_the_running_bot_is_set_aside(
    whole: bytes, tmp_path: Path
) -> None:
    path = tmp_path / NAME
    path.write_bytes(whole)
    async with service(path) as analytics:
        with path.open("r+b") as file:
            file.write(bytes(4096))
        await analytics.maintenance.run(large_too=True)
        assert await recorded(analytics)

    assert len(files_set_aside(tmp_path)) == 1
    assert count_at(path, later(0)) == 1


@pytest.mark.parametrize("command", ["stats", "cleanup"])
async def test_a_command_leaves_a_damaged_file_to_the_bot(
    whole: bytes, tmp_path: Path, command: str
) -> None:
    path = tmp_path / NAME
    path.write_bytes(whole[:8192] + random.Random(0).randbytes(len(whole) - 8192))
    content = path.read_bytes()
    status, output, errors = await processes.run(tmp_path, command, DATABASE_PATH=NAME)

    assert (status, output) == (2, "")
    assert errors.strip().endswith(
        f"{NAME} is damaged or gone: "
        "start the bot or let it run, it begins a new file and keeps this one"
    )
    assert len(errors.splitlines()) == 1
    assert path.read_bytes() == content
    assert files_set_aside(tmp_path) == []
