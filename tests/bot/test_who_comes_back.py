"""The page of /stats about who comes back: what it shows, and that it fits on a phone."""

import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from analytics import AnalyticsService, Cohort, Cohorts, Interaction, InteractionType
from analytics.telegram import translations
from analytics.telegram.texts import who_comes_back
from bot.sandbox import Sandbox
from tests.support.clock import NOW, Clock
from tests.support.conversation import ask
from tests.support.running import running_bot

ADMIN = 6_000_000_001
SETTINGS: dict[str, Any] = {"admin_ids": f"{ADMIN}", "digest": "off", "silence_alert_hours": 0}
LANGUAGES = ["en", "ru", "uk", "de", "es"]
WEEK = timedelta(weeks=1)
# NOW is on a Monday.
MONDAY = NOW.replace(hour=0, minute=0, second=0)
MAX_LINES, MAX_WIDTH = 25, 34


def shown(size: int | None, weeks: int = 13, share: float = 0.5, **options: Any) -> Cohorts:
    """Cohorts of so many people each, of whom a share comes back in each week."""
    rows = [
        Cohort(
            since=date(2026, 6, 1) - (weeks - 1 - at) * WEEK,
            size=size,
            returned=tuple(
                None if size is None else int(share * size) for _ in range(weeks - 1 - at)
            ),
        )
        for at in range(weeks)
    ]
    given: dict[str, Any] = {"running": date(2026, 6, 1), "stickiness": 0.2} | options
    return Cohorts(as_of=datetime(2026, 6, 3, tzinfo=UTC), cohorts=tuple(rows), **given)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("share", [0.001, 0.5, 1])
@pytest.mark.parametrize("running", [None, date(2026, 6, 1)])
def test_the_page_fits_on_a_phone(language: str, share: float, running: date | None) -> None:
    with translations().use_locale(language):
        text = who_comes_back.page(shown(99_999, share=share, running=running))
    [table] = re.findall(r"<pre>(.*)</pre>", text, re.DOTALL)

    assert max(map(len, table.split("\n"))) <= MAX_WIDTH
    assert "…" not in table
    # Two lines more for sentences that are wrapped.
    assert len(text.split("\n")) + 2 <= MAX_LINES


def test_percents_are_of_the_weeks_that_are_over() -> None:
    rows = [
        Cohort(since=date(2026, 5, 11), size=200, returned=(100, None, 50)),
        Cohort(since=date(2026, 5, 18), size=None, returned=(None, None)),
        Cohort(since=date(2026, 5, 25), size=80, returned=(40,)),
        Cohort(since=date(2026, 6, 1), size=20, returned=()),
    ]
    text = who_comes_back.page(
        Cohorts(as_of=NOW, cohorts=tuple(rows), running=date(2026, 6, 1), stickiness=0.215)
    )

    assert text.split("\n") == [
        "📊 <b>Who comes back</b>",
        "<b>Stickiness</b>: 22% of monthly users are active on an average day",
        "",
        "<pre>Week of New  +1  +2  +4  +8",
        "May 11  200  50   –",
        "May 18    –   –",
        "May 25   80</pre>",
        "<i>+1, +2, +4, +8: percent of them who came back so many weeks later.</i>",
        "–: hidden, too few people",
    ]


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (shown(None), "Too few people to show: 5 or more have to be new in a week."),
        (shown(9, weeks=1), "The first whole week is not over yet."),
        (shown(9, weeks=0, running=None), "The first whole week is not over yet."),
    ],
)
def test_without_a_table_a_sentence_tells_why(given: Cohorts, sentence: str) -> None:
    lines = who_comes_back.page(given).split("\n")

    assert lines[-1] == sentence
    assert "<pre>" not in "".join(lines)


async def test_an_admin_sees_what_was_recorded(
    sandbox: Sandbox, database: Path, clock: Clock
) -> None:
    async with AnalyticsService.open(database, clock=lambda: NOW - 60 * WEEK):
        pass  # recording began then
    async with AnalyticsService.open(database, clock=lambda: NOW) as analytics:
        await analytics.record(
            [
                Interaction(7_000_000_000 + person, InteractionType.MESSAGE, MONDAY - ago * WEEK)
                for ago, people in ((3, range(20)), (2, range(5)), (1, range(10, 40)))
                for person in people
            ]
        )
    admin = sandbox.person(ADMIN)
    async with running_bot(sandbox, database, clock, **SETTINGS):
        await ask(admin, "/stats")
        await admin.clicks("Who comes back")
        page = await admin.sees_edit()
        await admin.clicks("📈 Chart")
        picture = await admin.answer()
        await admin.clicks("« Back")
        first = await admin.sees_edit()

    assert picture.text == "[photo] Who comes back"
    assert sandbox.content(picture.message).startswith(b"\x89PNG")
    assert "May 11   20  25  50" in page.text
    assert "May 25   20" in page.text
    assert first.text.startswith("📊 Statistics")
