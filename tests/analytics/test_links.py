"""Start links: made with a name, counted while they are live, and retired."""

import asyncio
import re
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics import Access, AnalyticsError, LinkNameInUse, NoSuchLink, StartLink, TooManyLinks
from analytics.events.links import ALPHABET, MAX_LINKS, checked_name
from tests.support.clock import NOW, Clock
from tests.support.second_connection import NAME, locked, select
from tests.support.service import failing_at_once, open_service

CODE = re.compile(rf"[{ALPHABET}]{{6}}")


async def test_a_link_has_a_code_of_its_own_and_is_live_at_once(tmp_path: Path) -> None:
    async with open_service(tmp_path) as analytics:
        made = [await analytics.links.make(f"link {number}") for number in range(50)]

        codes = {each.code for each in made}
        assert len(codes) == 50
        assert all(CODE.fullmatch(each) for each in codes)
        assert analytics.links.live == codes
        assert {each.code: each for each in await analytics.links.all()} == {
            each.code: each for each in made
        }
    assert len(select(tmp_path / NAME, "SELECT * FROM start_links")) == 50


async def test_a_retired_link_is_not_live_and_stays_listed(tmp_path: Path, clock: Clock) -> None:
    async with open_service(tmp_path, clock=clock) as analytics:
        made = await analytics.links.make("channel-ad")
        clock.now += timedelta(days=1)
        await analytics.links.retire(made.code)
        live = analytics.links.live
        clock.now += timedelta(days=1)
        await analytics.links.retire(made.code)
        listed = await analytics.links.all()

    assert live == frozenset()
    made_at = NOW.replace(minute=0, second=0, microsecond=0)
    retired = made_at + timedelta(days=1)
    assert listed == [StartLink(made.code, "channel-ad", made_at, retired)]


async def test_links_outlive_a_restart(tmp_path: Path) -> None:
    async with open_service(tmp_path) as analytics:
        made = await analytics.links.make("channel-ad")
    async with open_service(tmp_path) as analytics:
        assert analytics.links.live == {made.code}


async def test_what_another_process_makes_or_retires_is_known_at_the_next_refresh(
    tmp_path: Path,
) -> None:
    async with (
        open_service(tmp_path) as bot,
        open_service(tmp_path, access=Access.SHARE) as command,
    ):
        first, second = [await command.links.make(name) for name in ("one", "two")]
        before = bot.links.live
        await bot.links.refresh()
        both = bot.links.live
        await command.links.retire(first.code)
        await bot.links.refresh()

        assert not before
        assert both == {first.code, second.code}
        assert bot.links.live == {second.code}


@pytest.mark.parametrize("again", ["channel-ad", "Channel-Ad", "  channel-ad "])
async def test_a_name_in_use_is_refused_until_its_link_is_retired(
    tmp_path: Path, again: str
) -> None:
    async with open_service(tmp_path) as analytics:
        made = await analytics.links.make("channel-ad")
        with pytest.raises(LinkNameInUse):
            await analytics.links.make(again)
        await analytics.links.retire(made.code)
        anew = await analytics.links.make(again)

        assert analytics.links.live == {anew.code} != {made.code}


@pytest.mark.parametrize(
    "name", ["", " ", "x" * 41, "x" * 100, "two\nlines", "tab\there", "nul\0", "\u2028", "\ud800"]
)
async def test_a_name_is_one_line_of_40_characters_at_most(tmp_path: Path, name: str) -> None:
    async with open_service(tmp_path) as analytics:
        with pytest.raises(ValueError, match="1 to 40 characters in one line"):
            await analytics.links.make(name)

        assert await analytics.links.all() == []


@given(name=st.text(min_size=1, max_size=50))
def test_a_name_that_is_taken_can_be_stored_and_shown_in_a_line(name: str) -> None:
    try:
        taken = checked_name(name)
    except ValueError:
        return

    assert 1 <= len(taken) <= 40
    assert taken.encode().decode().splitlines() == [taken] == [taken.strip()]


async def test_of_several_made_at_once_with_a_name_one_is_made(tmp_path: Path) -> None:
    async with open_service(tmp_path) as analytics:
        made = await asyncio.gather(
            *(analytics.links.make("channel-ad") for _ in range(5)), return_exceptions=True
        )

        assert [type(each) for each in made] == [StartLink, *[LinkNameInUse] * 4]


async def test_there_are_200_live_links_at_most(tmp_path: Path) -> None:
    async with open_service(tmp_path) as analytics:
        made = [await analytics.links.make(f"link {number}") for number in range(MAX_LINKS)]
        with pytest.raises(TooManyLinks):
            await analytics.links.make("one more")
        await analytics.links.retire(made[0].code)
        await analytics.links.make("one more")

        assert len(analytics.links.live) == MAX_LINKS == 200


@pytest.mark.parametrize("code", ["abc234", "", "\0", "\ud800", "x" * 10_000])
async def test_a_code_of_no_link_is_not_retired(tmp_path: Path, code: str) -> None:
    async with open_service(tmp_path) as analytics:
        with pytest.raises(NoSuchLink):
            await analytics.links.retire(code)


async def test_while_the_database_cannot_be_written_no_link_is_made_and_live_ones_stay(
    tmp_path: Path,
) -> None:
    with failing_at_once():
        async with open_service(tmp_path) as analytics:
            made = await analytics.links.make("channel-ad")
            with locked(tmp_path / NAME):
                with pytest.raises(AnalyticsError):
                    await analytics.links.make("poster")
                with pytest.raises(AnalyticsError):
                    await analytics.links.retire(made.code)
                await analytics.links.refresh()

            assert analytics.links.live == {made.code}
            assert [each.name for each in await analytics.links.all()] == ["channel-ad"]


async def test_cleanup_forgets_a_retired_link_with_its_starts(tmp_path: Path, clock: Clock) -> None:
    async with open_service(tmp_path, clock=clock, retention_days=30) as analytics:
        retired, _live = [await analytics.links.make(name) for name in ("old", "live")]
        await analytics.links.retire(retired.code)
        clock.now += timedelta(days=29)
        await analytics.cleanup_old_interactions()
        within = [each.name for each in await analytics.links.all()]
        clock.now += timedelta(days=2)
        await analytics.cleanup_old_interactions()

        assert within == ["live", "old"]
        assert [each.name for each in await analytics.links.all()] == ["live"]
