"""The stored rows on the admin page: read-only, the newest first, filtered and paged."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from analytics import Access, InteractionType
from tests.support.admin_pages import served
from tests.support.clock import Clock
from tests.support.markup import tables
from tests.support.service import SOMEBODY, days_ago, interaction, open_service

CLICK = InteractionType.BUTTON_CLICK


async def test_the_rows_are_those_of_the_database_the_newest_first(
    tmp_path: Path, clock: Clock
) -> None:
    said = [interaction(timedelta(days=day), SOMEBODY + day % 3) for day in range(5)]
    async with served(tmp_path, clock, [*said, said[2]]) as page:
        shown = await page.ask("/view/records", session=await page.session())
        async with open_service(tmp_path, access=Access.READ) as reader:
            stored = await reader.records()
    [[head, *rows]] = tables(shown.text)

    assert head == ["User", "Type", "Time", "Count"]
    assert [(row[0], row[1], row[3]) for row in rows] == [
        (str(each.user_id), "messages", str(each.count)) for each in stored
    ]
    assert rows[0][2] == "Jun 1, 2026, 12:34 UTC"
    assert str(SOMEBODY) not in shown.text


async def test_rows_are_filtered_by_type_and_day_and_the_address_says_so(
    tmp_path: Path, clock: Clock
) -> None:
    said = [interaction(timedelta(days=day), interaction_type=CLICK) for day in range(4)]
    async with served(tmp_path, clock, [*said, *days_ago(1, count=3)]) as page:
        path = "/view/records?type=button_click&since=2026-05-30"
        shown = await page.ask(path, session=await page.session())
        none = await page.ask("/view/records?type=poll_answer", session=await page.session())
    [[_, *rows]] = tables(shown.text)

    assert [row[1:3] for row in rows] == [
        ["button clicks", f"{day}, 2026, 12:34 UTC"] for day in ("Jun 1", "May 31", "May 30")
    ]
    assert '<option value="button_click" selected>' in shown.text
    assert 'value="2026-05-30"' in shown.text
    assert "No matching rows." in none.text


async def test_pages_follow_each_other_without_a_gap(tmp_path: Path, clock: Clock) -> None:
    said = [interaction(timedelta(minutes=number), interaction_type=CLICK) for number in range(250)]
    seen: list[str] = []
    async with served(tmp_path, clock, said) as page:
        for number, links in {1: ["next"], 2: ["prev", "next"], 3: ["prev"]}.items():
            path = f"/view/records?type=button_click&page={number}"
            shown = await page.ask(path, session=await page.session())
            [[_, *rows]] = tables(shown.text)
            seen += [row[2] for row in rows]
            assert [each for each in ("prev", "next") if f'rel="{each}"' in shown.text] == links
            if number == 1:
                assert 'href="/records?type=button_click&amp;page=2"' in shown.text

    assert len(seen) == len(set(seen)) == 250


@pytest.mark.parametrize(
    "query",
    [
        *("page=0", "page=-1", "page=101", "page=1000000", "page=x", "page="),
        *("type=nothing", "type=%00", "since=yesterday", "since=2026-02-30", "since=%27"),
    ],
)
async def test_a_filter_that_makes_no_sense_gets_a_sentence(
    tmp_path: Path, clock: Clock, query: str
) -> None:
    async with served(tmp_path, clock, [interaction()]) as page:
        shown = await page.ask(f"/view/records?{query}", session=await page.session())

    assert shown.status == 404
    assert "There is nothing at this address." in shown.text


@pytest.mark.parametrize(
    "options", [{"breakdown_min_users": 5}, {"report_interval": timedelta(hours=1)}], ids=str
)
async def test_rows_are_hidden_where_reports_may_not_tell_of_one_person(
    tmp_path: Path, clock: Clock, options: dict[str, Any]
) -> None:
    async with served(tmp_path, clock, days_ago(1, count=9, people=9), **options) as page:
        shown = await page.ask("/view/records", session=await page.session())

    assert tables(shown.text) == []
    assert "Not shown with BREAKDOWN_MIN_USERS or REPORT_INTERVAL" in shown.text
