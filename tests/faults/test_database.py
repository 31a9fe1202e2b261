"""While the database fails people are answered, and nothing is lost or counted twice."""

import os
import random
import shutil
from pathlib import Path

import pytest

from analytics.sqlite.files import wal
from tests.faults.database import ADMIN, FAULTS, can_mount, story
from tests.faults.table import Fault
from tests.support.conversation import ask
from tests.support.second_connection import locked, select
from tests.support.stored import remembered


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
async def test_nothing_is_lost_or_counted_twice(fault: Fault) -> None:
    if fault.name == "disk full" and not can_mount():
        pytest.skip("needs the right to mount a small disk")
    row = await fault.inject(fault.short)

    assert row.acknowledged > 0
    assert (row.lost, row.counted_twice) == (0, 0)


async def test_admins_are_told_once_when_it_begins_and_once_when_it_is_over(
    tmp_path: Path,
) -> None:
    async with story(tmp_path, admin_ids={ADMIN}) as tale:
        admin = await tale.an_admin()
        with locked(tale.database):
            await tale.talk()
            begin = (await admin.answer()).text
            during = await ask(admin, "/stats")
        end = (await admin.answer()).text
        await tale.until_recorded()
        told = len(
            [line for line in admin.transcript if "database" in line.message.get("text", "")]
        )

    assert "cannot be written" in begin
    assert "Waiting to be recorded: " in during
    assert "can be written again" in end
    assert told == 2


async def test_a_database_damaged_at_start_is_set_aside_whole(tmp_path: Path) -> None:
    async with story(tmp_path) as tale:
        await tale.talk()
    damage(tale.database)
    damaged = tale.database.read_bytes()
    async with story(tmp_path, admin_ids={ADMIN}) as tale:
        await tale.talk()

    [aside] = set_aside(tmp_path)
    assert aside.read_bytes() == damaged
    assert aside.stat().st_mode & 0o777 == 0o600
    assert set(tale.said) == remembered(tale.database)


async def test_a_database_found_damaged_while_running_is_set_aside(tmp_path: Path) -> None:
    async with story(tmp_path, admin_ids={ADMIN}) as tale:
        admin = await tale.an_admin()
        await tale.talk()
        select(tale.database, "PRAGMA wal_checkpoint(TRUNCATE)")
        damage(tale.database)
        tale.said.clear()
        # Its own pages are in the bot's memory: the reading connection finds the damage.
        await ask(admin, "/stats")
        await tale.until_recorded()
        notices = [(await admin.answer()).text]
        while "damaged" not in notices[-1]:
            notices.append((await admin.answer()).text)

    [aside] = set_aside(tmp_path)
    assert aside.name in notices[-1]
    assert aside.stat().st_mode & 0o777 == 0o600
    assert set(tale.said) <= remembered(tale.database)


async def test_a_database_cut_to_nothing_while_running_is_begun_anew(tmp_path: Path) -> None:
    async with story(tmp_path) as tale:
        await tale.talk()
        os.truncate(tale.database, 0)
        os.truncate(wal(tale.database), 0)
        tale.said.clear()
        await tale.talk()
        await tale.until_recorded()

    assert set(tale.said) <= remembered(tale.database)


async def test_after_a_kill_the_next_start_needs_no_repair(tmp_path: Path) -> None:
    async with story(tmp_path) as tale:
        await tale.talk()
        copy = tmp_path / "killed"
        copy.mkdir()
        # What a kill leaves: the files as they are, with everything still in the log.
        for name in ("analytics.sqlite3", "analytics.sqlite3-wal", "analytics.key"):
            shutil.copy(tmp_path / name, copy / name)
    said = set(tale.said)
    async with story(copy) as tale:
        await tale.talk(1)

    assert said <= remembered(tale.database)
    assert not list(copy.glob("*.damaged-*"))


def set_aside(folder: Path) -> list[Path]:
    """The damaged databases, without their logs."""
    return [path for path in folder.glob("*.damaged-*") if not path.name.endswith("-wal")]


def damage(path: Path) -> None:
    """Random bytes in the place of every page but the first."""
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(random.Random(0).randbytes(size - 4096))
