"""What the admin page compares with: nothing, the period before, or a year ago."""

import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from analytics import Interaction
from tests.support.admin_pages import Served, served
from tests.support.clock import Clock
from tests.support.markup import cards, readings
from tests.support.service import SOMEBODY, days_ago, interaction, open_service, run_once

DAY = timedelta(days=1)
# Interactions on each day of the last week, and on the same weekdays a year ago, by 2 people.
NOW_AND_THEN = [(4, 2), (5, 3), (6, 2), (7, 8), (2, 2), (3, 4), (9, 6)]


def a_year(people: int = 2) -> list[Interaction]:
    said = []
    for days, counts in enumerate(NOW_AND_THEN):
        for ago, count in zip((days, days + 364), counts, strict=True):
            said += [interaction(ago * DAY, SOMEBODY + n % people) for n in range(count)]
    return said


@asynccontextmanager
async def page_of(
    folder: Path, clock: Clock, said: Sequence[Interaction], **options: Any
) -> AsyncIterator[Served]:
    """A page of a bot that has recorded for 400 days, and keeps the rows."""
    began = clock.now - 400 * DAY
    kept: dict[str, Any] = {"retention_days": 3650, "trends_min_users": 1}
    await run_once(folder, clock=lambda: began, **kept)
    async with served(folder, clock, said, **(kept | options)) as page:
        yield page


def choices(page: str) -> dict[str, str]:
    """The address of each comparison, by its name."""
    [nav] = re.findall(r'<nav class="compare".*?</nav>', page, re.DOTALL)
    found = re.findall(r'<a href="([^"]*)"[^>]*>([^<]*)</a>', nav)
    return {name: address.replace("&amp;", "&") for address, name in found}


def dashed(page: str) -> list[str]:
    """The numbers that columns are compared with, the oldest first."""
    return [each.partition("before: ")[2] for each in readings(page) if "before: " in each]


async def test_a_year_ago_is_dashed_and_on_the_card(tmp_path: Path, clock: Clock) -> None:
    async with page_of(tmp_path, clock, a_year()) as page:
        first = await page.ask("/view/?period=7d", session=await page.session())
        address = choices(first.text)["a year ago"]
        shown = await page.ask(f"/view{address}", session=await page.session())
        only = await page.ask(f"/view{address}&type=message", session=await page.session())

    assert address == "/?period=7d&compare=year"
    assert dashed(shown.text) == [str(then) for _, then in NOW_AND_THEN][::-1] == dashed(only.text)
    assert "vs. 52 weeks earlier, whole days" in shown.text
    assert cards(shown.text)["Interactions"] == "36"
    assert '<b>36</b> <span class="change">▲ 33%</span>' in shown.text


async def test_a_year_that_is_not_known_is_not_offered(tmp_path: Path, clock: Clock) -> None:
    async with served(tmp_path, clock, days_ago(20)) as page:
        first = await page.ask("/view/?period=7d", session=await page.session())
        shown = await page.ask("/view/?period=7d&compare=year", session=await page.session())
        whole = await page.ask("/view/?period=1y", session=await page.session())

    assert set(choices(first.text)) == {"nothing", "the period before"}
    assert "no earlier data" in shown.text
    assert dashed(shown.text) == []
    assert 'class="change"' not in shown.text
    assert "Compare with" not in whole.text


async def test_the_key_leads_from_one_comparison_to_the_next(tmp_path: Path, clock: Clock) -> None:
    async with page_of(tmp_path, clock, a_year()) as page:
        address, seen = "/?period=7d", []
        for _ in range(3):
            shown = await page.ask(f"/view{address}", session=await page.session())
            [found] = re.findall(r'<a href="([^"]*)" data-key="c"', shown.text)
            address = found.replace("&amp;", "&")
            seen.append(address)

    assert seen == ["/?period=7d&compare=year", "/?period=7d&compare=none", "/?period=7d"]


async def test_an_earlier_period_is_compared_with_the_one_before_it(
    tmp_path: Path, clock: Clock
) -> None:
    said = [*days_ago(8, count=6), *days_ago(15, count=4), *days_ago(30)]
    async with served(tmp_path, clock, said) as page:
        shown = await page.ask("/view/?period=7d&back=1", session=await page.session())

    assert '<b>6</b> <span class="change">▲ 50%</span>' in shown.text
    assert dashed(shown.text).count("4") == 1


@pytest.mark.parametrize("compare", ["", "Year", "2", "%00"])
async def test_an_unknown_comparison_gets_a_sentence(
    tmp_path: Path, clock: Clock, compare: str
) -> None:
    async with served(tmp_path, clock) as page:
        shown = await page.ask(f"/view/?compare={compare}", session=await page.session())

    assert shown.status == 404


async def test_with_a_minimum_days_of_few_people_are_not_dashed(
    tmp_path: Path, clock: Clock
) -> None:
    """The rows of a year ago are gone: of them only their days are left."""
    many = [interaction(365 * DAY, SOMEBODY + n) for n in range(9)]
    today = [each for ago in range(7) for each in days_ago(ago, count=50, people=50)]
    said = [*a_year(people=2), *many, *today]
    async with page_of(tmp_path, clock, said):
        pass
    async with open_service(tmp_path, clock=clock, trends_min_users=1) as analytics:
        await analytics.cleanup_old_interactions(days=90)
    async with served(tmp_path, clock, breakdown_min_users=5, trends_min_users=1) as page:
        shown = await page.ask("/view/?period=7d&compare=year", session=await page.session())

    assert dashed(shown.text) == [str(NOW_AND_THEN[1][1] + 9)]
