"""What the admin page shows, and the sentence it has where it can show nothing."""

import asyncio
import json
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from unittest.mock import patch

import pytest

from analytics import AnalyticsError, DatabaseUnavailable, NoReportYet, Period
from analytics.sqlite.queries.statistics import StatisticsQueries
from analytics.statistics.reports import Reports
from bot.web.rendering import choose_language
from tests.support.admin_pages import served
from tests.support.clock import Clock
from tests.support.processes import PATIENCE
from tests.support.service import SOMEBODY, interaction

GERMAN = {"Accept-Language": "fr-FR, de-AT;q=0.8, en;q=0.5"}


async def test_the_numbers_are_those_of_the_report(tmp_path: Path, clock: Clock) -> None:
    said = [interaction(timedelta(hours=number), SOMEBODY + number % 7) for number in range(1234)]
    async with served(tmp_path, clock, said) as page:
        for period, count in {"24h": "24", "7d": "157", "90d": "1,234"}.items():
            shown = await page.ask(f"/view/?period={period}", session=await page.session())
            assert f"<b>{count}</b>" in shown.text, period


async def test_no_view_waits_until_the_people_of_past_periods_are_counted(
    tmp_path: Path, clock: Clock
) -> None:
    said = [interaction(days * timedelta(days=1), SOMEBODY + days) for days in range(60)]
    count, may_end = StatisticsQueries.people_of_windows, asyncio.Event()

    async def slowly(queries: StatisticsQueries, windows: Sequence[tuple[int, int]]) -> list[int]:
        await may_end.wait()
        return await count(queries, windows)

    async with served(tmp_path, clock, said) as page, asyncio.timeout(PATIENCE):
        with patch.object(StatisticsQueries, "people_of_windows", slowly):
            for view in ("", "?period=30d", "state"):
                shown = await page.ask(f"/view/{view}", session=await page.session())
                assert shown.status == 200
        may_end.set()


@pytest.mark.parametrize("query", ["", "?", "?period=7d", "?unknown=1"])
async def test_seven_days_are_shown_first(tmp_path: Path, clock: Clock, query: str) -> None:
    async with served(tmp_path, clock) as page:
        shown = await page.ask(f"/view/{query}", session=await page.session())

    assert '<a href="/?period=7d" data-key="2" aria-current="page">' in shown.text
    assert shown.text.count('aria-current="page"') == 2  # the view, and the period
    assert all(f'"/?period={period}"' in shown.text for period in Period)


@pytest.mark.parametrize("period", ["1d", "", "7D", "%00", "<script>", "7d%27"])
async def test_an_unknown_period_gets_a_sentence(tmp_path: Path, clock: Clock, period: str) -> None:
    async with served(tmp_path, clock) as page:
        shown = await page.ask(f"/view/?period={period}", session=await page.session())

    assert shown.status == 404
    assert "There is nothing at this address." in shown.text
    assert "<script" not in shown.text


async def test_small_groups_are_hidden_as_in_the_chat(tmp_path: Path, clock: Clock) -> None:
    async with served(tmp_path, clock, [interaction()], breakdown_min_users=5) as page:
        shown = await page.ask("/view/", session=await page.session())

    assert "<b>1</b>" not in shown.text
    assert "<b>–</b>" in shown.text


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (NoReportYet("a", "b"), "There is no report yet"),
        (DatabaseUnavailable("a", "b"), "The database cannot be read at the moment"),
    ],
)
async def test_where_there_is_nothing_to_show_there_is_a_sentence(
    tmp_path: Path, clock: Clock, error: AnalyticsError, sentence: str
) -> None:
    async with served(tmp_path, clock) as page:
        with patch.object(Reports, "overview", side_effect=error):
            shown = await page.ask("/view/", session=await page.session())

    assert shown.status == 503
    assert sentence in shown.text


async def test_an_export_is_the_file_that_the_chat_sends(tmp_path: Path, clock: Clock) -> None:
    async with served(tmp_path, clock, [interaction()]) as page:
        csv = await page.ask("/export?period=30d", session=await page.session())
        german = await page.ask("/export?period=30d", session=await page.session(), **GERMAN)
        as_json = await page.ask("/export?period=30d&format=json", session=await page.session())

    assert csv.headers["Content-Disposition"] == 'attachment;filename="statistics-30d.csv"'
    assert csv.text.startswith("\ufeffsection,since,name,value\n")
    assert german.text.startswith("\ufeffsection;since;name;value\n")
    assert json.loads(as_json.text)["report"]["interactions"] == 1


async def test_the_page_speaks_the_language_of_the_browser(tmp_path: Path, clock: Clock) -> None:
    async with served(tmp_path, clock) as page:
        shell = await page.ask("/", **GERMAN)
        shown = await page.ask("/view/", session=await page.session(), **GERMAN)

    assert '<html lang="de">' in shell.text
    assert "Aktive Nutzer" in shown.text


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("", "en"),
        ("*", "en"),
        ("de", "de"),
        ("DE-at", "de"),
        ("fr, uk;q=0.1", "uk"),
        ("de;q=0.2,es;q=0.9", "es"),
        ("de;q=x", "en"),
        ("de;q=0", "en"),
        ("de;q=nan", "en"),
        ("," * 1000, "en"),
    ],
)
def test_a_header_of_languages_gives_one_that_the_bot_has(accepted: str, language: str) -> None:
    assert choose_language(accepted) == language
