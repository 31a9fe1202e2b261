"""The cards of the admin page: the numbers of the reports, their change, and a line of a series."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from analytics import Access, Event, EventKind, Interaction, InteractionType
from bot.web.views.cards import HEIGHT, WIDTH, lines
from tests.support.admin_pages import served
from tests.support.clock import Clock
from tests.support.markup import cards
from tests.support.outcomes import failed, handled
from tests.support.service import SOMEBODY, days_ago, interaction, open_service

DAY, MESSAGE = timedelta(days=1), InteractionType.MESSAGE
MONTH = [each for day in range(45) for each in days_ago(day, count=5 + day % 3, people=5)]


def changes(page: str) -> dict[str, str]:
    """The changes on the cards, by name."""
    found = re.findall(
        r"<dt>([^<]*)</dt><dd><b>[^<]*</b> <span class=.change.>([^<]*)</span>", page
    )
    return dict(found)


def drawn(page: str) -> dict[str, list[str]]:
    """The points of the lines on the cards, by name."""
    found = re.findall(r"<dt>([^<]*)</dt><dd>(.*?)</dd>", page, re.DOTALL)
    return {name: re.findall(r'<polyline points="([^"]*)"', card) for name, card in found}


async def test_stickiness_and_failures_are_those_of_the_reports(
    tmp_path: Path, clock: Clock
) -> None:
    help_ = Event(EventKind.COMMAND, "help")
    outcomes = [[help_, failed("/help")], *[[help_, handled("/help", 0.05)]] * 3]
    async with open_service(tmp_path, clock=clock) as analytics:
        await analytics.record(MONTH)
        await analytics.record([interaction(person=SOMEBODY + n) for n in range(4)], None, outcomes)
        cohorts = await analytics.reports.cohorts()
    async with served(tmp_path, clock) as page:
        shown = cards((await page.ask("/view/?period=30d", session=await page.session())).text)
        hours = cards((await page.ask("/view/?period=24h", session=await page.session())).text)

    assert cohorts.stickiness is not None
    assert shown["Stickiness"] == f"{cohorts.stickiness:.0%}"
    assert shown["Failures"] == "25%"
    assert "Failures" not in hours


async def test_of_too_few_people_neither_is_shown(tmp_path: Path, clock: Clock) -> None:
    async with open_service(tmp_path, clock=clock) as analytics:
        await analytics.record(MONTH)
        await analytics.record([interaction()], None, [[failed("/help")]])
    async with served(tmp_path, clock, breakdown_min_users=6) as page:
        shown = cards((await page.ask("/view/?period=30d", session=await page.session())).text)

    assert (shown["Stickiness"], shown["Failures"]) == ("–", "–")


@pytest.mark.parametrize(
    ("earlier", "change"), [(days_ago(9, count=3), "="), ([], "▲ new"), (days_ago(9, 9), "▼ 67%")]
)
async def test_a_change_is_in_the_words_of_the_chat(
    tmp_path: Path, clock: Clock, earlier: list[Interaction], change: str
) -> None:
    said = [*days_ago(1, count=3), *earlier, *days_ago(80)]
    async with served(tmp_path, clock, said) as page:
        shown = await page.ask("/view/?period=7d", session=await page.session())

    assert changes(shown.text)["Interactions"] == change


async def test_a_line_is_of_the_complete_days_of_the_history(tmp_path: Path, clock: Clock) -> None:
    async with served(tmp_path, clock, MONTH) as page:
        shown = await page.ask("/view/?period=7d", session=await page.session())
        async with open_service(tmp_path, access=Access.READ) as reader:
            history = await reader.reports.history(timedelta(days=7))
    counts = [each.interactions or 0 for each in history.buckets[:-1]]
    [line] = drawn(shown.text)["Interactions"]
    heights = [HEIGHT - 2 - float(point.split(",")[1]) for point in line.split()]

    assert heights == pytest.approx([20 * each / max(counts) for each in counts], abs=0.01)
    assert set(drawn(shown.text)) >= {"Interactions", "Active users", "New users"}
    assert drawn(shown.text)["Returning users"] == []


async def test_a_line_goes_on_where_clocks_change(tmp_path: Path, clock: Clock) -> None:
    clock.now = datetime(2026, 4, 1, 12, tzinfo=UTC)
    said = [Interaction(SOMEBODY, MESSAGE, clock.now - day * DAY) for day in range(30)]
    async with served(tmp_path, clock, said, timezone="Europe/Berlin") as page:
        shown = await page.ask("/view/?period=7d", session=await page.session())
    [line] = drawn(shown.text)["Interactions"]

    assert len(line.split()) == 6


def test_a_line_breaks_where_a_number_is_not_known() -> None:
    assert lines([4, 2, None, 0, 4]) == ["0,2 25,12", "75,22 100,2"]
    assert lines([None, 3, None]) == lines([]) == lines([5]) == []
    assert lines([0, 0]) == [f"0,22 {WIDTH},22"]
