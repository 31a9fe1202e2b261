"""Commands by hand while a clock is wrong: they have no Telegram to ask, but the file knows it."""

from datetime import UTC, datetime, timedelta

import pytest

from analytics import Access, AnalyticsService, Interaction, InteractionType, Missing, Period
from tests.support import processes
from tests.support.conversation import ask
from tests.support.recount import counts
from tests.support.second_connection import select
from tests.support.two_clocks import ADMIN, Tale

DAY = timedelta(days=1)
# The computer's clock, beside Telegram's.
WRONG = [timedelta(days=365), timedelta(days=10), timedelta(days=-10), timedelta(days=-400)]


async def has_run(tale: Tale, ahead: timedelta) -> None:
    """The bot has run just now, on a computer whose clock is so far ahead of Telegram's.

    The commands have the clock of whoever runs the tests: Telegram's is moved.
    """
    tale.now -= ahead
    tale.ahead = ahead
    async with tale.bot():
        await tale.stats()
        await tale.what_is_planned()


async def run(tale: Tale, *arguments: str) -> tuple[int, str, str]:
    folder = tale.database.parent
    return await processes.run(folder, *arguments, DATABASE_PATH=str(tale.database))


@pytest.mark.parametrize("ahead", WRONG)
async def test_a_cleanup_by_a_wrong_clock_deletes_nothing_and_says_why(
    ahead: timedelta, tale: Tale
) -> None:
    await has_run(tale, ahead)
    stored = counts(tale.database)
    status, output, errors = await run(tale, "cleanup", "--days", "1")
    dry = await run(tale, "cleanup", "--days", "1", "--dry-run")

    assert (status, output, len(errors.splitlines())) == (2, "", 1)
    assert "the clock of this computer shows" in errors
    assert "--force" in errors
    assert counts(tale.database) == stored
    assert dry[0] == 0
    assert "the clock of this computer shows" in dry[2]


async def test_who_knows_that_the_clock_is_right_can_have_it_deleted(tale: Tale) -> None:
    """The bot was stopped ten days ago."""
    await has_run(tale, 10 * DAY)
    status, output, _ = await run(tale, "cleanup", "--force")

    assert status == 0
    assert output == "1 interactions older than 90 days deleted\n"
    assert not tale.still_there


@pytest.mark.parametrize("ahead", [timedelta(), timedelta(hours=23), timedelta(hours=-23)])
async def test_a_clock_that_is_less_than_a_day_off_needs_no_force(
    ahead: timedelta, tale: Tale
) -> None:
    await has_run(tale, ahead)
    status, output, _ = await run(tale, "cleanup", "--days", "80")

    assert status == 0
    assert output == "1 interactions older than 80 days deleted\n"


async def test_a_clock_before_what_is_recorded_is_wrong_also_where_no_bot_notes_the_time(
    tale: Tale,
) -> None:
    later = datetime.now(UTC) + 10 * DAY
    async with AnalyticsService.open(tale.database, clock=lambda: later) as analytics:
        await analytics.record([Interaction(ADMIN, InteractionType.MESSAGE, later)])
    status, _, errors = await run(tale, "cleanup", "--days", "1")

    assert status == 2
    assert "the clock of this computer shows" in errors


@pytest.mark.parametrize("ahead", WRONG)
async def test_a_backup_by_a_wrong_clock_deletes_none_for_its_age(
    ahead: timedelta, tale: Tale
) -> None:
    await has_run(tale, ahead)
    database_id = _setting(tale, "database_id")
    folder = tale.database.parent / "copies"
    folder.mkdir()
    old = folder / f"analytics-{tale.now - 80 * DAY:%Y%m%dT%H%M%SZ}-{database_id}.sqlite3"
    old.touch()
    status, _, errors = await run(tale, "backup", "copies", "--keep", "7")

    assert status == 0
    assert len(list(folder.iterdir())) == 2
    assert old.exists()
    assert "backups past retention are kept" in errors


@pytest.mark.parametrize("ahead", WRONG)
async def test_who_is_erased_under_a_wrong_clock_is_erased_again_after_a_restore(
    ahead: timedelta, tale: Tale
) -> None:
    await has_run(tale, ahead)
    made = await run(tale, "backup", "copy.sqlite3")
    erased = await run(tale, "erase", "--user", str(ADMIN))
    restored = await run(tale, "restore", "copy.sqlite3", "--force")

    assert [made[0], erased[0], restored[0]] == [0, 0, 0]
    assert "Erasures since the backup, repeated: 1" in restored[1]
    assert counts(tale.database) == {}


@pytest.mark.parametrize("ahead", WRONG)
async def test_a_cleanup_in_the_chat_deletes_by_the_time_of_telegram(
    ahead: timedelta, tale: Tale
) -> None:
    tale.ahead = ahead
    async with tale.bot(owner_ids={ADMIN}):
        offered = await ask(tale.admin, "/cleanup 80")
        kept = await ask(tale.admin, "/cleanup 86")

    assert "1 interaction" in offered
    assert "1 interaction" not in kept


@pytest.mark.parametrize("ahead", WRONG)
async def test_recording_began_when_telegram_says_so(ahead: timedelta, tale: Tale) -> None:
    tale.ahead = ahead
    async with tale.bot(fresh=True):
        await tale.what_is_planned()
        await tale.stats()
    began = _setting(tale, "recording_began")
    tale.ahead = timedelta()
    async with AnalyticsService.open(
        tale.database, access=Access.READ, clock=tale.wall
    ) as analytics:
        week = await analytics.reports.period(Period.WEEK)
        history = await analytics.reports.history(30 * DAY)

    assert abs(int(began) - tale.now.timestamp()) < 60
    assert (week.before_missing, week.deleted_until) == (Missing.NOT_YET, None)
    assert [bucket.since.date() for bucket in history.buckets] == [tale.now.date()]


def _setting(tale: Tale, name: str) -> str | int:
    sql = "SELECT value FROM file_settings WHERE name = ?"
    [(value,)] = select(tale.database.parent, sql, (name,))
    assert isinstance(value, (str, int))
    return value
