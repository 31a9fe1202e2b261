"""Whatever is at the path, the start is right, or is refused in a sentence and changes nothing."""

import errno
import os
import random
import shutil
import sqlite3
import stat
from contextlib import closing
from pathlib import Path
from unittest.mock import patch

import pytest

from analytics import (
    Access,
    AnalyticsError,
    AnalyticsService,
    DatabaseDamaged,
    DatabaseInaccessible,
    DatabaseInUse,
    DatabaseMissing,
    DatabaseUnavailable,
    DiskFull,
    Interaction,
    InteractionType,
    NotOurDatabase,
    disk,
)
from analytics.sqlite import locks
from analytics.sqlite.files import set_aside, wal
from analytics.sqlite.reserve import RESERVE_BYTES, reserve_of
from analytics.sqlite.reserve import keep as keep_reserve
from tests.faults.damage import NOW, count_at, files_set_aside, later, service
from tests.faults.database import can_mount, fill, small_disk
from tests.faults.power_cuts import cut
from tests.faults.recording_vfs import Entry, Event, Sync, SyncFolder, Write, library
from tests.faults.recording_vfs import recorded as recorded_events
from tests.support.recount import inconsistencies
from tests.support.second_connection import NAME, locked

ONE = [Interaction(6_000_000_001, InteractionType.MESSAGE, later(0))]


async def test_an_empty_file_is_taken_as_new(tmp_path: Path) -> None:
    path = tmp_path / NAME
    path.touch(0o644)
    async with service(path) as analytics:
        assert await analytics.record(ONE)

    assert count_at(path, later(0)) == 1
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("access", [Access.SHARE, Access.READ])
async def test_a_command_makes_nothing_of_an_empty_file(tmp_path: Path, access: Access) -> None:
    path = tmp_path / NAME
    path.touch()
    with pytest.raises(DatabaseMissing, match="start the bot first"):
        async with AnalyticsService.open(path, access=access):
            pass

    assert list(tmp_path.iterdir()) == [path]
    assert path.read_bytes() == b""


async def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotOurDatabase, match="is not a file"):
        async with service(tmp_path):
            pass

    assert list(tmp_path.iterdir()) == []


async def test_a_pipe_is_refused_and_waits_for_nobody(tmp_path: Path) -> None:
    path = tmp_path / NAME
    os.mkfifo(path)
    with pytest.raises(NotOurDatabase, match="is not a file"):
        async with service(path):
            pass

    assert list(tmp_path.iterdir()) == [path]


async def test_a_link_that_leads_to_itself_is_refused(tmp_path: Path) -> None:
    path = tmp_path / NAME
    path.symlink_to(path)
    with pytest.raises(DatabaseInaccessible, match="cannot be used"):
        async with service(path):
            pass


async def test_what_a_link_leads_to_is_made_and_set_aside_with_its_log(tmp_path: Path) -> None:
    link, path = tmp_path / "link", tmp_path / "disk" / NAME
    link.symlink_to(path)
    async with service(link) as analytics:
        assert await analytics.record(ONE)
        with (
            patch.object(locks, "OWNER_TIMEOUT", 0),
            pytest.raises(DatabaseInUse, match="another process is using"),
        ):
            async with service(path):
                pass
        log = wal(path).read_bytes()
        path.write_bytes(random.Random(0).randbytes(path.stat().st_size))
        with pytest.raises(DatabaseDamaged):
            await analytics.records()
        assert await analytics.record(ONE)
    [aside] = files_set_aside(path.parent)

    assert link.is_symlink()
    assert wal(aside).read_bytes() == log
    assert count_at(path, later(0)) == 1


async def test_a_log_without_its_file_is_kept_apart_from_the_new_one(tmp_path: Path) -> None:
    path, old = tmp_path / NAME, tmp_path / "old"
    async with service(old) as analytics:
        assert await analytics.record(ONE)
        shutil.copy(wal(old), wal(path))
    log = wal(path).read_bytes()
    async with service(path):
        pass
    [aside] = tmp_path.glob("*.damaged-*")

    assert log
    assert aside.read_bytes() == log
    assert count_at(path, later(0)) == 0
    assert inconsistencies(path) == []


def test_after_a_power_cut_a_damaged_database_still_has_its_log(tmp_path: Path) -> None:
    path = tmp_path / NAME
    path.touch()
    wal(path).touch()
    done: list[str] = []
    rename, fsync = Path.rename, os.fsync

    def noted_rename(old: Path, new: Path) -> None:
        rename(old, new)
        done.append(old.name)

    def noted_fsync(descriptor: int) -> None:
        fsync(descriptor)
        done.append("synced")

    with patch.object(Path, "rename", noted_rename), patch.object(os, "fsync", noted_fsync):
        set_aside(path)

    assert done == [NAME, "synced", f"{NAME}-wal", "synced"]


async def test_a_restored_backup_needs_no_repair_wherever_its_first_start_was_killed(
    tmp_path: Path,
) -> None:
    """A backup has no write-ahead log yet: that it gets one is a change that can be half done."""
    try:
        library().sqlite3_vfs_find(None)
    except (OSError, AttributeError) as error:
        pytest.skip(f"this Python does not show the functions of its SQLite: {error}")
    original, backup = tmp_path / "original", tmp_path / "backup"
    async with service(original) as analytics:
        assert await analytics.record(ONE)
    with closing(sqlite3.connect(original)) as database:
        database.execute("VACUUM INTO ?", (str(backup),))
    path = tmp_path / "restored" / NAME
    path.parent.mkdir()
    shutil.copy(backup, path)
    with recorded_events() as recording:
        async with service(path) as analytics:
            pass
    events: list[Event] = recording.events
    [at, number] = next(
        (at, event.file)
        for at, event in enumerate(events)
        if isinstance(event, Entry) and event.name == NAME
    )
    assert number is not None
    restored: list[Event] = [Write(number, 0, backup.read_bytes()), Sync(number), SyncFolder()]
    events[at + 1 : at + 1] = restored
    chance = random.Random(0)
    left: list[tuple[int, float]] = []
    for end in range(at + 1 + len(restored), len(events)):
        for kept in (0.0, 0.5, 1.0):
            for file in path.parent.iterdir():
                file.unlink()
            for name, content in cut(events, end, chance, kept).items():
                (path.parent / name).write_bytes(content)
            async with service(path) as analytics:
                if not analytics.notices.empty() or not await analytics.record(ONE):
                    left.append((end, kept))
            if count_at(path, later(0)) != 2:
                left.append((end, kept))

    assert left == []


async def test_a_new_folder_is_on_the_disk_before_anything_is_recorded(tmp_path: Path) -> None:
    synced: set[int] = set()
    fsync = os.fsync

    def noted(descriptor: int) -> None:
        fsync(descriptor)
        found = os.fstat(descriptor)
        if stat.S_ISDIR(found.st_mode):
            synced.add(found.st_ino)

    with patch.object(os, "fsync", noted):
        async with service(tmp_path / "a" / "b" / NAME):
            pass

    assert synced == {
        folder.stat().st_ino for folder in (tmp_path, tmp_path / "a", tmp_path / "a/b")
    }


async def test_a_folder_deleted_under_the_running_bot_is_made_again(tmp_path: Path) -> None:
    path = tmp_path / "data" / NAME
    async with AnalyticsService.open(path, timestamp_precision=1, clock=lambda: NOW) as analytics:
        key = path.with_suffix(".key").read_bytes()
        shutil.rmtree(path.parent)
        await analytics.maintenance.run()
        assert await analytics.record(ONE)

    assert path.with_suffix(".key").read_bytes() == key
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert count_at(path, later(0)) == 1


async def test_a_second_bot_is_refused_also_when_the_lock_was_deleted(tmp_path: Path) -> None:
    path = tmp_path / NAME
    async with service(path) as analytics:
        for file in tmp_path.glob(f"{NAME}*"):
            file.unlink()
        await analytics.record(ONE)
        await analytics.maintenance.run()
        with (
            patch.object(locks, "OWNER_TIMEOUT", 0),
            pytest.raises(DatabaseInUse, match="another process is using"),
        ):
            async with service(path):
                pass


def test_a_reserve_that_was_cut_short_is_completed(tmp_path: Path) -> None:
    path = tmp_path / NAME
    reserve_of(path).write_bytes(b"a kill came")
    keep_reserve(path)

    assert reserve_of(path).stat().st_size == RESERVE_BYTES


async def test_on_a_full_disk_the_start_says_so_and_leaves_nothing() -> None:
    if not can_mount():
        pytest.skip("needs the right to mount a small disk")
    with small_disk() as disk:
        filler = fill(disk, "filler")
        with pytest.raises(DatabaseUnavailable, match="the disk is full"):
            async with service(disk / NAME):
                pass
        filler.unlink()
        async with service(disk / NAME) as analytics:
            assert await analytics.record(ONE)
        found = count_at(disk / NAME, later(0))
        left = {file.name for file in disk.iterdir()} - {NAME, f"{NAME}.lock", f"{NAME}.reserve"}

    assert found == 1
    assert left <= {f"{NAME}.write-lock"}


async def test_on_a_full_disk_the_reserve_is_given_up_to_start() -> None:
    if not can_mount():
        pytest.skip("needs the right to mount a small disk")
    with small_disk() as disk:
        async with service(disk / NAME) as analytics:
            assert await analytics.record(ONE)
        assert reserve_of(disk / NAME).stat().st_size == RESERVE_BYTES
        fill(disk, "filler")
        async with service(disk / NAME) as analytics:
            assert await analytics.record(ONE)
        found = count_at(disk / NAME, later(0))

    assert found == 2


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), DiskFull, "the disk is full"),
        (OSError(errno.EDQUOT, "Quota exceeded"), DiskFull, "the disk is full"),
        (OSError(errno.EFBIG, "File too large"), DiskFull, "the disk is full"),
        (OSError(errno.EMFILE, "Too many open files"), DatabaseUnavailable, "Too many open files"),
        (
            PermissionError(errno.EACCES, "Permission denied"),
            DatabaseInaccessible,
            "Permission denied",
        ),
        (OSError(errno.ENOTDIR, "Not a directory"), DatabaseInaccessible, "Not a directory"),
    ],
)
async def test_what_may_be_over_is_told_from_what_a_person_has_to_mend(
    tmp_path: Path, error: OSError, kind: type[AnalyticsError], words: str
) -> None:
    with (
        patch.object(disk, "create_folder", side_effect=error),
        pytest.raises(AnalyticsError, match=words) as refused,
    ):
        async with service(tmp_path / NAME):
            pass

    assert type(refused.value) is kind


async def test_a_locked_database_may_be_free_at_the_next_start(
    tmp_path: Path,
) -> None:
    path = tmp_path / NAME
    async with service(path):
        pass
    with (
        locked(path, "EXCLUSIVE"),
        pytest.raises(DatabaseUnavailable, match="locked by another program"),
    ):
        async with service(path):
            pass
