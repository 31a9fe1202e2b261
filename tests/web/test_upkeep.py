"""Backups and the findings of doctor on the admin page: as on the command line, once a minute."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from analytics import AnalyticsService, Finding
from bot.cli.doctor import findings
from bot.settings import Settings
from bot.web.findings import KEPT, Doctor, by_command_line
from bot.web.upkeep import Upkeep
from tests.support.admin_pages import ADMIN, OWNER, served
from tests.support.clock import NOW, Clock
from tests.support.markup import tables
from tests.support.second_connection import NAME

FOUND = [
    Finding("schema", "version 6"),
    Finding("contact", "nobody <b>knows</b>", "set OPERATOR_CONTACT", advice=True),
    Finding("disk", "1 MiB free", "free up space"),
]


async def state(upkeep: Upkeep, telegram_id: int, folder: Path, clock: Clock) -> str:
    """The state of a bot, as an admin sees it."""
    async with served(folder, clock, upkeep=lambda analytics: upkeep) as page:
        return (await page.ask("/view/state", session=await page.session(telegram_id))).text


async def test_backups_are_shown_with_their_folder_to_owners(tmp_path: Path, clock: Clock) -> None:
    async def last() -> datetime:
        return NOW - timedelta(hours=9)

    upkeep = Upkeep(
        backup_dir=Path("/backups"),
        last_backup=last,
        next_backup=lambda: NOW + timedelta(hours=15),
    )
    of_owner = tables(await state(upkeep, OWNER, tmp_path, clock))[1]
    of_admin = tables(await state(upkeep, ADMIN, tmp_path, clock))[1]
    none = await state(Upkeep(), OWNER, tmp_path, clock)

    assert of_owner == [
        ["Last backup", "Jun 1, 2026, 03:34 UTC"],
        ["Next backup", "Jun 2, 2026, 03:34 UTC"],
        ["Folder", "/backups"],
    ]
    assert of_admin == of_owner[:2]
    assert "None: set BACKUP_DIR to make one each day." in none


async def test_findings_are_shown_whole_to_owners(tmp_path: Path, clock: Clock) -> None:
    async def examine() -> Sequence[Finding]:
        return FOUND

    shown = await state(Upkeep(doctor=Doctor(examine)), OWNER, tmp_path, clock)
    of_owner = tables(shown)[1]
    of_admin = tables(await state(Upkeep(doctor=Doctor(examine)), ADMIN, tmp_path, clock))[1]

    assert "⚠️ Failed checks: disk" in shown
    assert "Nothing needs attention" not in shown
    assert of_owner == [
        ["✅ schema", "version 6"],
        ["⚠️ contact", "nobody <b>knows</b> → set OPERATOR_CONTACT"],
        ["❌ disk", "1 MiB free → free up space"],
    ]
    assert of_admin == [
        ["✅ schema", ""],
        ["⚠️ contact", "An owner sees more."],
        ["❌ disk", "An owner sees more."],
    ]


async def test_findings_are_asked_for_once_a_minute_and_once_at_a_time() -> None:
    asked, seconds = 0, 0.0

    async def examine() -> Sequence[Finding]:
        nonlocal asked
        asked += 1
        return FOUND

    doctor = Doctor(examine, monotonic=lambda: seconds)
    together = await asyncio.gather(*(doctor.findings() for _ in range(3)))
    seconds = KEPT - 1
    await doctor.findings()
    within = asked
    seconds = KEPT
    await doctor.findings()

    assert together == [FOUND] * 3
    assert (within, asked) == (1, 2)


async def test_findings_that_take_long_hold_up_no_page_and_end_with_it(
    tmp_path: Path, clock: Clock
) -> None:
    ended = False

    async def examine() -> Sequence[Finding]:
        nonlocal ended
        try:
            await asyncio.Event().wait()
        finally:
            ended = True
        return FOUND

    shown = await state(Upkeep(doctor=Doctor(examine, timeout=0)), OWNER, tmp_path, clock)

    assert "The checks are still running." in shown
    assert ended


async def test_a_doctor_that_cannot_be_run_is_a_finding() -> None:
    async def examine() -> Sequence[Finding]:
        raise OSError

    assert await Doctor(examine).findings() == [
        Finding("doctor", "could not be run", "run python main.py doctor")
    ]


async def test_the_findings_are_those_of_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a token, so that Telegram is not asked."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("DATABASE_PATH", str(tmp_path / NAME))
    monkeypatch.chdir(tmp_path)
    async with AnalyticsService.open(tmp_path / NAME):
        pass
    shown = await by_command_line()

    assert [each.check for each in shown] == [each.check for each in await findings()]
    assert "database" in {each.check for each in shown}
    assert next(each for each in shown if each.check == "settings").failed
