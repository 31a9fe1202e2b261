"""Earlier periods on the admin page: as far as something is known, with its numbers."""

import re
from datetime import timedelta
from pathlib import Path

import pytest

from analytics import Access
from tests.support.admin_pages import Served, served
from tests.support.clock import Clock
from tests.support.markup import cards, readings, tables
from tests.support.service import SOMEBODY, days_ago, interaction, open_service


async def links(page: Served, path: str) -> dict[str, str]:
    """The addresses of the period before and after."""
    shown = await page.ask(f"/view{path}", session=await page.session())
    assert shown.status == 200, path
    found = re.findall(r'<a href="([^"]*)" rel="(prev|next)"', shown.text)
    return {name: address.replace("&amp;", "&") for address, name in found}


async def test_earlier_and_later_lead_as_far_as_data_do(tmp_path: Path, clock: Clock) -> None:
    async with served(tmp_path, clock, days_ago(15)) as page:
        assert await links(page, "/?period=7d") == {"prev": "/?period=7d&back=1"}
        assert await links(page, "/?period=7d&back=1") == {
            "prev": "/?period=7d&back=2",
            "next": "/?period=7d",
        }
        assert await links(page, "/?period=7d&back=2") == {"next": "/?period=7d&back=1"}
        assert await links(page, "/?period=30d") == {}
        assert await links(page, "/?period=24h") == {}
        assert await links(page, "/?period=1y") == {}


async def test_an_earlier_period_has_the_numbers_of_its_days(tmp_path: Path, clock: Clock) -> None:
    said = [interaction(timedelta(hours=7 * n), SOMEBODY + n % 5) for n in range(100)]
    async with served(tmp_path, clock, said) as page:
        shown = await page.ask("/view/?period=7d&back=2&compare=none", session=await page.session())
        async with open_service(tmp_path, access=Access.READ) as reader:
            history = await reader.reports.history(timedelta(days=21))
    week = history.buckets[:7]
    total = sum(bucket.interactions or 0 for bucket in week)

    assert "<h1>May 12, 2026 – May 18, 2026</h1>" in shown.text
    assert [each.split(": ")[1] for each in readings(shown.text)[:7]] == [
        f"Interactions {bucket.interactions}" for bucket in week
    ]
    assert cards(shown.text) == {"Interactions": str(total)}
    assert tables(shown.text)[-1] == [["messages", str(total), "100%"]]


@pytest.mark.parametrize("query", ["period=7d&back=-1", "period=7d&back=x", "period=24h&back=1"])
async def test_a_period_that_cannot_be_gets_a_sentence(
    tmp_path: Path, clock: Clock, query: str
) -> None:
    async with served(tmp_path, clock, days_ago(15)) as page:
        shown = await page.ask(f"/view/?{query}", session=await page.session())
        far = await page.ask("/view/?period=90d&back=4", session=await page.session())

    assert (shown.status, far.status) == (404, 404)


async def test_the_furthest_period_that_may_be_asked_for_is_answered(
    tmp_path: Path, clock: Clock
) -> None:
    async with served(tmp_path, clock, days_ago(15)) as page:
        for query in ("period=7d&back=51", "period=30d&back=11", "period=90d&back=3"):
            assert (await page.ask(f"/view/?{query}", session=await page.session())).status == 200


async def test_small_groups_of_an_earlier_period_are_hidden(tmp_path: Path, clock: Clock) -> None:
    said = [*days_ago(10, count=2, people=2), *days_ago(9, count=20, people=20)]
    async with served(tmp_path, clock, said, breakdown_min_users=5) as page:
        shown = await page.ask("/view/?period=7d&back=1", session=await page.session())

    assert not [each for each in readings(shown.text) if "Interactions 2" in each.split(" (")[0]]
    assert cards(shown.text) == {"Interactions": "–"}
    assert "–: hidden, too few people" in shown.text


async def test_without_comparison_there_are_no_changes(tmp_path: Path, clock: Clock) -> None:
    async with served(tmp_path, clock, [*days_ago(1, count=3), *days_ago(20)]) as page:
        compared = await page.ask("/view/?period=7d", session=await page.session())
        alone = await page.ask("/view/?period=7d&compare=none", session=await page.session())

    assert 'class="change"' in compared.text
    assert 'href="/?period=7d&amp;compare=none" data-key="c"' in compared.text
    assert 'class="change"' not in alone.text
    assert 'href="/?period=7d" data-key="c"' in alone.text
    assert 'href="/?period=30d&amp;compare=none"' in alone.text
