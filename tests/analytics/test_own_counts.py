"""`analytics.count` counts a declared event, once, whatever ends the process."""

import asyncio
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from analytics import Access, AnalyticsService, InteractionsLost, recording
from analytics.events import EventKind
from analytics.events.handling import handling
from analytics.sqlite import database
from analytics.sqlite.files import spool
from tests.support.killed import killed
from tests.support.outcomes import at_least, counted
from tests.support.second_connection import NAME, locked, select
from tests.support.service import SOMEBODY, interaction, open_service
from tests.support.statements import TRANSACTION, Statement, statements, transactions

EVENTS = ("order_placed", "refund")
OTHER = SOMEBODY + 1


def own(folder: Path) -> dict[str, int]:
    return counted(folder, EventKind.OWN)


async def test_an_event_is_committed_when_count_returns(tmp_path: Path) -> None:
    async with open_service(tmp_path, events=EVENTS) as analytics:
        committed = await analytics.count("order_placed"), await analytics.count("refund", 3)
        seen = own(tmp_path)
        assert await analytics.count("refund", times=0)

    assert committed == (True, True)
    assert seen == own(tmp_path) == {"order_placed": 1, "refund": 3}
    assert select(tmp_path, "SELECT count(*) FROM users") == [(0,)]


async def test_many_events_at_once_share_transactions(tmp_path: Path) -> None:
    async with open_service(tmp_path, events=EVENTS) as analytics:
        with transactions() as committed:
            await asyncio.gather(*(analytics.count("refund") for _ in range(100)))

    assert own(tmp_path) == {"refund": 100}
    assert committed.count <= 2


async def test_what_is_not_declared_is_refused_and_nothing_is_counted(tmp_path: Path) -> None:
    async with open_service(tmp_path, events=EVENTS) as analytics:
        with pytest.raises(ValueError, match="the declared ones are refund, order_placed"):
            await analytics.count("refunt")
    with pytest.raises(ValueError, match="'Refund' cannot be an event"):
        async with open_service(tmp_path, events=["Refund"]):
            pass

    assert own(tmp_path) == {}


async def test_only_the_owner_counts(tmp_path: Path) -> None:
    async with open_service(tmp_path, events=EVENTS):
        pass
    for access in (Access.SHARE, Access.READ):
        async with open_service(tmp_path, events=EVENTS, access=access) as analytics:
            with pytest.raises(RuntimeError, match="only the owner of the database records"):
                await analytics.count("refund")


async def test_in_a_handler_it_is_counted_for_the_person_and_not_if_they_opted_out(
    tmp_path: Path,
) -> None:
    async with open_service(tmp_path, events=EVENTS) as analytics:
        await analytics.people.opt_out(OTHER)
        for telegram_id in (SOMEBODY, OTHER, SOMEBODY):
            with handling(telegram_id):
                assert await analytics.count("order_placed")
        with handling(SOMEBODY + 2, is_counted=False):
            assert await analytics.count("order_placed")
        with handling(None):
            await analytics.count("refund")

    assert own(tmp_path) == {"order_placed": 2, "refund": 1}
    assert at_least(tmp_path, EventKind.OWN) == {"order_placed": 1, "refund": 0}
    assert select(tmp_path, "SELECT count(*) FROM users") == [(0,)]


async def test_what_a_handler_leaves_behind_counts_for_nobody(tmp_path: Path) -> None:
    """A job of somebody else may run in what a handler has begun."""
    goes_on = asyncio.Event()

    async def later(analytics: AnalyticsService) -> None:
        await goes_on.wait()
        await analytics.count("refund")

    async with open_service(tmp_path, events=EVENTS) as analytics:
        await analytics.people.opt_out(SOMEBODY)
        with handling(SOMEBODY):
            task = asyncio.create_task(later(analytics))
        goes_on.set()
        await task

    assert at_least(tmp_path, EventKind.OWN) == {"refund": 0}


@pytest.mark.usefixtures("impatient")
async def test_while_the_database_fails_it_waits_on_the_disk_and_is_counted_once(
    tmp_path: Path,
) -> None:
    async with open_service(tmp_path, events=EVENTS) as analytics:
        await analytics.record([interaction()])
        with locked(tmp_path), handling(SOMEBODY):
            assert not await analytics.count("order_placed", 2)
            waiting = analytics.backlog
            left = killed(tmp_path)
    async with open_service(left, events=()):
        pass

    assert waiting == 0  # interactions
    assert own(tmp_path) == own(left) == {"order_placed": 2}
    async with open_service(left):
        pass
    assert own(left) == {"order_placed": 2}


@pytest.mark.usefixtures("impatient")
async def test_an_event_that_takes_too_long_is_counted_once(tmp_path: Path) -> None:
    """A spool that held it as well could not be told from it."""
    left: list[Path] = []

    async def killing(sql: str, run: Statement) -> Any:
        answer = await run()
        if sql == TRANSACTION:
            left.append(killed(tmp_path))
        return answer

    with (
        patch.object(database, "BUSY_MS_OWN", 60_000),
        patch.object(recording, "COMMIT_TIMEOUT", 0),
    ):
        async with open_service(tmp_path, events=EVENTS) as analytics:
            with statements(killing), locked(tmp_path):
                committed = await analytics.count("refund")
    async with open_service(left[0]):
        pass

    assert not committed
    assert own(left[0]) == own(tmp_path) == {"refund": 1}


@pytest.mark.usefixtures("impatient")
async def test_an_event_that_could_be_written_nowhere_is_told(tmp_path: Path) -> None:
    async def ends_with_both_refused() -> None:
        with ExitStack() as stack:
            async with open_service(tmp_path, events=EVENTS) as analytics:
                stack.enter_context(locked(tmp_path))
                spool(tmp_path / NAME).mkdir()
                assert not await analytics.count("refund")

    with pytest.raises(InteractionsLost, match="0 interactions and 1 requests are lost"):
        await ends_with_both_refused()
