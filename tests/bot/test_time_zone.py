"""With TIMEZONE, admins see days, hours and times by their clocks, in chat and on the terminal."""

import asyncio
import csv
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import AsyncMock

import pytest

from analytics import AnalyticsService, Calendar, Interaction, InteractionType
from analytics.telegram.charts import Charts, NoChart
from analytics.telegram.texts import meaning
from bot.sandbox import Person, Sandbox
from tests.support.clock import Clock
from tests.support.command_line import invoke
from tests.support.conversation import ask
from tests.support.hours import ADMIN, Hours
from tests.support.running import running_bot
from tests.support.settings import TOKEN

SETTINGS: dict[str, Any] = {"silence_alert_hours": 0, "timezone": "Asia/Tokyo"}
# Past midnight in Tokyo, and the day before in UTC.
LATE = datetime(2026, 6, 3, 20, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
def nothing_can_be_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Charts, "draw", AsyncMock(side_effect=NoChart))


async def seen(admin: Person, button: str) -> str:
    await admin.clicks(button)
    await admin.toast()
    return (await admin.sees_edit()).text


async def some_use(database: Path) -> None:
    """Five interactions today, in Tokyo at 5 o'clock; four of the day before at 23 o'clock."""
    moments = [LATE] * 5 + [datetime(2026, 6, 3, 14, tzinfo=UTC)] * 4
    said = [Interaction(ADMIN + 7, InteractionType.MESSAGE, moment) for moment in moments]
    async with AnalyticsService.open(
        database, clock=lambda: LATE, timezone="Asia/Tokyo"
    ) as analytics:
        await analytics.record(said)


async def test_stats_show_the_times_of_the_zone(
    sandbox: Sandbox, database: Path, clock: Clock
) -> None:
    admin, clock.now = sandbox.person(ADMIN), LATE
    await some_use(database)
    async with running_bot(
        sandbox, database, clock, admin_ids=f"{ADMIN}", digest_at="8:00", **SETTINGS
    ):
        first = await ask(admin, "/stats")
        details = await seen(admin, "Details")
        await seen(admin, "« Back")
        meaning = await seen(admin, "❓ What do these mean?")
        await seen(admin, "« Back")
        await admin.clicks("⬇️ Export")
        await admin.toast()
        table, document = [
            sandbox.content((await admin.answer()).message).decode("utf-8-sig") for _ in range(2)
        ]
        alerts = await ask(admin, "/alerts")
        audit = await ask(admin, "/audit")

    assert "as of Jun 4, 2026, 05:30 UTC+9" in first
    assert "Busiest hour: 05:00–06:00 Tokyo" in details
    assert "Next cleanup: Jun 5, 2026, 03:00 UTC+9" in details
    assert "Time zone of days and hours: Asia/Tokyo." in meaning
    assert "rounded" not in meaning
    assert "on Mondays at 08:00 Tokyo" in alerts
    assert audit.startswith("Audit log, Tokyo\n\nJun 4, 2026\n05:00 · ")
    exported = json.loads(document)
    assert exported["report"]["timezone"] == exported["history"]["timezone"] == "Asia/Tokyo"
    assert exported["report"]["since"] == "2026-05-29T00:00:00+09:00"
    days = {each["since"]: each["interactions"] for each in exported["history"]["buckets"]}
    assert days["2026-06-03T00:00:00+09:00"] == 4
    assert days["2026-06-04T00:00:00+09:00"] >= 5
    rows = list(csv.DictReader(table.splitlines()))
    assert ("timezone", "Asia/Tokyo") in [(row["name"], row["value"]) for row in rows]
    assert "2026-06-03T00:00:00+09:00" in {row["since"] for row in rows}


async def test_a_daily_digest_comes_at_its_time_in_the_zone(hours: Hours) -> None:
    """The bot begins at 21:00 in Tokyo."""
    async with hours.bot(digest="daily", digest_at="8:00", **SETTINGS):
        told = [await hours.passing(1) for _ in range(30)]

    [(after, [digest])] = [(n, each) for n, each in enumerate(told, 1) if each]
    assert after == 11
    assert "as of Jun 4, 2026, 08:00 UTC+9" in digest


def test_commands_show_the_times_of_the_zone_of_the_file(database: Path) -> None:
    asyncio.run(some_use(database))
    settings = {"DATABASE_PATH": str(database), "ADMIN_IDS": f"{ADMIN}"}
    shown = invoke("stats", **settings).stdout
    report = json.loads(invoke("stats", "--json", **settings).stdout)
    exported = json.loads(invoke("export", "--aggregates", **settings).stdout)

    assert shown.split("\n", 1)[0].endswith(" UTC+9")
    assert "Busiest hour" in shown
    assert report["oldest_interaction"] == "2026-06-03T23:00:00+09:00"
    assert exported["report"]["timezone"] == "Asia/Tokyo"


def test_a_zone_that_is_not_at_whole_hours_is_said_to_be_rounded() -> None:
    assert "rounded" in meaning.of_figures(1, Calendar([(0, "Asia/Kolkata")]))
    assert "rounded" not in meaning.of_figures(1, Calendar([(0, "Europe/Berlin")]))


async def test_a_wrong_time_zone_ends_the_start_with_one_sentence(database: Path) -> None:
    refused = invoke(TIMEZONE="Berlin", DATABASE_PATH=str(database), BOT_TOKEN=TOKEN)

    assert refused.exit_code == 2
    assert refused.stderr == (
        'TIMEZONE is "Berlin": give an IANA time zone, such as Europe/Berlin\n'
    )
