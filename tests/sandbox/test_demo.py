"""The demo: the real bot's story, told in a terminal."""

import random
import re
import sys
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from rich.console import Console
from rich.status import Status

from analytics import DEFAULT_RETENTION_DAYS
from bot.demo import story
from bot.demo.traffic import sayings
from bot.sandbox import Sandbox
from tests.support.terminals import at_a_terminal


@pytest.fixture
def small_crowd(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(story, "PEOPLE", 20)


async def play(
    keep: Path | None = None,
    pictures: Path | None = None,
    program: Sequence[str] = story.PROGRAM,
) -> int:
    return await story.play(Console(stderr=True).status(""), keep, pictures, program)


def a_bot(code: str) -> tuple[str, ...]:
    return (sys.executable, "-c", code)


@pytest.mark.usefixtures("small_crowd")
async def test_the_demo_shows_admin_stranger_stored_rows_and_cleanup(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    pictures = tmp_path / "pictures"
    status = await play(tmp_path / "kept.sqlite3", pictures)
    shown, errors = capfd.readouterr()

    assert (status, errors) == (0, "")
    parts = [
        "20 invented people sent",
        "of the last 24 hours.",
        "An admin sees aggregates only",
        "Admin: /stats",
        "Statistics",
        "Stranger: /stats",
        "I did not understand that",
        "Somebody: /privacy",
        "a row like your newest",
        "Somebody: /forgetme",
        "taps",
        "Erased from the database: 1 interaction",
        "interaction_type",
        "$ python main.py cleanup --days 60",
        "interactions older than 60 days deleted",
        "python main.py init",
        "python main.py demo --pictures",
        "docs/extend.md",
        "kept.sqlite3",
        "pictures",
    ]
    for part in parts:
        assert part in shown
        shown = shown[shown.index(part) + len(part) :]
    assert (tmp_path / "kept.sqlite3").read_bytes().startswith(b"SQLite format 3")
    statistics, chart = (pictures / "stats.svg").read_text(), (pictures / "chart.png").read_bytes()
    assert "Statistics" in statistics
    assert "http://www.w3.org/2000/svg" in statistics
    # As wide as the message, which fits on a phone, not as a terminal.
    [width] = re.findall(r'viewBox="0 0 (\d+) ', statistics)
    assert int(width) < 640
    assert statistics.count("//") == 1
    assert chart.startswith(b"\x89PNG")


async def test_what_is_there_already_is_not_overwritten(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    kept = tmp_path / "kept.sqlite3"
    kept.write_text("mine")

    assert await play(kept) == 2
    assert kept.read_text() == "mine"
    assert "kept.sqlite3 exists" in capfd.readouterr().err


async def test_a_bot_that_ends_by_itself_fails_the_demo_with_its_words(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    program = a_bot("import sys; sys.exit('no rights, no bot')")

    assert await play(program=program) == 1
    errors = capfd.readouterr().err
    assert "the bot ended by itself with exit status 1" in errors
    assert "no rights, no bot" in errors


async def test_the_operators_settings_are_not_those_of_the_demo(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RETENTION_DAYS", "7")
    monkeypatch.setenv("WEBHOOK_URL", "https://example.org/")
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("RETENTION_DAYS=8")
    code = "import os, sys; sys.exit(f'{sorted(os.environ)} {os.listdir()}')"

    assert await play(program=a_bot(code)) == 1
    errors = capfd.readouterr().err
    assert "BOT_API_URL" in errors
    for name in ("RETENTION_DAYS", "WEBHOOK_URL", ".env"):
        assert name not in errors


@pytest.mark.parametrize(("at_the_end", "status"), [(0, 0), (3, 1)])
async def test_the_bot_is_asked_to_stop_and_has_to_stop_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_the_end: int, status: int
) -> None:
    async def short_story(status: Status, sandbox: Sandbox, *_: object) -> story.Story:
        await sandbox.called("getUpdates")
        return []

    monkeypatch.setattr(story, "tell_story", short_story)
    code = (
        "import os, signal, sys, urllib.request\n"
        f"signal.signal(signal.SIGTERM, lambda *_: sys.exit({at_the_end}))\n"
        "api, token = os.environ['BOT_API_URL'], os.environ['BOT_TOKEN']\n"
        "urllib.request.urlopen(f'{api}/bot{token}/getUpdates?timeout=30')\n"
    )

    assert await play(program=a_bot(code)) == status


def test_the_crowd_comes_over_twelve_weeks_all_within_retention_and_without_a_spike() -> None:
    sandbox, now = Sandbox(), datetime(2026, 3, 1, 12, tzinfo=UTC)
    people = [sandbox.person() for _ in range(story.PEOPLE)]
    said = sayings(people, now, random.Random(story.SEED))
    ages = [now - saying.date for saying in said]
    by_week = Counter(age // timedelta(weeks=1) for age in ages)
    by_day = Counter(age // timedelta(days=1) for age in ages)

    assert 3_500 < len(said) < 4_500
    assert ages == sorted(ages, reverse=True)
    assert timedelta(0) < ages[-1]
    assert ages[0] < timedelta(days=DEFAULT_RETENTION_DAYS)
    # A bot that grows: each week has about as many as the one before, or more.
    assert len(by_week) == 12
    assert all(by_week[week] < 1.5 * by_week[week - 1] for week in range(1, 12))
    assert all(count < 3 * by_week[day // 7] / 7 for day, count in by_day.items())
    assert len({saying.person for saying in said}) == story.PEOPLE


async def test_progress_is_shown_before_what_takes_seconds_to_import(tmp_path: Path) -> None:
    (tmp_path / "aiohttp.py").write_text("raise SystemExit('aiohttp is imported')")
    async with at_a_terminal("demo", folder=tmp_path, PYTHONPATH=str(tmp_path)) as terminal:
        await terminal.sees("preparing the demo")
        await terminal.sees("aiohttp is imported")
