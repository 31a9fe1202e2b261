"""Several processes at one database: what a person asks one of them for holds at all of them."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from unittest.mock import patch

import pytest

from analytics import Access, AnalyticsService, Interaction, InteractionType, Period, time_zones
from tests.support.clock import Clock
from tests.support.postgres import database_of, execute, locked, needs_postgres
from tests.support.replicas import services
from tests.support.service import SOMEBODY, interaction

pytestmark = needs_postgres()
ADA, BO, CY = SOMEBODY, SOMEBODY + 1, SOMEBODY + 2


@pytest.fixture
async def two(tmp_path: Path, clock: Clock) -> AsyncIterator[list[AnalyticsService]]:
    async with services(tmp_path, clock) as opened:
        yield opened


async def counted(analytics: AnalyticsService, person: int = ADA) -> int:
    data = await analytics.people.personal_data(person)
    return sum(row.count for row in data.interactions)


async def waits(analytics: AnalyticsService, folder: Path, first: int, *said: Interaction) -> None:
    """Record, from the `first` update id on, what has to wait in the spool of a process."""
    with locked(folder):
        assert not await analytics.record(said, list(range(first, first + len(said))))


async def written(analytics: AnalyticsService) -> None:
    while analytics.backlog:  # noqa: ASYNC110 - nobody is told
        await asyncio.sleep(0)


async def test_who_opts_out_at_one_process_is_not_counted_at_the_other_from_then_on(
    two: list[AnalyticsService],
) -> None:
    one, other = two
    await other.record([interaction()])
    await one.people.opt_out(ADA)
    await other.record([interaction()])
    out = await counted(other)
    await other.people.opt_in(ADA)
    await one.record([interaction()])

    assert out == 1
    assert await counted(one) == 2


async def test_who_is_erased_at_one_process_is_new_at_the_other(
    two: list[AnalyticsService], clock: Clock
) -> None:
    one, other = two
    for each in two:
        await each.record([interaction(timedelta(days=1)), interaction()])
    erasure = await one.people.erase(ADA)
    gone = await counted(other)
    clock.move(hours=1)
    await other.record([Interaction(ADA, InteractionType.MESSAGE, clock())])
    report = await one.reports.period(Period.DAY)

    assert erasure
    assert (erasure.interactions, gone, await counted(one)) == (4, 0, 1)
    assert report.new_users == 1


async def test_an_update_is_counted_once_whichever_processes_get_it(
    two: list[AnalyticsService],
) -> None:
    said = [interaction(person=person) for person in (ADA, BO, CY)]
    await asyncio.gather(*(each.record(said, [1, 2, 3]) for each in two * 3))

    assert (await two[0].get_admin_analytics_report()).total_interactions == 3


@pytest.mark.usefixtures("impatient")
async def test_what_waited_at_a_process_does_not_bring_back_who_was_erased_at_another(
    two: list[AnalyticsService], tmp_path: Path, clock: Clock
) -> None:
    one, other = two
    await waits(other, tmp_path, 1, interaction(), interaction(timedelta(days=2), BO))
    await one.people.erase(ADA)
    await written(other)
    after = [await counted(one, person) for person in (ADA, BO)]
    clock.move(days=1)
    await waits(other, tmp_path, 3, Interaction(ADA, InteractionType.MESSAGE, clock()))
    await written(other)

    assert after == [0, 1]
    assert await counted(one) == 1


@pytest.mark.usefixtures("impatient")
async def test_what_a_killed_process_has_left_does_not_bring_back_who_was_erased_since(
    tmp_path: Path, clock: Clock
) -> None:
    async with services(tmp_path, clock, 1) as [one]:
        with locked(tmp_path):
            await one.record([interaction(), interaction(person=BO)], [1, 2])
            spool = {path: path.read_bytes() for path in (tmp_path / "0").iterdir()}
        await written(one)
        await one.people.erase(ADA)
        await one.people.erase(BO)
        clock.move(days=3)
    # As it was when it was killed; the other has not seen its updates.
    execute(database_of(tmp_path), "DELETE FROM bot_analytics.remembered_updates")
    execute(database_of(tmp_path), "DELETE FROM bot_analytics.spools")
    for path, content in spool.items():
        path.write_bytes(content)
    async with services(tmp_path, clock, 1) as [again]:
        left = [await counted(again, person) for person in (ADA, BO)]

    assert left == [0, 0]


@pytest.mark.parametrize("few", [1, 2])
async def test_what_a_process_remembers_of_people_is_counted_anew_after_an_erasure_elsewhere(
    tmp_path: Path, clock: Clock, few: int
) -> None:
    """Another person takes the place: there are as many interactions as before."""
    async with services(tmp_path, clock, breakdown_min_users=few) as [one, other]:
        ago = timedelta(days=1, hours=2)
        await one.record([interaction(ago, ADA), interaction(ago, BO)])
        before = (await other.reports.period(Period.DAY)).active_users_before
        await one.people.erase(ADA)
        await one.record([interaction(ago, BO)])
        after = (await other.reports.period(Period.DAY)).active_users_before

    assert before == 2
    assert after == (1 if few == 1 else None)


async def test_the_report_of_an_interval_is_that_of_the_first_process_and_stays(
    tmp_path: Path, clock: Clock
) -> None:
    """Another one, of what was recorded since, would differ by what one person did."""
    from analytics.postgres.store import PostgresStore

    begun, goes_on, count = asyncio.Event(), asyncio.Event(), PostgresStore.erasures

    async def slow(store: PostgresStore) -> int:
        if not begun.is_set():
            begun.set()
            await goes_on.wait()
        return await count(store)

    async with services(tmp_path, clock, report_interval=timedelta(hours=1)) as [one, other]:
        await one.record([interaction(person=person) for person in (ADA, BO)])
        clock.move(hours=1)
        with patch.object(PostgresStore, "erasures", slow):
            reporting = asyncio.create_task(other.get_admin_analytics_report())
            await begun.wait()
            await one.record([Interaction(CY, InteractionType.MESSAGE, clock())])
            goes_on.set()
            reports = [await reporting, await one.get_admin_analytics_report()]
        clock.move(hours=1)
        later = await other.get_admin_analytics_report()

    assert [each.total_interactions for each in reports] == [2, 2]
    assert later.total_interactions == 3


async def test_cleanups_of_processes_keep_the_totals_of_all_days_that_they_delete(
    tmp_path: Path, clock: Clock
) -> None:
    async with services(tmp_path, clock, trends_min_users=1) as two:
        ago = [timedelta(days=days) for days in range(1, 60)]
        await two[0].record([interaction(each) for each in ago])
        await asyncio.gather(
            *(each.cleanup_old_interactions(days) for each in two for days in (50, 30, 40))
        )
        history = await two[1].reports.history(timedelta(days=60))
        left = (await two[0].get_admin_analytics_report()).total_interactions

    assert left == 30
    # What was kept of the days before is what was there.
    assert sum(bucket.interactions or 0 for bucket in history.buckets) == 59


@pytest.mark.usefixtures("impatient")
async def test_a_process_with_a_replaced_key_records_nothing(
    two: list[AnalyticsService], caplog: pytest.LogCaptureFixture
) -> None:
    one, other = two
    await other.record([interaction()])
    await one.maintenance.rotate_key()
    recorded = await one.record([interaction()])
    refused = await other.record([interaction(), interaction(person=BO)], [1, 2])
    erased = await other.people.erase(ADA)
    users = (await one.get_admin_analytics_report()).daily_active_users

    assert (recorded, refused, erased) == (True, False, None)
    assert "start all bots at this database again" in caplog.text
    assert not other.is_recording
    assert users == 1


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("patience", [3600, 0])
async def test_who_waits_for_another_process_alerts_nobody_unless_it_takes_long(
    two: list[AnalyticsService], tmp_path: Path, patience: float, caplog: pytest.LogCaptureFixture
) -> None:
    """Another process writes the tables anew, for instance."""
    from analytics.postgres import store

    one, other = two
    with patch.object(store, "PATIENCE_SECONDS", patience):
        with locked(tmp_path):
            recorded = await other.record([interaction()], [1])
            while "lock timeout" not in caplog.text:  # noqa: ASYNC110 - the log tells nobody
                await asyncio.sleep(0)
            seen = other.is_recording, other.notices.qsize()
        await written(other)

    assert not recorded
    assert seen == ((True, 0) if patience else (False, 1))
    assert other.notices.qsize() == 2 * seen[1]
    assert await counted(one) == 1


async def test_a_process_follows_the_time_zone_that_another_has_changed_to(
    two: list[AnalyticsService], clock: Clock, tmp_path: Path
) -> None:
    """It holds from the next hour on."""
    from analytics.postgres.store import open_store

    async with open_store(database_of(tmp_path), Access.OWN) as store:
        await time_zones.agree(store, "Asia/Tokyo", clock())
    for each in two:
        await each.maintenance.run()
    late = int(clock().replace(hour=23).timestamp())
    reports = []
    for each in two:
        clock.move(hours=3)
        await each.record([Interaction(ADA, InteractionType.MESSAGE, clock())])
        reports.append((await each.get_admin_analytics_report()).as_of.utcoffset())

    assert [each.calendar.zone.key for each in two] == ["Asia/Tokyo"] * 2
    assert two[0].calendar.day(late) == late // 86_400 + 1
    assert reports == [timedelta(hours=9)] * 2
