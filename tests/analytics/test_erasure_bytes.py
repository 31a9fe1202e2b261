"""Erased is gone: no byte of a person is in any file, whatever stands in the way meanwhile."""

import random
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from analytics.sqlite import compaction
from analytics.sqlite.compaction import SMALL_FILE_BYTES
from analytics.sqlite.connections import PRAGMAS
from tests.support import bytes_on_disk
from tests.support.bytes_on_disk import REFERENCES, found_in, traces
from tests.support.killed import is_killed
from tests.support.recount import inconsistencies
from tests.support.second_connection import NAME, being_read, select, total
from tests.support.service import SOMEBODY, failing_at_once, open_service
from tests.support.statements import (
    FIRST_CHECKPOINT,
    SECOND_CHECKPOINT,
    VACUUM,
    compacting_without,
    connections,
    killing_after,
    killing_in_vacuum,
    statements,
)
from tests.support.traffic import PEOPLE, record_all, somebodies

LEAVING = range(SOMEBODY, SOMEBODY + PEOPLE, 10)
# With less care, some histories show nothing: several are looked at.
SEEDS = range(3)
# Before a kill is tried with one statement more, to be surely at the end.
MAX_STATEMENTS = 100


async def erased(folder: Path, seed: int, *, at_once: bool = False) -> dict[str, int]:
    """What is found of people who were erased one after the other, while the bot runs on.

    Compacted after each of them, as a small file is, or `at_once`, as a large one in the night.
    """
    large = 0 if at_once else SMALL_FILE_BYTES
    with patch.object(compaction, "SMALL_FILE_BYTES", large):
        async with open_service(folder) as analytics:
            await record_all(analytics, somebodies(random.Random(seed)))
            wanted = traces(folder, LEAVING)
            for person in LEAVING:
                erasure = await analytics.people.erase(person)
                assert erasure
                assert erasure.compacted is not at_once
            await analytics.maintenance.run(large_too=True)
            assert not (await analytics.get_admin_analytics_report()).compaction_pending
            return found_in(folder, wanted)


@pytest.mark.parametrize("at_once", [False, True])
@pytest.mark.parametrize("seed", SEEDS)
async def test_nothing_of_an_erased_person_is_in_any_file(
    tmp_path: Path, seed: int, at_once: bool
) -> None:
    assert await erased(tmp_path, seed, at_once=at_once) == {}
    assert inconsistencies(tmp_path / NAME) == []


@pytest.mark.parametrize("left_out", [VACUUM, SECOND_CHECKPOINT])
async def test_with_less_care_the_search_finds_something(tmp_path: Path, left_out: int) -> None:
    """About one history in four leaves something: of 60 at least one does."""
    found: dict[str, int] = {}
    seeds = iter(range(60))
    while not found and (seed := next(seeds, None)) is not None:
        with compacting_without(left_out):
            found = await erased(tmp_path / str(seed), seed, at_once=True)

    assert found


async def erased_in_a_large_file(folder: Path) -> tuple[int, int]:
    """Of so many references how many can be read until the night, when it is compacted."""
    references = [REFERENCES.reference(person) for person in LEAVING]
    wanted = {reference.to_bytes(8, "big", signed=True) for reference in references}
    with patch.object(compaction, "SMALL_FILE_BYTES", 0):
        async with open_service(folder) as analytics:
            await record_all(analytics, somebodies(random.Random(1)))
            for person in LEAVING:
                erasure = await analytics.people.erase(person)
                assert erasure
                assert not erasure.compacted
            assert select(folder, "PRAGMA wal_checkpoint(TRUNCATE)") == [(0, 0, 0)]
            found = sum(found_in(folder, wanted).values())
            assert (await analytics.get_admin_analytics_report()).compaction_pending
            await analytics.maintenance.run(large_too=True)
            assert found_in(folder, wanted) == {}
    return len(wanted), found


async def test_until_a_large_file_is_compacted_hardly_a_reference_can_be_read(
    tmp_path: Path,
) -> None:
    references, found = await erased_in_a_large_file(tmp_path)

    assert found <= references // 4


async def test_without_secure_delete_nearly_all_of_them_could_be(tmp_path: Path) -> None:
    with patch.dict(PRAGMAS, secure_delete=0):
        references, found = await erased_in_a_large_file(tmp_path)

    assert found > references // 2


@pytest.mark.parametrize("left_out", [(), (FIRST_CHECKPOINT,)])
async def test_while_somebody_reads_it_is_pending_and_done_as_soon_as_they_have_read(
    tmp_path: Path, left_out: tuple[int, ...]
) -> None:
    """The first checkpoint asks for readers, so that nothing is rewritten in vain each minute."""
    rewritten = 0

    async def counting(sql: str, run: Any) -> Any:
        nonlocal rewritten
        rewritten += sql == "VACUUM"
        return await run()

    with failing_at_once():
        async with open_service(tmp_path) as analytics:
            await record_all(analytics, somebodies(random.Random(2)))
            wanted = traces(tmp_path, LEAVING)
            with being_read(tmp_path):
                for person in LEAVING:
                    erasure = await analytics.people.erase(person)
                    assert erasure
                    assert not erasure.compacted
                with statements(counting), compacting_without(*left_out):
                    await analytics.maintenance.run()
                report = await analytics.get_admin_analytics_report()
                held_back = found_in(tmp_path, wanted)
            await analytics.maintenance.run()
            after = await analytics.get_admin_analytics_report()
            found = found_in(tmp_path, wanted)

    assert report.compaction_pending
    assert held_back
    assert rewritten == len(left_out)
    assert not after.compaction_pending
    assert found == {}


async def erase_and_die(folder: Path, person: int, count: int) -> None:
    """Killed after so many statements of the erasure and the compaction; 0: within the VACUUM."""
    with connections() as opened:
        async with open_service(folder) as analytics:
            writer, _ = opened
            with killing_after(count) if count else killing_in_vacuum(writer):
                await analytics.people.erase(person)


@pytest.mark.thorough
async def test_killed_anywhere_all_or_nothing_is_erased_and_the_traces_go_after_the_restart(
    tmp_path: Path,
) -> None:
    whole, copy = tmp_path / "whole", tmp_path / "copy"
    person = SOMEBODY + 1
    async with open_service(whole) as analytics:
        await record_all(analytics, somebodies(random.Random(3)))
        wanted = traces(whole, [person])
        data = await analytics.people.personal_data(person)
    own = sum(row.count for row in data.interactions)
    everything = total(whole)
    totals = set()
    pending = 0
    for count in range(MAX_STATEMENTS):
        shutil.copytree(whole, copy)
        if not is_killed(erase_and_die, copy, person, count):
            break
        async with open_service(copy) as analytics:
            totals.add(total(copy))
            if total(copy) < everything:
                pending += (await analytics.get_admin_analytics_report()).compaction_pending
                await analytics.maintenance.run()
                assert not (await analytics.get_admin_analytics_report()).compaction_pending
                assert found_in(copy, wanted) == {}
            assert inconsistencies(copy / NAME) == []
        shutil.rmtree(copy)

    assert count > 8
    assert totals == {everything, everything - own}
    assert pending > 3


async def test_the_search_finds_what_is_there(tmp_path: Path) -> None:
    """The promises above could not fail if it were blind."""
    kept: dict[tuple[int, str, object], dict[str, int]] = {}
    for person in (SOMEBODY, SOMEBODY + 7):
        for number in (person, REFERENCES.reference(person), -REFERENCES.reference(person)):
            for column, value in (
                ("INTEGER PRIMARY KEY", number),
                ("INTEGER", number),
                ("TEXT", str(number)),
                ("TEXT", f"{number % 2**64:x}"),
            ):
                folder = tmp_path / str(len(kept))
                folder.mkdir()
                with closing(sqlite3.connect(folder / NAME)) as database:
                    database.execute("PRAGMA encoding='UTF-16be'")
                    database.execute(f"CREATE TABLE leaks (leak {column})")
                    database.execute("INSERT INTO leaks VALUES (?)", (value,))
                    database.commit()
                kept[number, column, value] = found_in(folder, bytes_on_disk.forms(number))

    assert [what for what, found in kept.items() if not found] == []


async def test_everybody_is_found_while_they_are_there(tmp_path: Path) -> None:
    async with open_service(tmp_path) as analytics:
        await record_all(analytics, somebodies(random.Random(4)))
        for person in LEAVING:
            reference = REFERENCES.reference(person)
            assert found_in(tmp_path, bytes_on_disk.forms(reference))
            assert found_in(tmp_path, bytes_on_disk.rows(tmp_path, person))
            # Of Telegram's number there is nothing at any time.
            assert not found_in(tmp_path, bytes_on_disk.forms(person))
