"""Alerts of several processes at one database: each is sent once, and muted everywhere."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from analytics import AnalyticsService
from tests.support.clock import Clock
from tests.support.postgres import locked, needs_postgres
from tests.support.replicas import services
from tests.support.service import SOMEBODY

pytestmark = needs_postgres()
ADMIN = SOMEBODY
DAY = timedelta(days=1)


@pytest.fixture
async def analytics(tmp_path: Path, clock: Clock) -> AsyncIterator[list[AnalyticsService]]:
    async with services(tmp_path, clock, 3) as opened:
        yield opened


async def claims(analytics: list[AnalyticsService], clock: Clock) -> int:
    """How many of all processes, which ask at once, are to send an alert."""
    return sum(
        await asyncio.gather(
            *(each.alert_state.claim("silence", clock(), DAY) for each in analytics)
        )
    )


async def test_an_alert_is_that_of_one_process_and_the_next_one_a_day_later(
    analytics: list[AnalyticsService], clock: Clock
) -> None:
    first = await claims(analytics, clock)
    clock.move(hours=23)
    soon = await claims(analytics, clock)
    clock.move(hours=1)
    later = await claims(analytics, clock)

    assert (first, soon, later) == (1, 0, 1)
    assert {await each.alert_state.last("silence") for each in analytics} == {
        clock().replace(microsecond=0)
    }


async def test_an_alert_that_is_taken_back_may_be_sent_by_another_process(
    analytics: list[AnalyticsService], clock: Clock
) -> None:
    await analytics[0].alert_state.claim("silence", clock(), DAY)
    await analytics[0].alert_state.note("silence", None)

    assert await claims(analytics[1:], clock) == 1


async def test_a_moment_that_a_wrong_clock_noted_keeps_nobody_from_sending(
    analytics: list[AnalyticsService], clock: Clock
) -> None:
    await analytics[0].alert_state.note("silence", clock() + 400 * DAY)

    assert await claims(analytics, clock) == 1


@pytest.mark.usefixtures("impatient")
async def test_while_the_database_cannot_be_written_each_process_sends_and_then_knows_it(
    analytics: list[AnalyticsService], clock: Clock, tmp_path: Path
) -> None:
    with locked(tmp_path):
        failing = await claims(analytics, clock)
        again = await claims(analytics, clock)
    while not await analytics[0].alert_state.last("silence"):  # noqa: ASYNC110 - in the backlog
        await asyncio.sleep(0)
    works = await claims(analytics, clock)

    assert (failing, again, works) == (len(analytics), 0, 0)


async def test_what_is_muted_or_unmuted_at_one_process_is_so_at_the_others_at_once(
    analytics: list[AnalyticsService],
) -> None:
    one, other, _ = (each.alert_state for each in analytics)
    before = await other.muted(ADMIN)
    await one.mute(ADMIN, "digest")
    muted = await other.muted(ADMIN)
    await other.unmute(ADMIN, "digest")
    unmuted = await one.muted(ADMIN)
    await one.mute(ADMIN, "silence")
    await analytics[2].people.erase(ADMIN)

    assert (before, muted, unmuted) == (set(), {"digest"}, set())
    assert await other.muted(ADMIN) == set()


@pytest.mark.usefixtures("impatient")
async def test_a_mute_that_waits_counts_here_until_it_is_written_and_what_others_say_then(
    analytics: list[AnalyticsService], tmp_path: Path
) -> None:
    one, other, _ = (each.alert_state for each in analytics)
    with locked(tmp_path):
        await one.mute(ADMIN, "digest")
        waiting = await one.muted(ADMIN), await other.muted(ADMIN)
    while not await other.muted(ADMIN):  # noqa: ASYNC110 - it is in the backlog of another
        await asyncio.sleep(0)
    await other.unmute(ADMIN, "digest")

    assert waiting == ({"digest"}, set())
    assert await one.muted(ADMIN) == set()


async def test_the_newest_update_is_that_of_all_processes(
    analytics: list[AnalyticsService], clock: Clock
) -> None:
    noon = int(clock().timestamp()) // 3600 * 3600
    for number, moment in enumerate((noon, noon - 3600, noon - 7200)):
        await analytics[number].alert_state.note_update(moment)
    newest = {await each.alert_state.newest_update() for each in analytics}

    assert [moment and moment.timestamp() for moment in newest] == [noon]
