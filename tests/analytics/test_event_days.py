"""Commands, buttons and start links by day: the days of the zone, as far as they are known."""

from datetime import date, timedelta
from pathlib import Path

from analytics import Event, EventKind, InteractionType
from tests.support.clock import Clock
from tests.support.service import SOMEBODY, interaction, open_service

DAY = timedelta(days=1)
HELP, PAGE = Event(EventKind.COMMAND, "help"), Event(EventKind.BUTTON, "page")


async def test_words_are_counted_by_the_day_of_the_zone(tmp_path: Path, clock: Clock) -> None:
    """NOW is the first of June at noon: 13 hours earlier it is the same day in Tokyo only."""
    async with open_service(tmp_path, clock=clock, timezone="Asia/Tokyo") as analytics:
        said = [interaction(13 * timedelta(hours=1)), interaction(), interaction(2 * DAY)]
        await analytics.record(said, None, [[HELP], [HELP, PAGE], [HELP]])
        days = await analytics.reports.event_days()

    assert days.counts is not None
    found = [days.of(EventKind.COMMAND, "help", date(2026, 6, 1) - n * DAY) for n in range(4)]
    assert found == [2, 0, 1, None]
    assert days.of(EventKind.BUTTON, "page", date(2026, 6, 1)) == 1
    assert days.of(EventKind.BUTTON, "other", date(2026, 6, 1)) == 0


async def test_what_was_deleted_is_not_known(tmp_path: Path, clock: Clock) -> None:
    async with open_service(tmp_path, clock=clock) as analytics:
        said = [interaction(days * DAY) for days in (0, 40, 60)]
        await analytics.record(said, None, [[HELP]] * 3)
        await analytics.cleanup_old_interactions(days=50)
        days = await analytics.reports.event_days()

    assert days.since == date(2026, 6, 1) - 50 * DAY
    found = [days.of(EventKind.COMMAND, "help", date(2026, 6, 1) - n * DAY) for n in (40, 60)]
    assert found == [1, None]


async def test_days_of_few_people_are_hidden_and_those_of_intervals_wait_for_their_end(
    tmp_path: Path, clock: Clock
) -> None:
    command = InteractionType.COMMAND
    async with open_service(tmp_path, clock=clock, breakdown_min_users=3) as analytics:
        said = [interaction(person=SOMEBODY + n, interaction_type=command) for n in range(9)]
        await analytics.record(said, None, [[HELP]] * 9)
        assert (await analytics.reports.event_days()).counts is None
    options = {"clock": clock, "report_interval": timedelta(hours=1)}
    async with open_service(tmp_path, **options) as analytics:
        clock.move(hours=1)
        before = await analytics.reports.event_days()
        await analytics.record([interaction(-timedelta(minutes=61))], None, [[HELP]])
        same = await analytics.reports.event_days()
        clock.move(hours=1)
        after = await analytics.reports.event_days()

    counts = [
        each.of(EventKind.COMMAND, "help", clock.now.date()) for each in (before, same, after)
    ]
    assert counts == [9, 9, 10]
