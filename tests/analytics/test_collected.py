"""Outcomes cost no commit of their own: they wait in memory for the next, and are counted once."""

import asyncio
import tempfile
from collections import Counter
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics import AnalyticsService, DatabaseUnavailable, recording
from analytics.events import EventKind, collected
from analytics.notices import RecordingFails, RecordingWorks
from analytics.sqlite.files import spool
from analytics.sqlite.queries.recording import RecordingQueries
from analytics.store_types import Batch
from tests.support.clock import Clock
from tests.support.examples import examples
from tests.support.killed import killed
from tests.support.outcomes import at_least, failed, handled, outcomes
from tests.support.second_connection import NAME, locked, select, total
from tests.support.service import SOMEBODY, interaction, open_service
from tests.support.statements import transactions

HANGS = 30  # seconds
HELP = handled("help", 0.2)
OTHER = SOMEBODY + 1


async def recorded(analytics: AnalyticsService) -> None:
    """Wait until everything is committed that was begun."""
    await analytics.record([interaction()])


async def test_outcomes_go_into_the_transaction_of_the_next_batch(tmp_path: Path) -> None:
    async with open_service(tmp_path) as analytics:
        with transactions() as committed:
            for number in range(50):
                await analytics.record([interaction()])
                analytics.count_outcome([HELP if number % 2 else failed("help")], SOMEBODY)

    assert committed.count == 50  # the last outcome was committed at the end
    assert outcomes(tmp_path) == {"handled help": 25, "failed help": 25}


async def test_the_minutes_maintenance_commits_them_and_without_any_commits_nothing(
    tmp_path: Path,
) -> None:
    async with open_service(tmp_path) as analytics:
        await analytics.maintenance.run()
        with transactions() as committed:
            await analytics.maintenance.run()
            without = committed.count
            for _ in range(3):
                analytics.count_outcome([HELP], SOMEBODY)
            before = outcomes(tmp_path)
            await analytics.maintenance.run()
            await asyncio.wait_for(committed.committed.wait(), HANGS)
        left = killed(tmp_path)

    assert (without, committed.count) == (0, 1)
    assert before == {}
    assert outcomes(left) == outcomes(tmp_path) == {"handled help": 3}


async def test_a_kill_loses_what_waits_and_counts_nothing_twice(tmp_path: Path) -> None:
    async with open_service(tmp_path) as analytics:
        analytics.count_outcome([HELP], SOMEBODY)
        await recorded(analytics)
        analytics.count_outcome([HELP], SOMEBODY)
        left = killed(tmp_path)
    async with open_service(left) as analytics:
        await recorded(analytics)

    assert outcomes(left) == {"handled help": 1}
    assert outcomes(tmp_path) == {"handled help": 2}


@pytest.mark.usefixtures("impatient")
async def test_while_the_database_fails_they_wait_in_memory_and_are_counted_once(
    tmp_path: Path,
) -> None:
    async with open_service(tmp_path) as analytics:
        await recorded(analytics)
        with locked(tmp_path):
            for _ in range(3):
                analytics.count_outcome([HELP], SOMEBODY)
                await analytics.maintenance.run()
                await analytics.record([interaction()])
            is_recording = analytics.is_recording
        async with asyncio.timeout(HANGS):
            while await analytics.notices.get() != RecordingWorks():
                pass
        assert total(tmp_path) == 4

    assert not is_recording
    assert outcomes(tmp_path) == {"handled help": 3}


@pytest.mark.usefixtures("impatient")
async def test_what_the_minute_could_not_commit_is_committed_once_that_works_again(
    tmp_path: Path,
) -> None:
    """Although nothing else is recorded."""
    async with open_service(tmp_path) as analytics:
        await recorded(analytics)
        with locked(tmp_path):
            analytics.count_outcome([HELP], SOMEBODY)
            await analytics.maintenance.run()
            async with asyncio.timeout(HANGS):
                assert await analytics.notices.get() == RecordingFails()
        async with asyncio.timeout(HANGS):
            assert await analytics.notices.get() == RecordingWorks()
        counted, is_recording = outcomes(tmp_path), analytics.is_recording

    assert (counted, is_recording) == ({"handled help": 1}, True)


@pytest.mark.usefixtures("impatient")
async def test_what_cannot_be_committed_at_the_end_is_lost_with_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with ExitStack() as stack:
        async with open_service(tmp_path) as analytics:
            await recorded(analytics)
            stack.enter_context(locked(tmp_path))
            analytics.count_outcome([HELP], SOMEBODY)
    assert "could not be counted" in caplog.text
    assert not spool(tmp_path / NAME).exists()
    assert outcomes(tmp_path) == {}


async def test_a_failed_transaction_counts_nothing_and_the_next_one_all(tmp_path: Path) -> None:
    record, fails = RecordingQueries.record, [True, True, False]

    async def failing(self: RecordingQueries, batch: Batch) -> None:
        if fails.pop(0):
            raise DatabaseUnavailable("locked", "try again")
        await record(self, batch)

    with (
        patch.object(RecordingQueries, "record", failing),
        patch.object(recording, "RETRY_SECONDS", 0),
    ):
        async with open_service(tmp_path) as analytics:
            analytics.count_outcome([HELP], SOMEBODY)
            await analytics.record([interaction()])

    assert outcomes(tmp_path) == {"handled help": 1}
    assert total(tmp_path) == 1


async def test_those_of_people_who_opted_out_are_not_counted(tmp_path: Path) -> None:
    async with open_service(tmp_path) as analytics:
        await analytics.people.opt_out(SOMEBODY)
        analytics.count_outcome([HELP], SOMEBODY)
        analytics.count_outcome([HELP], OTHER)
        analytics.count_outcome([HELP], None)

    assert outcomes(tmp_path) == {"handled help": 2}
    assert set(at_least(tmp_path, EventKind.HANDLED).values()) == {1}
    assert select(tmp_path, "SELECT count(*) FROM users") == [(0,)]


async def test_what_waits_is_bounded(tmp_path: Path) -> None:
    with patch.object(collected, "MAX_SUMS", 10):
        async with open_service(tmp_path) as analytics:
            for person in [*range(20), *range(20)]:
                analytics.count_outcome([HELP], SOMEBODY + person)

    assert outcomes(tmp_path) == {"handled help": 20}
    assert set(at_least(tmp_path, EventKind.HANDLED).values()) == {10}


async def test_after_a_change_of_key_one_person_is_not_counted_as_two(tmp_path: Path) -> None:
    async with open_service(tmp_path, pseudonym_key=None) as analytics:
        analytics.count_outcome([HELP], SOMEBODY)
        await analytics.maintenance.rotate_key()
        analytics.count_outcome([HELP], SOMEBODY)

    assert outcomes(tmp_path) == {"handled help": 2}
    assert set(at_least(tmp_path, EventKind.HANDLED).values()) == {1}


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("outcome"), st.integers(0, 2), st.sampled_from(["help", "button:buy"])),
        st.tuples(st.just("record"), st.integers(0, 2), st.none()),
        st.tuples(st.just("tick"), st.none(), st.none()),
        st.tuples(st.just("hours"), st.integers(1, 40), st.none()),
        st.tuples(st.just("restart"), st.none(), st.none()),
    ),
    max_size=25,
)


@settings(max_examples=examples(25))
@given(STEPS)
async def test_any_sequence_counts_what_a_plain_list_has(
    steps: list[tuple[str, int | None, str | None]],
) -> None:
    clock, expected = Clock(), Counter[tuple[int, str, str]]()
    folder = Path(tempfile.mkdtemp())
    stack = open_service(folder, clock=clock)
    analytics = await stack.__aenter__()
    try:
        for step, number, word in steps:
            match step:
                case "outcome":
                    event = handled(str(word), 0.2) if number else failed(str(word))
                    analytics.count_outcome([event], SOMEBODY + (number or 0))
                    expected[int(clock().timestamp()) // 86_400, event.kind, event.word] += 1
                case "record":
                    await analytics.record([interaction(person=SOMEBODY + (number or 0))])
                case "tick":
                    await analytics.maintenance.run()
                case "hours":
                    clock.now += timedelta(hours=number or 0)
                case "restart":
                    await stack.__aexit__(None, None, None)
                    stack = open_service(folder, clock=clock)
                    analytics = await stack.__aenter__()
    finally:
        await stack.__aexit__(None, None, None)

    rows = select(folder, "SELECT day, kind, event, count FROM daily_events")
    assert {(day, kind, word): count for day, kind, word, count in rows} == expected


def test_buckets_are_named_by_their_upper_bound() -> None:
    words = [handled("help", seconds).word for seconds in (0, 0.01, 0.011, 0.3, 1, 10, 10.1, 1e9)]

    assert words == [
        *("help 0.01", "help 0.01", "help 0.03", "help 0.3", "help 1", "help 10"),
        *("help more", "help more"),
    ]
