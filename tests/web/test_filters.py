"""Filters of the admin page: what is left is what the reports have, and nothing they hide."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from analytics import Access, Event, EventKind, InteractionType, Period
from tests.support.admin_pages import Served, served
from tests.support.clock import Clock
from tests.support.markup import bare, cards, readings, tables
from tests.support.outcomes import failed, handled
from tests.support.service import SOMEBODY, interaction, open_service

DAY = timedelta(days=1)
COMMAND, MESSAGE = InteractionType.COMMAND, InteractionType.MESSAGE
# How often /help was sent on each of the last days, today first.
HELPS = [2, 0, 5, 1]


@asynccontextmanager
async def page_of(folder: Path, clock: Clock, **options: Any) -> AsyncIterator[Served]:
    """A page of a bot of 20 people, who send a message a day, and of which some send /help."""
    said, events = [], []
    for days, helps in enumerate([*HELPS, *[0] * 20]):
        for person in range(helps):
            said.append(interaction(days * DAY, SOMEBODY + person, COMMAND))
            outcome = failed("/help") if days == 0 else handled("/help", 0.05)
            events.append([Event(EventKind.COMMAND, "help"), outcome])
        for person in range(20):
            said.append(interaction(days * DAY, SOMEBODY + person))
            events.append([])
    async with open_service(folder, clock=clock) as analytics:
        await analytics.record(said, None, events)
    async with served(folder, clock, **options) as page:
        yield page


def counts(page: str) -> list[str]:
    """The number of each column, the newest first."""
    return [each.split("; ")[0].rpartition(" ")[2] for each in readings(page)][::-1]


def rows(page: str) -> dict[str, str]:
    """The address of each row that leads somewhere, by its name."""
    found = re.findall(r'<th scope="row"><a href="([^"]*)"[^>]*>([^<]*)</a>', page)
    return {name: address.replace("&amp;", "&") for address, name in found}


async def test_a_row_leads_to_its_days_and_back(tmp_path: Path, clock: Clock) -> None:
    async with page_of(tmp_path, clock) as page:
        session = await page.session()
        whole = await page.ask("/view/?period=7d&compare=none", session=session)
        only = await page.ask(f"/view{rows(whole.text)['/help']}", session=session)
        back = await page.ask(f"/view{rows(only.text)['/help']}", session=session)

    assert rows(whole.text)["/help"] == "/?period=7d&compare=none&command=help"
    assert counts(only.text) == [*map(str, HELPS), "0", "0", "0"]
    assert cards(only.text) == {"/help": "8", "Of all interactions": "5%", "Failures": "25%"}
    assert "Only /help" in only.text
    assert 'href="/?period=7d&amp;compare=none" data-key="Escape"' in only.text
    assert back.text == whole.text


async def test_a_type_has_the_numbers_of_the_history(tmp_path: Path, clock: Clock) -> None:
    async with page_of(tmp_path, clock) as page:
        session = await page.session()
        hours = await page.ask("/view/?period=24h&type=command", session=session)
        only = await page.ask("/view/?period=7d&type=command", session=session)
        earlier = await page.ask("/view/?period=7d&type=message&back=1", session=session)
        year = await page.ask("/view/?period=1y&type=command", session=session)

    assert counts(hours.text)[0] == "2"
    assert counts(only.text)[: len(HELPS)] == [*map(str, HELPS)]
    assert cards(only.text)["commands"] == "8"
    assert cards(earlier.text) == {"messages": "140"}
    assert year.status == 200
    for shown in (hours, only, earlier, year):
        assert "Active users</h2>" not in shown.text
        assert "are left out" in shown.text
        # The first row of the table has the newest column.
        assert tables(shown.text)[0][0][1] in ("commands", "messages")


async def test_days_that_are_over_have_the_tables_that_a_filter_is_chosen_from(
    tmp_path: Path, clock: Clock
) -> None:
    async with page_of(tmp_path, clock) as page:
        days = await page.ask("/view/?from=2026-05-29&to=2026-05-30", session=await page.session())
        only = await page.ask(f"/view{rows(days.text)['/help']}", session=await page.session())
    found = {each[0][0]: each for each in tables(days.text)}

    assert found["/help"] == [["/help", "6", "100%"]]
    assert cards(only.text) == {"/help": "6"}
    assert counts(only.text) == ["5", "1"]


async def test_a_filter_stays_in_other_periods_and_comparisons(
    tmp_path: Path, clock: Clock
) -> None:
    async with page_of(tmp_path, clock) as page:
        shown = await page.ask("/view/?period=7d&command=help", session=await page.session())
    links = re.findall(r'<a href="([^"]*)"[^>]* (?:data-key="[1-5c]"|rel=)', shown.text)

    assert len(links) == 7
    assert all("command=help" in each for each in links)


async def test_a_source_is_named_and_has_its_new_users(tmp_path: Path, clock: Clock) -> None:
    async with open_service(tmp_path, clock=clock) as analytics:
        link = await analytics.links.make("Fair & <b>square</b>")
        start = [
            Event(EventKind.COMMAND, "start"),
            Event(EventKind.START_LINK, link.code),
            Event(EventKind.NEW_BY_LINK, link.code, of_new=True),
        ]
        said = [interaction(person=SOMEBODY + n, interaction_type=COMMAND) for n in range(3)]
        await analytics.record(said, None, [start] * 3)
    async with served(tmp_path, clock) as page:
        whole = await page.ask("/view/", session=await page.session())
        [address] = [each for each in rows(whole.text).values() if "source=" in each]
        only = await page.ask(f"/view{address}", session=await page.session())

    assert address == f"/?period=7d&source={link.code}"
    assert "<b>square" not in only.text
    assert "Only Fair &amp; &lt;b&gt;square&lt;/b&gt;" in only.text
    assert counts(only.text)[0] == "3"
    assert cards(only.text)["New users"] == "3"


async def test_what_is_counted_by_day_is_not_known_by_the_hour(
    tmp_path: Path, clock: Clock
) -> None:
    async with page_of(tmp_path, clock) as page:
        shown = await page.ask("/view/?period=24h&command=help", session=await page.session())

    assert "Counted by day: choose 7 days or more." in shown.text
    assert cards(shown.text)["/help"] == "–"
    assert readings(shown.text) == []


@pytest.mark.parametrize(
    "query",
    ["type=none", "type=message&command=help", "command=" + "x" * 101, "button=%00", "button=%0a"],
)
async def test_a_filter_that_cannot_be_gets_a_sentence(
    tmp_path: Path, clock: Clock, query: str
) -> None:
    async with served(tmp_path, clock) as page:
        shown = await page.ask(f"/view/?{query}", session=await page.session())

    assert shown.status == 404
    assert "There is nothing at this address." in shown.text


async def test_a_word_of_the_address_stays_text(tmp_path: Path, clock: Clock) -> None:
    word = '"><script>alert(1)</script>'
    async with served(tmp_path, clock, [interaction()]) as page:
        for only in ("command", "button", "source"):
            shown = await page.ask(f"/view/?{only}={quote(word)}", session=await page.session())

            assert shown.status == 200
            assert "<script" not in shown.text
            assert word in bare(shown.text)
            assert "Nothing was recorded in this time." in shown.text


async def test_with_a_minimum_a_word_of_few_people_looks_like_one_that_nobody_used(
    tmp_path: Path, clock: Clock
) -> None:
    async with page_of(tmp_path, clock, breakdown_min_users=9) as page:
        session = await page.session()
        texts = [
            (await page.ask(f"/view/?period=7d&{query}", session=session)).text
            for query in ("command=help", "command=nil", "type=command", "type=poll_answer")
        ]

    for shown in texts:
        assert [each for each in cards(shown).values() if each != "–"] == []
        assert "Not shown with BREAKDOWN_MIN_USERS." in shown
    assert texts[0] == texts[1].replace("nil", "help")
    assert texts[2] == texts[3].replace("poll_answer", "command").replace("poll answer", "command")


async def test_with_a_minimum_a_type_has_what_the_history_shows_of_it(
    tmp_path: Path, clock: Clock
) -> None:
    async with page_of(tmp_path, clock, breakdown_min_users=9) as page:
        only = await page.ask("/view/?period=7d&type=message", session=await page.session())
        async with open_service(tmp_path, access=Access.READ, breakdown_min_users=9) as reader:
            report = await reader.reports.period(Period.WEEK)
            history = await reader.reports.history(Period.WEEK.length)
            shown = [(each.breakdown or {}).get("message") for each in history.buckets]

    assert cards(only.text)["messages"] == str(
        report.interaction_types_breakdown.get("message", "–")
    )
    assert counts(only.text)[::-1] == [str(each) for each in shown if each is not None]
