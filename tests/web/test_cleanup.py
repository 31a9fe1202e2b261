"""Deleting on the admin page: for owners, by age, once confirmed, in the audit log; never a row."""

import re
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from unittest.mock import patch

from analytics.privacy import retention
from analytics.telegram.confirmations import VALID_FOR
from tests.support.admin_pages import ADMIN, OWNER, Answer, Served, deletes, served
from tests.support.clock import Clock
from tests.support.markup import bare, tables
from tests.support.second_connection import select
from tests.support.service import days_ago

ANOTHER_OWNER = 6_000_000_013
SAID = days_ago(100, count=3) + days_ago(2, count=4)


def deleting(folder: Path, clock: Clock) -> AbstractAsyncContextManager[Served]:
    """A page of a bot with three interactions that are past retention, and four that are not."""
    return served(folder, clock, SAID, upkeep=deletes)


def left(folder: Path) -> int:
    [(number,)] = select(folder, "SELECT total(count) FROM user_interactions")
    return int(number)


def noted(folder: Path) -> int:
    [(number,)] = select(folder, "SELECT count(*) FROM audit_trail WHERE action = 'cleanup'")
    return int(number)


def confirmation(shown: Answer) -> str:
    """What the form of a page would post."""
    [confirm] = re.findall('name="confirm" value="([^"]+)"', shown.text)
    return str(confirm)


async def post(page: Served, session: str | None, confirm: str) -> Answer:
    given = {"confirm": confirm}
    return await page.ask("/cleanup", session=session, method="POST", given=given)


async def test_an_owner_deletes_what_was_shown_once(tmp_path: Path, clock: Clock) -> None:
    async with deleting(tmp_path, clock) as page:
        session = await page.session(OWNER)
        state = await page.ask("/view/state", session=session)
        shown = await page.ask("/view/cleanup", session=session)
        before = left(tmp_path), noted(tmp_path)
        deleted = await post(page, session, confirmation(shown))
        after = left(tmp_path), noted(tmp_path)
        again = await post(page, session, confirmation(shown))
        log = await page.ask("/view/audit", session=session)

    assert 'href="/cleanup"' in state.text
    assert "Delete 3 interactions older than 90 days?" in bare(shown.text)
    assert before == (7, 0)
    assert "✅ Deleted: 3 interactions older than 90 days." in bare(deleted.text)
    assert after == (4, 1)
    assert "Nothing was deleted." in again.text
    assert (left(tmp_path), noted(tmp_path)) == (4, 1)
    assert [str(OWNER), "cleanup"] in [row[1:3] for row in tables(log.text)[0]]


async def test_the_number_of_days_can_be_chosen(tmp_path: Path, clock: Clock) -> None:
    async with deleting(tmp_path, clock) as page:
        session = await page.session(OWNER)
        shown = await page.ask("/view/cleanup?days=1", session=session)
        nothing = await page.ask("/view/cleanup?days=3650", session=session)
        wrong = [
            (await page.ask(f"/view/cleanup?days={days}", session=session)).status
            for days in ("0", "3651", "-1", "1.5", "x", "%D9%A3", "9" * 5_000)
        ]
        await post(page, session, confirmation(shown))

    assert "Delete 7 interactions older than 1 day?" in bare(shown.text)
    assert "There are no interactions older than 3,650 days." in bare(nothing.text)
    assert "<button" not in nothing.text
    assert set(wrong) == {404}
    assert left(tmp_path) == 0


async def test_admins_who_are_no_owners_see_no_button_and_cannot_post_it(
    tmp_path: Path, clock: Clock
) -> None:
    async with deleting(tmp_path, clock) as page:
        of_owner = await page.ask("/view/cleanup", session=await page.session(OWNER))
        session = await page.session(ADMIN)
        state = await page.ask("/view/state", session=session)
        shown = await page.ask("/view/cleanup", session=session)
        refused = [
            await post(page, who, confirmation(of_owner)) for who in (session, None, "no session")
        ]

    assert "/cleanup" not in state.text
    assert shown.status == 404
    assert [each.status for each in refused] == [404, 401, 401]
    assert (left(tmp_path), noted(tmp_path)) == (7, 0)


async def test_a_confirmation_is_of_one_owner_and_for_five_minutes(
    tmp_path: Path, clock: Clock
) -> None:
    async with deleting(tmp_path, clock) as page:
        page.admin_ids.add(ANOTHER_OWNER)
        page.owner_ids.add(ANOTHER_OWNER)
        session = await page.session(OWNER)
        confirm = confirmation(await page.ask("/view/cleanup", session=session))
        refused = [
            await post(page, await page.session(ANOTHER_OWNER), confirm),
            *[
                await post(page, session, each)
                for each in ("", "x", confirm.replace(":90:", ":1:"))
            ],
        ]
        clock.now += VALID_FOR
        clock.move(seconds=1)
        refused.append(await post(page, session, confirm))

    assert all("Nothing was deleted." in each.text for each in refused)
    assert (left(tmp_path), noted(tmp_path)) == (7, 0)


async def test_a_form_of_another_page_deletes_nothing(tmp_path: Path, clock: Clock) -> None:
    """It has no session, and a type that needs no permission."""
    async with deleting(tmp_path, clock) as page:
        session = await page.session(OWNER)
        shown = await page.ask("/view/cleanup", session=session)
        body = {"confirm": confirmation(shown)}
        headers = {"Authorization": f"Bearer {session}"}
        async with page.http.post(f"{page.address}/cleanup", data=body, headers=headers) as answer:
            assert answer.status == 415

    assert left(tmp_path) == 7


async def test_at_the_machine_nothing_is_deleted(tmp_path: Path, clock: Clock) -> None:
    async with deleting(tmp_path, clock) as page:
        session = await page.session(None)
        state = await page.ask("/view/state", session=session)
        shown = await page.ask("/view/cleanup", session=session)

    assert "/cleanup" not in state.text
    assert shown.status == 404


async def test_an_error_while_deleting_is_a_sentence(tmp_path: Path, clock: Clock) -> None:
    async with deleting(tmp_path, clock) as page:
        session = await page.session(OWNER)
        shown = await page.ask("/view/cleanup", session=session)
        with patch.object(retention, "STEP", "none"):
            stopped = await post(page, session, confirmation(shown))

    assert "Stopped by an error; see the log." in bare(stopped.text)
    assert (left(tmp_path), noted(tmp_path)) == (7, 1)
