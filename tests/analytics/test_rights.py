"""A person's own data: seen, erased and stopped, whatever happened before and whatever goes on."""

import asyncio
import json
import sqlite3
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from analytics import Access, Erasure, InteractionType, Pseudonyms
from analytics.privacy.personal_data import as_json
from analytics.sqlite.database import Database
from analytics.sqlite.queries import personal_data, retention
from tests.support.clock import NOW
from tests.support.examples import examples
from tests.support.model import (
    PEOPLE,
    PERSON,
    SAID,
    STEPS,
    Model,
    Step,
    differences,
    differences_after,
    open_hourly,
    take,
)
from tests.support.recount import inconsistencies
from tests.support.second_connection import NAME, locked, select, total
from tests.support.service import (
    KEY,
    SOMEBODY,
    failing_at_once,
    interaction,
    open_service,
    run_once,
)
from tests.support.statements import Statement, statements

REFERENCES = Pseudonyms(KEY)
A = (PEOPLE[0], InteractionType.MESSAGE, 0)
B = (PEOPLE[1], InteractionType.MESSAGE, 0)


@settings(max_examples=examples(30))
@given(steps=STEPS)
@example(steps=[("opt_out", PEOPLE[0]), ("record", [A, B], True), ("reopen",), ("again",)])
@example(steps=[("record", [A, A, B], True), ("opt_out", PEOPLE[0]), ("erase", PEOPLE[0])])
@example(steps=[("opt_out", PEOPLE[0]), ("record", [A], True), ("opt_in", PEOPLE[0]), ("again",)])
async def test_a_persons_data_is_what_was_recorded_of_them_after_any_history(
    steps: list[Step],
) -> None:
    with tempfile.TemporaryDirectory() as name:
        found = await differences_after(steps, Path(name))

    assert found == []


OTHERS = """
    SELECT users.id, reference, last_seen, rows, timestamp, interaction_type, count
    FROM users JOIN interactions ON user_id = users.id
    WHERE reference <> ? ORDER BY timestamp, users.id, interaction_type
"""
OF_PERSON = "SELECT count(*) FROM users WHERE reference = ?"


@settings(max_examples=examples(20))
@given(said=st.lists(SAID, min_size=1, max_size=40), person=PERSON)
async def test_erasing_removes_all_of_one_and_nothing_of_another(
    said: list[Any], person: int
) -> None:
    reference = (REFERENCES.reference(person),)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        async with open_hourly(folder) as analytics:
            await take(analytics, Model(), ("record", said, True))
            others = select(folder, OTHERS, reference)
            updates = select(folder, "SELECT * FROM remembered_updates")
            await analytics.people.erase(person)
            after = select(folder, OTHERS, reference)

            assert after == others
            assert select(folder, OF_PERSON, reference) == [(0,)]
            assert select(folder, "SELECT * FROM remembered_updates") == updates
            assert inconsistencies(folder / NAME) == []


async def test_nothing_at_all_is_left_of_somebody_who_opted_out_before(tmp_path: Path) -> None:
    async with open_service(tmp_path) as analytics:
        await analytics.people.opt_out(SOMEBODY)
        before = dump(tmp_path)
        assert await analytics.record([interaction()] * 3, [1, 2, 3])

    # The numbers of the updates refer to nobody.
    assert [line for line in dump(tmp_path) if "remembered_updates" not in line] == [
        line for line in before if "remembered_updates" not in line
    ]


def dump(folder: Path) -> list[str]:
    with closing(sqlite3.connect(folder / NAME)) as database:
        return list(database.iterdump())


async def test_the_file_for_a_person_holds_all_of_them_and_nothing_of_another(
    tmp_path: Path,
) -> None:
    async with open_hourly(tmp_path) as analytics:
        await analytics.record([interaction(), interaction(timedelta(days=2))])
        await analytics.record([interaction(timedelta(days=1), SOMEBODY + 1)])
        file = json.loads(as_json(await analytics.people.personal_data(SOMEBODY), NOW))

    assert file["reference"] == str(REFERENCES.reference(SOMEBODY))
    assert file["opted_out"] is False
    assert [row["timestamp"] for row in file["interactions"]] == [
        "2026-05-30T12:00:00Z",
        "2026-06-01T12:00:00Z",
    ]


IN_ONE_GO = ["record", "opt_out", "record", "opt_in", "record", "opt_out", "record", "erase"]


@settings(max_examples=examples(15))
@given(
    names=st.lists(st.sampled_from(["record", "opt_out", "opt_in"]), min_size=1, max_size=12),
    fails=st.booleans(),
)
@example(names=["record", "opt_out", "record", "opt_in", "record"], fails=False)
@example(names=["record", "opt_out", "record", "opt_in", "record"], fails=True)
async def test_what_is_asked_in_one_go_is_done_in_that_order(names: list[str], fails: bool) -> None:
    """Also while the database fails, and the backlog is worked off later."""
    model = Model()
    with tempfile.TemporaryDirectory() as name, failing_at_once():
        folder = Path(name)
        async with open_hourly(folder) as analytics:
            waiting = []
            for number, what in enumerate(names):
                match what:
                    case "record":
                        said = [interaction(timedelta(hours=number))]
                        model.record(said, [number])
                        waiting.append(analytics.record(said, [number]))
                    case "opt_out":
                        model.opted_out.add(SOMEBODY)
                        waiting.append(analytics.people.opt_out(SOMEBODY))
                    case "opt_in":
                        model.opted_out.discard(SOMEBODY)
                        waiting.append(analytics.people.opt_in(SOMEBODY))
            if fails:
                with locked(folder):
                    answers = await asyncio.gather(*waiting)
                assert not any(answers)
            else:
                assert all(await asyncio.gather(*waiting))
        async with open_hourly(folder) as analytics:
            found = await differences(analytics, model, folder)

    assert found == []


async def test_erasing_reaches_what_still_waits_to_be_recorded(tmp_path: Path) -> None:
    async with open_service(tmp_path) as analytics:
        recording = asyncio.create_task(analytics.record([interaction()]))
        erasing = asyncio.create_task(analytics.people.erase(SOMEBODY))
        await asyncio.gather(recording, erasing)

    assert erasing.result() == Erasure(1, compacted=True)
    assert select(tmp_path, "SELECT count(*) FROM users") == [(0,)]


@contextmanager
def after_looking_for_rows(happens: Callable[[], Awaitable[None]]) -> Iterator[None]:
    """Let something happen between the look for a person's rows and their deletion."""
    scan = Database.scan

    async def and_then(self: Database, sql: str, *parameters: Any) -> list[Any]:
        rows = await scan(self, sql, *parameters)
        if sql == personal_data.MOMENTS:
            await happens()
        return rows

    with patch.object(Database, "scan", and_then):
        yield


@pytest.mark.parametrize("newer", [False, True])
async def test_erasing_reaches_what_is_recorded_after_the_rows_were_looked_for(
    tmp_path: Path, newer: bool
) -> None:
    """Older than the newest is the harder case: what would stay must not be said to be newer."""
    async with open_service(tmp_path) as analytics:
        await analytics.record([interaction(timedelta(hours=1)), interaction(person=SOMEBODY + 1)])
        late = [interaction(timedelta(minutes=0 if newer else 90))]

        async def record() -> None:
            if late:
                assert await analytics.record([late.pop()])

        with after_looking_for_rows(record):
            erasure = await analytics.people.erase(SOMEBODY)

    assert erasure == Erasure(2, compacted=True)
    assert inconsistencies(tmp_path / NAME) == []
    assert select(tmp_path, "SELECT reference FROM users") == [
        (REFERENCES.reference(SOMEBODY + 1),)
    ]


async def test_a_command_erases_all_or_nothing_while_the_bot_records_the_person(
    tmp_path: Path,
) -> None:
    """As if the bot recorded a row each time after the command has looked for them."""
    hours_ago = iter(range(1, 1000))
    async with (
        open_service(tmp_path) as bot,
        open_service(tmp_path, access=Access.SHARE) as command,
    ):
        await bot.record([interaction(), interaction(person=SOMEBODY + 1)])

        async def record() -> None:
            assert await bot.record([interaction(timedelta(hours=next(hours_ago)))])

        with after_looking_for_rows(record):
            never = await command.people.erase(SOMEBODY)
        untouched = inconsistencies(tmp_path / NAME)
        erasure = await command.people.erase(SOMEBODY)

    assert never is None
    assert untouched == []
    assert erasure == Erasure(next(hours_ago), compacted=False)
    assert inconsistencies(tmp_path / NAME) == []


async def test_erasing_a_person_who_goes_on_writing_ends_and_loses_nothing_of_others(
    tmp_path: Path,
) -> None:
    batches = 60
    async with open_service(tmp_path) as analytics:

        async def goes_on() -> None:
            for number in range(batches):
                ago = timedelta(seconds=number)
                await analytics.record([interaction(ago), interaction(ago, SOMEBODY + 1)])

        writing = asyncio.create_task(goes_on())
        erased = 0
        while not writing.done():
            erasure = await analytics.people.erase(SOMEBODY)
            assert erasure
            erased += erasure.interactions
            assert inconsistencies(tmp_path / NAME) == []
        await writing
        # What was recorded while the file was compacted may still wait.
        data = [await analytics.people.personal_data(SOMEBODY + each) for each in (0, 1)]
        left, others = (len(each.interactions) + each.waiting for each in data)

    assert others == batches
    assert erased + left == batches


async def test_while_another_program_locks_the_file_nothing_is_erased_and_later_it_is(
    tmp_path: Path,
) -> None:
    with failing_at_once():
        async with open_service(tmp_path) as analytics:
            await analytics.record([interaction()])
            with locked(tmp_path):
                refused = await analytics.people.erase(SOMEBODY)
                kept = select(tmp_path, "SELECT sum(count) FROM interactions")
            async with asyncio.timeout(30):
                while await analytics.people.erase(SOMEBODY) is None:
                    pass

    assert refused is None
    assert kept == [(1,)]
    assert select(tmp_path, "SELECT count(*) FROM interactions") == [(0,)]
    assert inconsistencies(tmp_path / NAME) == []


async def test_a_command_that_finds_the_file_locked_says_so_and_erases_nothing(
    tmp_path: Path,
) -> None:
    await run_once(tmp_path, [interaction()])
    with failing_at_once():
        async with open_service(tmp_path, access=Access.SHARE) as command:
            with locked(tmp_path):
                assert await command.people.erase(SOMEBODY) is None

    assert total(tmp_path) == 1


async def test_erasing_somebody_unknown_does_not_rewrite_the_file(tmp_path: Path) -> None:
    async with open_service(tmp_path) as analytics:
        await analytics.record([interaction()])
        before = dump(tmp_path)
        with patch.object(Database, "compact", side_effect=AssertionError):
            erasure = await analytics.people.erase(SOMEBODY + 1)

    assert erasure == Erasure(0, compacted=True)
    assert dump(tmp_path) == before


@pytest.mark.parametrize("interrupted", [0, 1, 2])
async def test_what_is_deleted_while_the_file_is_compacted_is_compacted_away_too(
    tmp_path: Path, interrupted: int
) -> None:
    """Before the first checkpoint, before the VACUUM, and after it."""
    async with open_service(tmp_path) as analytics:
        await analytics.record([interaction(), interaction(timedelta(days=91), SOMEBODY + 1)])
        steps = 0
        cleaning_up: list[asyncio.Task[int]] = []
        deleted = asyncio.Event()

        async def meanwhile(sql: str, run: Statement) -> Any:
            nonlocal steps
            if sql == "VACUUM" or "wal_checkpoint" in sql:
                steps += 1
                if steps == interrupted + 1:
                    cleaning_up.append(asyncio.create_task(analytics.cleanup_old_interactions()))
                    await deleted.wait()
            rows = await run()
            if sql == retention.DELETE and not rows:
                deleted.set()
            return rows

        with statements(meanwhile):
            erasure = await analytics.people.erase(SOMEBODY)
            count = await cleaning_up[0]
        report = await analytics.get_admin_analytics_report()

    assert erasure == Erasure(1, compacted=False)
    assert count == 1
    assert not report.compaction_pending
    # The second had to compact again.
    assert steps == 6
