"""State, audit log and help on the admin page; and what all of its views have in common."""

import re
from datetime import timedelta
from pathlib import Path

import pytest

from bot.web.views import VIEWS
from tests.support.admin_pages import ADMIN, OWNER, deletes, served
from tests.support.clock import Clock
from tests.support.languages import SHIPPED
from tests.support.markup import tables
from tests.support.service import days_ago, interaction, open_service


async def test_the_state_is_that_of_the_report(tmp_path: Path, clock: Clock) -> None:
    async with served(tmp_path, clock, days_ago(100, count=3) + days_ago(2, count=4)) as page:
        before = await page.ask("/view/state", session=await page.session())
    async with open_service(tmp_path, clock=clock) as analytics:
        await analytics.cleanup_old_interactions()
    async with served(tmp_path, clock) as page:
        after = await page.ask("/view/state", session=await page.session())

    assert "⚠️ Cleanup overdue" in before.text
    assert "✅ Nothing needs attention." in after.text
    facts, sample = tables(after.text)
    assert {row[0]: row[1] for row in facts} == {
        "Stored interactions": "4",
        "Oldest interaction": "May 30, 2026, 12:34 UTC",
        "Kept for": "90 days",
        "Last cleanup": "Jun 1, 2026, 12:34 UTC",
        "Deleted by it": "3",
        "Waiting to be recorded": "0",
        "Never recorded": "0",
        "Time zone": "UTC",
    }
    assert sample[0] == ["user_id", "interaction_type", "timestamp", "count"]


async def test_owners_see_the_audit_log_and_their_look_is_noted(
    tmp_path: Path, clock: Clock
) -> None:
    async with served(tmp_path, clock) as page:
        await page.log_in(link=await page.token(ADMIN))
        first = await page.ask("/view/audit", session=await page.session(OWNER))
        second = await page.ask("/view/audit", session=await page.session(OWNER))

    when = "Jun 1, 2026, 12:00 UTC"
    assert tables(first.text)[0][1:] == [[when, str(ADMIN), "admin page", "1"]]
    assert [when, str(OWNER), "audit log", "1"] in tables(second.text)[0]


async def test_the_audit_log_does_not_exist_for_admins(tmp_path: Path, clock: Clock) -> None:
    async with served(tmp_path, clock) as page:
        refused = await page.ask("/view/audit", session=await page.session(ADMIN))
        shown = await page.ask("/view/", session=await page.session(ADMIN))

    assert refused.status == 404
    assert "/audit" not in refused.text + shown.text


@pytest.mark.parametrize("path", list(VIEWS))
@pytest.mark.parametrize("language", SHIPPED)
async def test_a_view_of_an_empty_bot_is_a_page_with_links_to_all_others(
    tmp_path: Path, clock: Clock, path: str, language: str
) -> None:
    async with served(tmp_path, clock, upkeep=deletes) as page:
        accepted = {"Accept-Language": language}
        shown = await page.ask(f"/view{path}", session=await page.session(OWNER), **accepted)

    assert shown.status == 200
    links = re.findall(r'<a href="(/\w*)"', shown.text.partition('<nav class="periods"')[0])
    # That one is linked where it belongs.
    assert {*VIEWS} - {"/cleanup"} <= {*links}
    assert len(re.findall("<h1>[^<]+</h1>", shown.text)) == 1
    # What the policy of the page would block.
    assert not re.search(r"\sstyle=|\son\w+=|<script|<style|javascript:", shown.text)


@pytest.mark.parametrize("path", ["/?period=7d", "/?period=90d&back=1", "/?period=1y", "/records"])
async def test_a_view_of_a_busy_bot_has_nothing_that_its_policy_blocks(
    tmp_path: Path, clock: Clock, path: str
) -> None:
    said = [interaction(timedelta(hours=3 * number)) for number in range(900)]
    async with served(tmp_path, clock, said) as page:
        shown = await page.ask(f"/view{path}", session=await page.session(OWNER))

    assert shown.status == 200
    assert not re.search(r"\sstyle=|\son\w+=|<script|<style|javascript:", shown.text)
