"""Links and sessions of the admin page, and confirmations, of several processes at one database."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from analytics import AnalyticsService, DatabaseUnavailable
from analytics.telegram import OwnersCleanup
from analytics.telegram.confirmations import VALID_FOR, Confirmations
from bot.web.sessions import MAX_SESSIONS, Sessions
from tests.support.admin_pages import ADMIN, OWNER
from tests.support.clock import Clock
from tests.support.postgres import database_of, execute, locked, needs_postgres
from tests.support.replicas import services
from tests.support.service import days_ago
from tests.support.settings import TOKEN

pytestmark = needs_postgres()


@pytest.fixture
async def two(tmp_path: Path, clock: Clock) -> AsyncIterator[list[AnalyticsService]]:
    async with services(tmp_path, clock) as opened:
        yield opened


@pytest.fixture
def admin_ids() -> set[int]:
    return {ADMIN, OWNER}


@pytest.fixture
def pages(two: list[AnalyticsService], admin_ids: set[int]) -> list[Sessions]:
    return [Sessions(each.tokens, admin_ids, {OWNER}) for each in two]


async def is_there(pages: list[Sessions], token: str) -> set[bool]:
    return {await each.find(token) is not None for each in pages}


async def test_a_link_of_one_replica_begins_one_session_for_all_at_any(
    pages: list[Sessions],
) -> None:
    link = await pages[0].new_link(OWNER)
    begun = await asyncio.gather(*(each.spend(link) for each in pages * 2))
    [session] = [each for each in begun if each]
    viewers = [await each.find(session) for each in pages]

    assert [each and (each.telegram_id, each.is_owner) for each in viewers] == [(OWNER, True)] * 2


async def test_a_session_ends_at_all_replicas(pages: list[Sessions], admin_ids: set[int]) -> None:
    one, other = pages
    kept = await one.begin(OWNER)
    ended, replaced, removed = [await one.begin(ADMIN) for _ in range(3)]
    await other.end(ended)
    after_end = await is_there(pages, ended), await is_there(pages, replaced)
    link = await one.new_link(ADMIN)
    await other.new_link(ADMIN)
    after_link = await is_there(pages, replaced), await one.spend(link)
    removed = await one.begin(ADMIN)
    admin_ids.remove(ADMIN)
    after_removal = await is_there(pages, removed)
    admin_ids.add(ADMIN)

    assert after_end == ({False}, {True})
    assert after_link == ({False}, None)
    assert after_removal == {False}
    assert await is_there(pages, removed) == {False}
    assert await is_there(pages, kept) == {True}


async def test_a_session_lasts_while_it_is_used_at_any_replica(
    pages: list[Sessions], clock: Clock
) -> None:
    session = await pages[0].begin(ADMIN)
    used = []
    for turn in range(4):
        clock.move(minutes=59)
        used.append(await pages[turn % 2].find(session) is not None)
    clock.move(minutes=60)

    assert all(used)
    assert await is_there(pages, session) == {False}


async def test_an_admin_has_as_many_sessions_at_all_replicas_as_at_one(
    pages: list[Sessions],
) -> None:
    begun = [await pages[number % 2].begin(ADMIN) for number in range(MAX_SESSIONS + 2)]

    assert [True in await is_there(pages, each) for each in begun] == [
        False,
        False,
        *[True] * MAX_SESSIONS,
    ]


async def test_who_reads_the_database_learns_neither_a_token_nor_an_admin(
    two: list[AnalyticsService], pages: list[Sessions], tmp_path: Path
) -> None:
    tokens = [await pages[0].begin(ADMIN), await pages[1].new_link(OWNER)]
    rows = str(execute(database_of(tmp_path), "SELECT * FROM bot_analytics.tokens"))

    assert "session" in rows
    assert "link" in rows
    assert not [each for each in (*tokens, str(ADMIN), str(OWNER)) if each in rows]


async def test_an_admin_who_is_erased_has_no_session_left(
    two: list[AnalyticsService], pages: list[Sessions], tmp_path: Path
) -> None:
    link, kept = await pages[1].new_link(ADMIN), await pages[0].begin(OWNER)
    erased = await pages[0].begin(ADMIN)
    await two[1].people.erase(ADMIN)

    assert await is_there(pages, erased) == {False}
    assert await pages[0].spend(link) is None
    assert await is_there(pages, kept) == {True}
    assert execute(database_of(tmp_path), "SELECT count(*) FROM bot_analytics.tokens") == [(1,)]


async def test_what_has_expired_leaves_the_database(
    pages: list[Sessions], tmp_path: Path, clock: Clock
) -> None:
    for admin in (ADMIN, OWNER):
        await pages[0].begin(admin)
    clock.move(hours=2)
    await pages[1].begin(ADMIN)

    assert execute(database_of(tmp_path), "SELECT count(*) FROM bot_analytics.tokens") == [(1,)]


def deleting(analytics: AnalyticsService) -> OwnersCleanup:
    confirmations = Confirmations(TOKEN, analytics.clock, analytics.tokens)
    return OwnersCleanup(analytics, confirmations, analytics.clock)


async def test_what_is_confirmed_at_two_replicas_at_once_is_done_at_one_and_the_other_says_so(
    two: list[AnalyticsService], clock: Clock
) -> None:
    await two[0].record(days_ago(100, 5))
    owners = [deleting(each) for each in two]
    _, button = await owners[0].offer(90, OWNER)
    assert button
    told = await asyncio.gather(*(each.confirm(button.pack(), OWNER) for each in owners * 2))
    later = [await each.confirm(button.pack(), OWNER) for each in owners]
    entries = await two[1].audit_log.entries([OWNER])

    assert len([each for each in told if "Deleted:</b> 5 " in each]) == 1
    assert len([each for each in (*told, *later) if "Nothing was deleted." in each]) == 5
    assert [each.telegram_id for each in entries] == [OWNER]


@pytest.mark.parametrize(
    ("behind", "is_valid"),
    [
        (timedelta(seconds=30), True),
        (timedelta(minutes=2), False),
        (-VALID_FOR, True),
        (-VALID_FOR - timedelta(seconds=1), False),
    ],
)
async def test_a_button_of_another_replica_is_valid_though_its_clock_is_a_little_ahead(
    two: list[AnalyticsService], clock: Clock, behind: timedelta, is_valid: bool
) -> None:
    await two[0].record(days_ago(100, 5))
    _, button = await deleting(two[0]).offer(90, OWNER)
    assert button
    clock.now -= behind

    assert (await deleting(two[1]).confirmed(button, OWNER) == 90) is is_valid


@pytest.mark.usefixtures("impatient")
async def test_what_cannot_be_used_up_confirms_nothing_and_can_be_confirmed_later(
    two: list[AnalyticsService], tmp_path: Path
) -> None:
    await two[0].record(days_ago(100, 5))
    owners = deleting(two[0])
    _, button = await owners.offer(90, OWNER)
    assert button
    with locked(tmp_path), pytest.raises(DatabaseUnavailable):
        await owners.confirm(button.pack(), OWNER)

    assert "Deleted:</b> 5 " in await owners.confirm(button.pack(), OWNER)
