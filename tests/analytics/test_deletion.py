"""Deleted is gone: after cleanup and compaction it is in no byte of the files."""

import random
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.sqlite import compaction
from analytics.sqlite.connections import PRAGMAS
from analytics.sqlite.files import wal
from tests.support.bytes_on_disk import deleted_by_cleanup
from tests.support.clock import NOW
from tests.support.examples import examples
from tests.support.second_connection import NAME, being_read
from tests.support.service import days_ago, open_service
from tests.support.statements import (
    FIRST_CHECKPOINT,
    SECOND_CHECKPOINT,
    VACUUM,
    Statement,
    compacting_without,
    is_checkpoint,
    statements,
)
from tests.support.traffic import history, record_all

# Of a history of 100 days: about half of the interactions, and a third of the people.
DAYS = 50
THOUSANDS = 4_000
PEOPLE = 300
# With less care, one history in five shows nothing: several are looked at.
SEEDS = range(5)


async def residue(folder: Path, seed: int, *left_out: int) -> tuple[float, float]:
    """The share of deleted references and of deleted rows that can be read while the bot runs."""
    async with open_service(folder) as analytics:
        await record_all(analytics, history(random.Random(seed), THOUSANDS, PEOPLE))
        with compacting_without(*left_out):
            deleted = await deleted_by_cleanup(analytics, folder, DAYS)
        found = deleted.found_in(folder)
    assert len(deleted.references) > PEOPLE / 5
    assert len(deleted.rows) > THOUSANDS / 5
    return (
        len(found.references) / len(deleted.references),
        len(found.rows) / len(deleted.rows),
    )


@settings(max_examples=examples(15))
@given(
    chance=st.randoms(use_true_random=False),
    interactions=st.integers(1, 400),
    people=st.integers(1, 60),
    cleanups=st.lists(st.integers(1, 100), min_size=1, max_size=3),
)
async def test_what_was_deleted_is_in_no_byte_of_any_file(
    chance: random.Random, interactions: int, people: int, cleanups: list[int]
) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        async with open_service(folder) as analytics:
            for days in cleanups:
                await record_all(analytics, history(chance, interactions, people))
                deleted = await deleted_by_cleanup(analytics, folder, days)

                assert not deleted.found_in(folder)
                assert not (await analytics.get_admin_analytics_report()).compaction_pending


@pytest.mark.parametrize("seed", SEEDS)
async def test_nor_is_it_after_thousands_of_rows(seed: int, tmp_path: Path) -> None:
    assert await residue(tmp_path, seed) == (0, 0)


async def test_the_search_finds_what_is_there(tmp_path: Path) -> None:
    """In the file, and in the log beside it."""
    async with open_service(tmp_path) as analytics:
        await record_all(analytics, history(random.Random(0), 400, 50))
        with compacting_without(FIRST_CHECKPOINT, VACUUM, SECOND_CHECKPOINT):
            deleted = await deleted_by_cleanup(analytics, tmp_path, DAYS)
        in_log = deleted.found_in(tmp_path)
    (tmp_path / "kept").write_bytes(b"\0" + min(deleted.references) + b"\0")
    found = deleted.found_in(tmp_path)

    assert in_log == deleted
    assert found.references == {min(deleted.references)}
    assert not found.rows


@pytest.mark.parametrize("step", [VACUUM, SECOND_CHECKPOINT])
async def test_with_a_step_less_stale_copies_can_be_read(step: int, tmp_path: Path) -> None:
    shares = [await residue(tmp_path / str(seed), seed, step) for seed in SEEDS]

    assert any(rows > 0 for _, rows in shares)


async def test_secure_delete_leaves_little_to_be_read_until_the_compaction(
    tmp_path: Path,
) -> None:
    careful = await residue(tmp_path / "careful", 0, VACUUM)
    with patch.dict(PRAGMAS, secure_delete=0):
        careless = await residue(tmp_path / "careless", 0, VACUUM)

    assert max(careful) < 0.05
    assert min(careless) > 0.5


@pytest.mark.usefixtures("impatient")
async def test_while_somebody_reads_it_is_pending_and_shown_and_done_afterwards(
    tmp_path: Path,
) -> None:
    async with open_service(tmp_path) as analytics:
        await record_all(analytics, history(random.Random(0), 400, 50))
        with being_read(tmp_path):
            deleted = await deleted_by_cleanup(analytics, tmp_path, DAYS)
            refused = await analytics.maintenance.compact_if_due()
            during = await analytics.get_admin_analytics_report()
            readable = deleted.found_in(tmp_path)
        done = await analytics.maintenance.compact_if_due()
        after = await analytics.get_admin_analytics_report()
        left = deleted.found_in(tmp_path)

    assert readable
    assert not refused
    assert during.compaction_pending
    assert done
    assert not after.compaction_pending
    assert not left


@pytest.mark.usefixtures("impatient")
async def test_while_somebody_reads_nothing_is_rewritten_in_vain(tmp_path: Path) -> None:
    """A VACUUM would write the whole file into a log that nobody may empty."""
    async with open_service(tmp_path) as analytics:
        await record_all(analytics, history(random.Random(0), 400, 50))
        with being_read(tmp_path):
            await analytics.cleanup_old_interactions(DAYS)
            before = wal(tmp_path / NAME).stat().st_size
            await analytics.maintenance.compact_if_due()
            after = wal(tmp_path / NAME).stat().st_size

    assert after == before


@pytest.mark.usefixtures("impatient")
async def test_it_stays_pending_if_somebody_begins_to_read_meanwhile(tmp_path: Path) -> None:
    async with open_service(tmp_path) as analytics:
        await record_all(analytics, history(random.Random(0), 400, 50))
        with closing(sqlite3.connect(tmp_path / NAME, isolation_level=None)) as other:
            rewritten = False

            async def beginning_to_read(sql: str, run: Statement) -> Any:
                nonlocal rewritten
                if rewritten and is_checkpoint(sql):
                    other.execute("BEGIN")
                    other.execute("SELECT count(*) FROM users").fetchall()
                rewritten = sql == "VACUUM"
                return await run()

            with statements(beginning_to_read):
                await analytics.cleanup_old_interactions(DAYS)
            during = await analytics.get_admin_analytics_report()
        done = await analytics.maintenance.compact_if_due()

    assert during.compaction_pending
    assert done


@pytest.mark.usefixtures("impatient")
async def test_what_is_pending_survives_the_process(tmp_path: Path) -> None:
    async with open_service(tmp_path) as analytics:
        await record_all(analytics, history(random.Random(0), 400, 50))
        with being_read(tmp_path):
            deleted = await deleted_by_cleanup(analytics, tmp_path, DAYS)
    async with open_service(tmp_path) as analytics:
        before = await analytics.get_admin_analytics_report()
        await analytics.maintenance.run()
        after = await analytics.get_admin_analytics_report()
        left = deleted.found_in(tmp_path)

    assert before.compaction_pending
    assert not after.compaction_pending
    assert not left


@pytest.mark.parametrize("night", [True, False])
async def test_a_large_file_waits_for_the_night_but_no_longer_than_a_day(
    night: bool, tmp_path: Path
) -> None:
    now = NOW
    with patch.object(compaction, "SMALL_FILE_BYTES", 0):
        async with open_service(tmp_path, clock=lambda: now) as analytics:
            await analytics.record(days_ago(91))
            await analytics.cleanup_old_interactions()
            if not night:
                now += timedelta(hours=24, seconds=-1)
            before = await analytics.maintenance.compact_if_due()
            if not night:
                now += timedelta(seconds=1)
            after = await analytics.maintenance.compact_if_due(large_too=night)

    assert (before, after) == (False, True)
