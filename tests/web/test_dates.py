"""From one date to another on the admin page: sums of the days that the history shows."""

import random
import re
import tempfile
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics import History
from tests.support.admin_pages import Served, served
from tests.support.clock import NOW, Clock
from tests.support.markup import bare, cards, readings
from tests.support.service import SOMEBODY, days_ago, interaction, open_service

DAY = timedelta(days=1)
TODAY = NOW.date()
# On each of the last 40 days, one more than on the next one.
SAID = [each for ago in range(40) for each in days_ago(ago, count=1 + ago, people=5)]


def on(ago: int) -> str:
    return (TODAY - ago * DAY).isoformat()


async def between(page: Served, first: int, last: int, more: str = "") -> str:
    """The page of the days from so many days ago to so many."""
    path = f"/view/?from={on(first)}&to={on(last)}{more}"
    shown = await page.ask(path, session=await page.session())
    assert shown.status == 200
    return shown.text


def numbers(page: str) -> list[str]:
    """The interactions of each column."""
    return re.findall(r": Interactions ([^ ;\n]*)", "\n".join(readings(page)))


async def test_the_days_are_those_from_one_date_to_the_other(tmp_path: Path, clock: Clock) -> None:
    async with served(tmp_path, clock, SAID) as page:
        shown = await between(page, 12, 10)
        day = await between(page, 5, 5)
        only = await between(page, 12, 10, "&type=message")

    assert numbers(shown) == ["13", "12", "11"]
    assert cards(shown) == {"Interactions": "36"}
    assert "<h1>May 20, 2026 – May 22, 2026</h1>" in shown
    assert f'name="from" value="{on(12)}"' in shown
    assert ("<h1>May 27, 2026</h1>" in day, numbers(day)) == (True, ["6"])
    assert cards(only) == {"messages": "36"}


async def test_the_same_weekdays_before_are_compared(tmp_path: Path, clock: Clock) -> None:
    async with served(tmp_path, clock, SAID) as page:
        shown = await between(page, 12, 3)
        alone = await between(page, 12, 3, "&compare=none")
        running = await between(page, 6, 0)

    before = [each.partition("before: ")[2] for each in readings(shown) if "before" in each]
    # Ten days are compared with those two weeks earlier.
    assert before == [str(1 + ago + 14) for ago in range(12, 2, -1)]
    assert "vs. 2 weeks earlier" in shown
    assert '<span class="change">▼ 62%</span>' in shown
    assert "before: " not in "".join(readings(alone))
    # A day that is not over is not compared with a whole one.
    assert 'class="change"' not in running


async def test_links_keep_the_days_and_lead_to_those_around(tmp_path: Path, clock: Clock) -> None:
    async with served(tmp_path, clock, SAID) as page:
        shown = await between(page, 12, 10, "&compare=none&type=message")
        latest = await between(page, 1, 0)
    around = dict(re.findall(r'<a href="([^"]*)" rel="(\w+)"', shown))
    hidden = re.findall(r'<input type="hidden" name="(\w+)" value="(\w+)">', shown)

    assert {name: address.replace("&amp;", "&") for address, name in around.items()} == {
        "prev": f"/?from={on(15)}&to={on(13)}&compare=none&type=message",
        "next": f"/?from={on(9)}&to={on(7)}&compare=none&type=message",
    }
    assert dict(hidden) == {"compare": "none", "type": "message"}
    assert 'rel="next"' not in latest
    assert re.findall(r'<a href="([^"]*)" data-key="2"', shown) == [
        "/?period=7d&amp;compare=none&amp;type=message"
    ]


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        (f"from={on(3)}", "Give both days"),
        (f"to={on(3)}", "Give both days"),
        (f"from=x&to={on(3)}", "Give both days"),
        ("from=2026-02-30&to=2026-03-01", "Give both days"),
        (f"from=%3Cscript%3E&to={on(3)}", "Give both days"),
        (f"from={on(3)}&to={on(4)}", "The first day is after the last one."),
        (f"from={on(3)}&to={on(-1)}", "The last day is in the future."),
        (f"from={on(366)}&to={on(3)}", "Statistics reach back to Jun 1, 2025 at most."),
        ("from=0001-01-01&to=9999-12-31", "The last day is in the future."),
    ],
)
async def test_days_that_cannot_be_get_a_sentence_and_the_form(
    tmp_path: Path, clock: Clock, query: str, sentence: str
) -> None:
    async with served(tmp_path, clock, SAID) as page:
        shown = await page.ask(f"/view/?{query}", session=await page.session())

    assert shown.status == 200
    assert sentence in bare(shown.text)
    assert '<form class="dates"' in shown.text
    assert "<script" not in shown.text
    assert readings(shown.text) == []


async def test_it_is_said_from_when_on_something_is_known(tmp_path: Path, clock: Clock) -> None:
    async with served(tmp_path, clock, SAID) as page:
        shown, known = await between(page, 60, 30), await between(page, 30, 20)

    assert "Nothing is known of the days before Apr 23, 2026." in shown
    assert cards(shown) == {"Interactions": "–"}
    assert "Nothing is known" not in known


def shown_days(history: History) -> dict[date, int | None]:
    return {each.since.date(): each.interactions for each in history.buckets}


@settings(deadline=None, max_examples=5)
@given(chance=st.randoms(use_true_random=False), interval=st.sampled_from([0, 60]))
async def test_with_a_minimum_no_number_is_more_than_a_sum_of_days_that_are_shown(
    chance: random.Random, interval: int
) -> None:
    """So two of them differ by days that a chart of a year shows, or by a day that is hidden."""
    said = [
        interaction(chance.randrange(60) * DAY, SOMEBODY + chance.randrange(9))
        for _ in range(chance.randrange(150))
    ]
    options: dict[str, Any] = {"breakdown_min_users": 3}
    with tempfile.TemporaryDirectory() as name:
        async with open_service(Path(name), clock=Clock()) as analytics:
            await analytics.record(said)
        options["report_interval"] = timedelta(minutes=interval)
        async with served(Path(name), Clock(), **options) as page:
            spans = [sorted(chance.sample(range(1, 60), 2), reverse=True) for _ in range(5)]
            texts = [await between(page, first, last) for first, last in spans]
        async with open_service(Path(name), clock=Clock(), **options) as analytics:
            days = shown_days(await analytics.reports.history(366 * DAY))

    for (first, last), text in zip(spans, texts, strict=True):
        inside = [days.get(TODAY - ago * DAY) for ago in range(first, last - 1, -1)]
        total = "–" if None in inside else str(sum(each or 0 for each in inside))
        assert cards(text)["Interactions"] == total
        if first - last < 31:
            # What is not shown is no column, and nothing at all is a sentence.
            known = [str(each) for each in inside if each is not None]
            assert numbers(text) == (known if any(inside) else [])
