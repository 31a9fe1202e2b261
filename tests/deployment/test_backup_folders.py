"""Many bots keep backups in one folder, and kills leave no half ones in it."""

import asyncio
import os
import signal
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from analytics import (
    AnalyticsService,
    BackupRefused,
    DatabaseInUse,
    Interaction,
    InteractionType,
    NotOurDatabase,
    RotationRefused,
)
from analytics.sqlite import copying
from analytics.sqlite.copying import note, only_copy
from analytics.sqlite.maintenance.backups import backup, backup_into, last_backup
from analytics.sqlite.maintenance.wipe import everything
from analytics.sqlite.reserve import keep as keep_reserve
from analytics.sqlite.reserve import reserve_of
from tests.support.processes import PATIENCE, run, start
from tests.support.second_connection import NAME, select

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
ONE = [Interaction(6_000_000_001, InteractionType.MESSAGE, NOW)]
# The same for both: what tells them apart is in the file alone.
KEY = bytes(range(32))


async def make(path: Path, key: bytes | None = KEY) -> Path:
    async with AnalyticsService.open(path, pseudonym_key=key, clock=lambda: NOW) as analytics:
        assert await analytics.record(ONE)
    return path


async def back_up(path: Path, folder: Path, day: int, keep: int = 2) -> Path:
    return await backup_into(path, folder, None, keep, 90, NOW + timedelta(days=day))


def listed(folder: Path) -> set[Path]:
    return {*folder.iterdir()}


async def test_two_bots_with_one_folder_leave_each_others_backups_alone(tmp_path: Path) -> None:
    one, other = [await make(tmp_path / bot / NAME) for bot in ("one", "other")]
    folder = tmp_path / "copies"
    # At the same second, too.
    others = {await back_up(other, folder, day, keep=10) for day in (-200, -2, -1, 0)} - {
        await back_up(other, folder, 1, keep=3)
    }
    for day in range(-2, 4):
        newest = await back_up(one, folder, day)
    kept = listed(folder)
    last = await last_backup(one, folder, None, NOW + timedelta(days=9))
    async with everything(one, folder, None) as wipe:
        list(wipe.delete_files())
    left = listed(folder)

    assert len({path.name.split("-")[-1] for path in kept}) == 2
    assert newest in kept
    assert last == NOW + timedelta(days=3)
    assert len(kept) == 3 + 2
    assert len(left) == 3
    assert len(left & others) == 2


async def test_brackets_in_a_name_are_no_pattern(tmp_path: Path) -> None:
    path, folder = await make(tmp_path / "bot[1].sqlite3"), tmp_path / "copies [2]"
    made = [await back_up(path, folder, day) for day in range(5)]

    assert listed(folder) == set(made[-2:])


async def test_backups_of_an_earlier_version_are_told_by_what_is_in_them(tmp_path: Path) -> None:
    """They have no identity in their name, nor inside."""
    one = await make(tmp_path / "one" / NAME, key=None)
    other = await make(tmp_path / "other" / NAME, key=None)
    folder = tmp_path / "copies"
    old = [folder / f"analytics-2026050{number}T120000Z.sqlite3" for number in range(1, 5)]
    for number, file in enumerate(old):
        await backup(one if number % 2 else other, file, None)
        with closing(sqlite3.connect(file)) as copy, copy:
            copy.execute("DELETE FROM file_settings WHERE name = 'database_id'")
    (folder / "analytics-20260506T120000Z.sqlite3").write_text("a letter")
    before = await last_backup(one, folder, None, NOW)
    await back_up(one, folder, 0, keep=1)
    left = listed(folder)
    async with everything(one, folder, None) as wipe:
        named = set(wipe.backups_of_others)

    assert before == datetime(2026, 5, 4, 12, tzinfo=UTC)
    assert left >= {old[0], old[2], folder / "analytics-20260506T120000Z.sqlite3"}
    assert not left & {old[1], old[3]}
    assert named == {old[0], old[2], folder / "analytics-20260506T120000Z.sqlite3"}


async def test_a_file_in_the_place_of_a_damaged_one_has_its_backups(tmp_path: Path) -> None:
    path, folder = await make(tmp_path / "data" / NAME), tmp_path / "copies"
    await back_up(path, folder, -3)
    [(page,)] = select(path, "SELECT rootpage FROM sqlite_schema WHERE name = 'interactions'")
    [(size,)] = select(path, "PRAGMA page_size")
    with path.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xa5" * size)
    async with AnalyticsService.open(path, pseudonym_key=KEY, clock=lambda: NOW) as analytics:
        assert analytics.notices.qsize() == 1
        # Deleted under the running bot, it begins anew once more.
        path.unlink()
        assert await analytics.record(ONE)
        assert await analytics.record(ONE)
    last = await last_backup(path, folder, None, NOW)
    await back_up(path, folder, 0, keep=1)

    assert last == NOW - timedelta(days=3)
    assert len(listed(folder)) == 1


async def test_a_killed_backup_is_removed_by_the_next_one_and_by_a_start(tmp_path: Path) -> None:
    path = await make(tmp_path / "data" / NAME, key=None)
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("INSERT INTO file_settings VALUES ('large', zeroblob(200000000))")
    where = {"DATABASE_PATH": str(path)}
    left = []
    for folder in ("one", "two"):
        draft = tmp_path / folder / "copy.unfinished"
        killed = await start(tmp_path, "backup", f"{folder}/copy", **where)
        async with asyncio.timeout(PATIENCE):
            while not (draft.exists() and draft.stat().st_size):  # noqa: ASYNC110
                await asyncio.sleep(0)
        killed.send(signal.SIGKILL)
        await killed.ended()
        left.append(draft.exists())
        if folder == "one":
            # To another place.
            assert (await run(tmp_path, "backup", "copy", **where))[0] == 0
        else:
            async with AnalyticsService.open(path):
                pass
        assert listed(tmp_path / folder) == set()

    assert left == [True, True]
    assert not note(path).exists()


async def test_a_backup_that_is_being_made_is_not_taken_for_a_killed_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, draft = await make(tmp_path / NAME), tmp_path / "copy.unfinished"
    monkeypatch.setattr(copying, "OTHER_COPY_TIMEOUT", 0)
    async with only_copy(path, tmp_path / "copy"):
        draft.touch()
        async with AnalyticsService.open(path, pseudonym_key=KEY):
            pass
        with pytest.raises(DatabaseInUse, match="is being made: try again"):
            await backup(path, tmp_path / "other", None)
        with pytest.raises(DatabaseInUse, match="is being made: try again"):
            async with everything(path, None, None):
                pass

    assert draft.exists()


async def test_two_databases_never_write_one_backup(tmp_path: Path) -> None:
    one, other = [await make(tmp_path / bot / NAME) for bot in ("one", "other")]
    async with only_copy(one, tmp_path / "copy"):
        (tmp_path / "copy.unfinished").write_text("half of it")
        with pytest.raises(BackupRefused, match="being written by another program"):
            await backup(other, tmp_path / "copy", None)

    assert (tmp_path / "copy.unfinished").read_text() == "half of it"
    # What was left long ago by who knows whom is in nobody's way.
    os.utime(tmp_path / "copy.unfinished", (0, 0))
    await backup(other, tmp_path / "copy", None)
    with pytest.raises(BackupRefused, match="exists already"):
        await backup(one, tmp_path / "copy", None)


def test_the_reserve_is_never_written_through_a_link(tmp_path: Path) -> None:
    letter = tmp_path / "letter"
    letter.write_bytes(b"dear " * 2**20)
    reserve_of(tmp_path / NAME).symlink_to(letter)
    keep_reserve(tmp_path / NAME)

    assert letter.read_bytes() == b"dear " * 2**20
    assert not reserve_of(tmp_path / NAME).is_symlink()
    assert reserve_of(tmp_path / NAME).stat().st_size > 0


async def test_sqlite_writes_through_no_link(tmp_path: Path) -> None:
    path = await make(tmp_path / NAME)
    letter = tmp_path / "letter"
    letter.write_text("dear")
    for companion in ("-wal", "-shm", "-journal"):
        link = tmp_path / f"{NAME}{companion}"
        link.unlink(missing_ok=True)
        link.symlink_to(letter)
        with pytest.raises(NotOurDatabase, match="is a link"):
            await make(path)
        link.unlink()

    assert letter.read_text() == "dear"


async def test_the_name_of_a_key_file_is_no_name_for_a_database(tmp_path: Path) -> None:
    for name in ("bot.key", "bot.new-key"):
        with pytest.raises(NotOurDatabase, match="has the name of a key file"):
            await make(tmp_path / name)

    assert listed(tmp_path) == set()


async def test_the_key_of_two_databases_is_not_replaced_for_one(tmp_path: Path) -> None:
    for name in (NAME, "analytics.db"):
        await make(tmp_path / name, key=None)
    key = (tmp_path / "analytics.key").read_bytes()
    async with AnalyticsService.open(tmp_path / NAME) as analytics:
        with pytest.raises(RotationRefused, match="uses the same key file"):
            await analytics.maintenance.rotate_key()

    assert (tmp_path / "analytics.key").read_bytes() == key
