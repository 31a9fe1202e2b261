"""Tables of events on the admin page: the numbers of the report, and errors for owners only."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from analytics import Event, EventKind, InteractionType
from analytics.events import ChatKind
from tests.support.admin_pages import ADMIN, OWNER, Served, served
from tests.support.clock import Clock
from tests.support.markup import Table, bare, readings, tables
from tests.support.outcomes import failed, handled, unanswered
from tests.support.service import SOMEBODY, interaction, open_service

CLICK, COMMAND = InteractionType.BUTTON_CLICK, InteractionType.COMMAND


async def record(
    folder: Path,
    clock: Clock,
    events: Sequence[Sequence[Event]],
    kind: InteractionType = InteractionType.MESSAGE,
) -> None:
    """Record an update of another person for each of the events."""
    async with open_service(folder, clock=clock) as analytics:
        said = [
            interaction(timedelta(hours=1), SOMEBODY + number, kind)
            for number in range(len(events))
        ]
        await analytics.record(said, None, events)


async def titled(page: Served, telegram_id: int = ADMIN, period: str = "7d") -> dict[str, Table]:
    """The tables of a period by their titles."""
    path = f"/view/?period={period}"
    shown = await page.ask(path, session=await page.session(telegram_id))
    sections = shown.text.split('<section class="panel">')[1:]
    return {
        bare(section.partition("</h2>")[0]): tables(section)[-1]
        for section in sections
        if "<table" in section
    }


async def test_buttons_chats_and_own_events_have_the_numbers_of_the_report(
    tmp_path: Path, clock: Clock
) -> None:
    private = Event(EventKind.CHAT, ChatKind.PRIVATE)
    clicks = [(Event(EventKind.BUTTON, "page"), Event(EventKind.OWN, "order"), private)] * 3
    await record(tmp_path, clock, [*clicks, (Event(EventKind.BUTTON, "buy"), private)], CLICK)
    async with served(tmp_path, clock) as page:
        found = await titled(page)

    assert found["Buttons"] == [["page", "3", "75%"], ["buy", "1", "25%"]]
    assert found["By kind of chat"] == [["private", "4", "100%"]]
    assert found["Own events"][1] == ["order", "3", "100%", "0.75"]


async def test_start_links_are_shown_by_their_names(tmp_path: Path, clock: Clock) -> None:
    async with open_service(tmp_path, clock=clock) as analytics:
        link = await analytics.links.make("Fair & <b>square</b>")
    start = (
        Event(EventKind.COMMAND, "start"),
        Event(EventKind.START_LINK, link.code),
        Event(EventKind.NEW_BY_LINK, link.code, of_new=True),
    )
    await record(tmp_path, clock, [start] * 2, COMMAND)
    async with served(tmp_path, clock) as page:
        found = await titled(page)
        shown = await page.ask("/view/?period=7d", session=await page.session())

    assert found["Start links"][0] == ["", "starts", "", "new users"]
    assert found["Start links"][1] == ["Fair & <b>square</b>", "2", "100%", "2"]
    assert "<b>square" not in shown.text


async def test_outcomes_are_for_all_admins_and_errors_for_owners(
    tmp_path: Path, clock: Clock
) -> None:
    error = Event(EventKind.ERROR, "ValueError at bot/handlers.py:12")
    events = [
        (Event(EventKind.COMMAND, "help"), handled("/help", 0.05)),
        (Event(EventKind.COMMAND, "help"), failed("/help"), error),
        (unanswered("message"),),
    ]
    await record(tmp_path, clock, events, COMMAND)
    async with served(tmp_path, clock) as page:
        for_admin, for_owner = await titled(page), await titled(page, OWNER)

    by_subject = {row[0]: row[1:] for row in for_admin["By command, button and update"]}
    assert by_subject["/help"] == ["1", "50%", "0", "0.1 s"]
    assert by_subject["message"][2] == "1"
    assert for_owner["Places of errors"] == [["ValueError at bot/handlers.py:12", "1", "100%"]]
    assert "Places of errors" not in for_admin


async def test_hours_have_no_events(tmp_path: Path, clock: Clock) -> None:
    await record(tmp_path, clock, [(Event(EventKind.BUTTON, "page"),)] * 3, CLICK)
    async with served(tmp_path, clock) as page:
        assert "Buttons" not in await titled(page, period="24h")


async def test_a_chart_has_the_numbers_that_it_is_compared_with(
    tmp_path: Path, clock: Clock
) -> None:
    said = [interaction(timedelta(hours=5 * number)) for number in range(120)]
    async with served(tmp_path, clock, said) as page:
        shown = await page.ask("/view/?period=7d", session=await page.session())
        alone = await page.ask("/view/?period=7d&compare=none", session=await page.session())
        earlier = await page.ask(
            "/view/?period=7d&back=1&compare=none", session=await page.session()
        )

    before = [each.rpartition(" ")[2] for each in readings(shown.text)[:7]]
    assert before == [each.rpartition(" ")[2] for each in readings(earlier.text)[:7]]
    assert shown.text.count('<line class="before"') == 8  # and in the legend
    assert '<line class="before"' not in alone.text + earlier.text
