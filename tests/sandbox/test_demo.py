"""The demo: the real bot's story, told in a terminal."""

import random
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from rich.console import Console

from bot.demo import story
from bot.demo.traffic import sayings
from bot.sandbox import Sandbox


@pytest.fixture
def small_crowd(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(story, "PEOPLE", 20)


def a_bot(code: str) -> tuple[str, ...]:
    return (sys.executable, "-c", code)


@pytest.mark.usefixtures("small_crowd")
async def test_the_demo_shows_admin_stranger_stored_rows_and_cleanup(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    pictures = tmp_path / "pictures"
    status = await story.play(tmp_path / "kept.sqlite3", pictures)
    shown, errors = capfd.readouterr()

    assert (status, errors) == (0, "")
    parts = [
        "20 people sent",
        "An admin asks",
        "Last 7 days",
        "Last 30 days",
        "[photo]",
        "A stranger asks",
        "/stats",
        "Somebody sees",
        "a row like your newest one",
        "What is stored about you",
        "[document my-data.json]",
        "taps",
        "Erased: 1 interaction",
        "What is stored of a person",
        "$ python main.py cleanup --dry-run",
        "would be deleted",
        "$ python main.py cleanup",
        "deleted",
        "KiB",
        "kept.sqlite3",
    ]
    for part in parts:
        assert part in shown
        shown = shown[shown.index(part) + len(part) :]
    assert (tmp_path / "kept.sqlite3").read_bytes().startswith(b"SQLite format 3")
    statistics, chart = (pictures / "stats.svg").read_text(), (pictures / "chart.png").read_bytes()
    assert "Statistics" in statistics
    assert "http://www.w3.org/2000/svg" in statistics
    assert statistics.count("//") == 1
    assert chart.startswith(b"\x89PNG")


async def test_what_is_there_already_is_not_overwritten(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    kept = tmp_path / "kept.sqlite3"
    kept.write_text("mine")

    assert await story.play(kept) == 2
    assert kept.read_text() == "mine"
    assert "exists already" in capfd.readouterr().err


async def test_a_bot_that_ends_by_itself_fails_the_demo_with_its_words(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    program = a_bot("import sys; sys.exit('no rights, no bot')")

    assert await story.play(program=program) == 1
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

    assert await story.play(program=a_bot(code)) == 1
    errors = capfd.readouterr().err
    assert "BOT_API_URL" in errors
    for name in ("RETENTION_DAYS", "WEBHOOK_URL", ".env"):
        assert name not in errors


@pytest.mark.parametrize(("at_the_end", "status"), [(0, 0), (3, 1)])
async def test_the_bot_is_asked_to_stop_and_has_to_stop_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_the_end: int, status: int
) -> None:
    async def short_story(console: Console, sandbox: Sandbox, *_: object) -> None:
        await sandbox.called("getUpdates")

    monkeypatch.setattr(story, "tell_story", short_story)
    code = (
        "import os, signal, sys, urllib.request\n"
        f"signal.signal(signal.SIGTERM, lambda *_: sys.exit({at_the_end}))\n"
        "api, token = os.environ['BOT_API_URL'], os.environ['BOT_TOKEN']\n"
        "urllib.request.urlopen(f'{api}/bot{token}/getUpdates?timeout=30')\n"
    )

    assert await story.play(program=a_bot(code)) == status


def test_the_crowd_comes_over_some_weeks_and_a_few_came_before() -> None:
    sandbox, now = Sandbox(), datetime(2026, 3, 1, 12, tzinfo=UTC)
    people = [sandbox.person() for _ in range(story.PEOPLE)]
    said = sayings(people, now, random.Random(story.SEED))
    ages = [now - saying.date for saying in said]

    assert 2_500 < len(said) < 3_500
    assert ages == sorted(ages, reverse=True)
    assert timedelta(0) < ages[-1]
    assert 50 < sum(age > timedelta(days=90) for age in ages) < 300
    # The cleanup half a day ago left none of these.
    assert not [age for age in ages if age > timedelta(days=90.5)]
    assert not [age for age in ages if timedelta(weeks=6) < age < timedelta(days=90)]
    assert len({saying.person for saying in said}) == story.PEOPLE
