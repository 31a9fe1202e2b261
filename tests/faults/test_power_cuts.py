"""What was acknowledged survives a power cut, whatever the disk kept of the rest."""

import os
import random
import stat
from pathlib import Path
from unittest.mock import patch

import pytest

from analytics import AnalyticsService
from analytics.sqlite.connections import PRAGMAS
from tests.faults.power_cuts import FAULTS, made, run, survivor, survivors
from tests.faults.recording_vfs import Event, library

NORMAL, OFF = 1, 0


@pytest.fixture(autouse=True, scope="module")
def _sqlite_can_be_recorded() -> None:
    try:
        library().sqlite3_vfs_find(None)
    except (OSError, AttributeError) as error:
        pytest.skip(f"this Python does not show the functions of its SQLite: {error}")


@pytest.fixture
async def events(tmp_path: Path) -> list[Event]:
    return await run(tmp_path, seed=1)


async def test_a_power_cut_loses_nothing_and_doubles_nothing() -> None:
    [fault] = FAULTS
    row = await fault.inject(fault.short)

    assert row.acknowledged > 10_000
    assert row.recorded == row.acknowledged
    assert (row.lost, row.counted_twice) == (0, 0)


async def test_with_less_care_the_same_cuts_lose_commits() -> None:
    with patch.dict(PRAGMAS, synchronous=NORMAL):
        found = await survivors(50)

    assert any(each.lost for each in found)


async def test_without_care_the_same_cuts_damage_the_file() -> None:
    with patch.dict(PRAGMAS, synchronous=OFF):
        found = await survivors(50)

    assert any(each.faults for each in found)


async def test_killed_between_any_two_writes_of_the_first_start_the_next_needs_no_repair(
    events: list[Event], tmp_path: Path
) -> None:
    folder = tmp_path / "killed"
    folder.mkdir()
    found = {
        at: (await survivor(events, random.Random(0), folder, at, kept=1.0)).faults
        for at in range(made(events))
    }

    assert found
    assert {at: faults for at, faults in found.items() if faults} == {}


async def test_after_a_power_cut_in_the_first_start_the_next_needs_no_repair(
    events: list[Event], tmp_path: Path
) -> None:
    chance = random.Random(0)
    folder = tmp_path / "cut"
    folder.mkdir()
    found = [
        (await survivor(events, chance, folder, at, kept)).faults
        for at in range(made(events))
        for kept in (0.0, 0.5, 0.9)
    ]

    assert found
    assert [faults for faults in found if faults] == []


async def test_the_key_is_on_the_disk_before_anything_is_written_with_it(database: Path) -> None:
    """A synced file whose name is lost is lost: the folder has to be synced after the name."""
    done: list[str] = []
    link, fsync = os.link, os.fsync

    def noted_link(old: Path, new: Path) -> None:
        link(old, new)
        done.append("named")

    def noted_fsync(descriptor: int) -> None:
        fsync(descriptor)
        is_folder = stat.S_ISDIR(os.fstat(descriptor).st_mode)
        done.append("folder synced" if is_folder else "file synced")

    with patch.object(os, "link", noted_link), patch.object(os, "fsync", noted_fsync):
        async with AnalyticsService.open(database):
            pass

    assert done[-3:] == ["file synced", "named", "folder synced"]
