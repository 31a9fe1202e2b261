"""Whoever records, deletes, compacts, reports or starts is cancelled, at each `await` in turn."""

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Coroutine, Generator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

from analytics import AnalyticsService, Interaction, InteractionType
from analytics.privacy import retention
from tests.faults.table import Fault, Row
from tests.support.recount import counts, inconsistencies
from tests.support.second_connection import NAME

KEY = bytes(32)
NOW = datetime(2026, 6, 1, tzinfo=UTC)
RECENT = range(10)
OLD = range(-30, 0)  # past retention
BATCH = range(100, 105)  # what a cancelled `record` was called with
NEXT = range(200, 203)
LEAVES = range(300, 303)  # of somebody who is erased, or not counted
LEAVER = 6_000_000_100
# Old interactions deleted in one statement, so that there are several.
STEP = 10
# Before a path is tried once more, to be surely at the end.
MAX_SUSPENSIONS = 1_000
HANGS = 30.0  # seconds

Action = Callable[[AnalyticsService], Coroutine[Any, Any, object]]


class Stepped:
    """Awaits a coroutine, and cancels the task that does so at its n-th suspension, from 1.

    Either as it begins to wait, or `late`: when what it waits for is there, and the task has not
    gone on yet. `cancelled` is False if the coroutine came to its end before.
    """

    def __init__(self, coroutine: Coroutine[Any, Any, object], at: int, *, late: bool) -> None:
        self._coroutine = coroutine
        self._at = at
        self._late = late
        self.cancelled = False

    def __await__(self) -> Generator[Any, Any, object]:
        task = asyncio.current_task()
        assert task is not None
        steps = self._coroutine.__await__()
        error: BaseException | None = None
        suspensions = 0
        while True:
            try:
                waits_for = next(steps) if error is None else steps.throw(error)
            except StopIteration as end:
                return end.value
            suspensions += 1
            if suspensions == self._at:
                self.cancelled = True
                if self._late and waits_for is not None:
                    waits_for.add_done_callback(lambda _: task.cancel())
                else:
                    task.cancel()
            try:
                error = None
                yield waits_for
            except BaseException as thrown:
                error = thrown


async def is_cancelled(coroutine: Coroutine[Any, Any, object], at: int, *, late: bool) -> bool:
    """False if the coroutine had fewer suspensions than that, and came to its end."""
    stepped = Stepped(coroutine, at, late=late)

    async def caller() -> object:
        return await stepped

    [result] = await asyncio.gather(asyncio.create_task(caller()), return_exceptions=True)
    assert stepped.cancelled or not isinstance(result, BaseException), result
    # A coroutine that swallows its cancellation would keep a shutdown waiting.
    assert isinstance(result, asyncio.CancelledError) or not stepped.cancelled, result
    return stepped.cancelled


def moment(number: int) -> datetime:
    """No two the same, so that each interaction can be found again."""
    return NOW - timedelta(days=100 if number < 0 else 1) + timedelta(minutes=number)


def second(number: int) -> int:
    return int(moment(number).timestamp())


async def record(analytics: AnalyticsService, numbers: range, person: int | None = None) -> bool:
    interactions = [
        Interaction(person or 6_000_000_001 + number % 3, InteractionType.MESSAGE, moment(number))
        for number in numbers
    ]
    return await analytics.record(interactions, [1_000 + number for number in numbers])


async def record_batch(analytics: AnalyticsService) -> None:
    await record(analytics, BATCH)


async def clean_up(analytics: AnalyticsService) -> None:
    await analytics.cleanup_old_interactions()


async def compact(analytics: AnalyticsService) -> None:
    assert await analytics.maintenance.compact_if_due(large_too=True)


async def erase(analytics: AnalyticsService) -> None:
    assert await analytics.people.erase(LEAVER)


async def opt_out(analytics: AnalyticsService) -> None:
    assert await analytics.people.opt_out(LEAVER)


async def report(analytics: AnalyticsService) -> None:
    await analytics.get_admin_analytics_report()


@dataclass(frozen=True, slots=True)
class Case:
    action: Action
    replaced: bool = False
    """Whether the file is deleted before, so that the service has to open a new one first."""


CASES = [
    Case(action, replaced)
    for action in (record_batch, clean_up, compact, erase, opt_out, report)
    for replaced in (False, True)
    # The reading connection notices nothing, and a compaction leaves the healing to the writing.
    if not (replaced and action in (compact, report))
]


def open_service(folder: Path) -> Any:
    return AnalyticsService.open(
        folder / NAME, pseudonym_key=KEY, timestamp_precision=1, clock=lambda: NOW
    )


async def after_cancellation(folder: Path, case: Case, at: int, *, late: bool) -> Row | None:
    """What is in the file afterwards; None if there was nothing left to cancel."""
    async with asyncio.timeout(HANGS), open_service(folder) as analytics:
        assert await record(analytics, OLD)
        assert await record(analytics, RECENT)
        if case.action is erase:
            assert await record(analytics, LEAVES, LEAVER)
        if case.action is compact:
            with closing(sqlite3.connect(folder / NAME)) as other, other:
                other.execute("INSERT INTO file_settings VALUES ('compaction_due', 0)")
        if case.replaced:
            for file in folder.glob(f"{NAME}*"):
                if not file.name.endswith("lock"):
                    file.unlink()
        cancelled = await is_cancelled(case.action(analytics), at, late=late)
        # Nothing is left open: the service goes on at once, and so does another program.
        assert await record(analytics, NEXT)
        with closing(sqlite3.connect(folder / NAME, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            other.execute("ROLLBACK")
        if case.action is erase:
            # All of them are gone, or none.
            left = set(map(second, LEAVES)) & counts(folder / NAME).keys()
            assert len(left) in (0, len(LEAVES))
        if case.action in (erase, opt_out):
            # Somebody who was not told that it was done asks again.
            await case.action(analytics)
        if case.action is opt_out:
            assert await record(analytics, LEAVES, LEAVER)
        if case.action is record_batch:
            # Telegram sends again what it was not told had arrived.
            assert set(map(second, BATCH)) <= counts(folder / NAME).keys()
            assert await record(analytics, BATCH)
        if not case.replaced:
            await analytics.cleanup_old_interactions()
            assert await analytics.maintenance.compact_if_due(large_too=True)
    assert inconsistencies(folder / NAME) == []
    expected = {*NEXT}
    if case.action is record_batch:
        expected |= {*BATCH}
    if not case.replaced:
        expected |= {*RECENT}
    found = counts(folder / NAME)
    assert found.keys() <= set(map(second, expected))
    row = Row(
        injected=1,
        acknowledged=len(expected),
        recorded=sum(found.values()),
        lost=len(set(map(second, expected)) - found.keys()),
        counted_twice=sum(found.values()) - len(found),
    )
    return row if cancelled else None


async def cancelled_everywhere(times: int) -> Row:
    """`times` rounds over all cases and all their suspensions."""
    rows: list[Row] = []
    with patch.object(retention, "STEP", STEP):
        for _ in range(times):
            for case in CASES:
                for late in (False, True):
                    for at in range(1, MAX_SUSPENSIONS):
                        with TemporaryDirectory() as folder:
                            row = await after_cancellation(Path(folder), case, at, late=late)
                        if row is None:
                            break
                        rows.append(row)
    return Row(
        injected=len(rows),
        acknowledged=sum(row.acknowledged for row in rows),
        recorded=sum(row.recorded for row in rows),
        lost=sum(row.lost for row in rows),
        counted_twice=sum(row.counted_twice for row in rows),
    )


async def starts_and_stops(folder: Path) -> None:
    async with open_service(folder) as analytics:
        await record_batch(analytics)


async def start_cancelled_everywhere(*, late: bool) -> int:
    """How often; each time no thread is left, and the next start works and has it all."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        for at in range(1, MAX_SUSPENSIONS):
            before = set(threading.enumerate())
            async with asyncio.timeout(HANGS):
                cancelled = await is_cancelled(starts_and_stops(folder), at, late=late)
            for thread in set(threading.enumerate()) - before:
                # A thread of aiosqlite that is not told to end keeps the process from ending.
                await asyncio.to_thread(thread.join, HANGS)
                assert not thread.is_alive(), f"left by a cancellation at suspension {at}"
            async with asyncio.timeout(HANGS):
                await starts_and_stops(folder)
            assert inconsistencies(folder / NAME) == []
            assert counts(folder / NAME) == dict.fromkeys(map(second, BATCH), 1)
            if not cancelled:
                return at - 1
            if at % 2:
                # Every other time the file is made anew.
                for file in folder.iterdir():
                    file.unlink()
    raise AssertionError("it never comes to its end")


FAULTS = [
    Fault("cancellation at every await of the write path", cancelled_everywhere, short=1, long=20)
]
