"""Where a file has one name only (FAT, exFAT, Android, some FUSE) all is as safe as elsewhere."""

import errno
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from analytics import AnalyticsService, BackupRefused, Interaction, InteractionType
from analytics.sqlite import files
from analytics.sqlite.encryption import encrypt
from analytics.sqlite.maintenance.backups import backup
from analytics.sqlite.maintenance.restore import restore
from tests.faults.damage import KEY, count_at, later, service
from tests.faults.no_hard_links import encrypt_and_die, start_and_die, without_hard_links
from tests.support.killed import is_killed
from tests.support.recount import inconsistencies
from tests.support.second_connection import DATABASE_KEY, NAME

ONE = [Interaction(6_000_000_001, InteractionType.MESSAGE, later(0))]
ERRORS = [
    errno.EPERM,
    errno.EACCES,
    errno.EMLINK,
    errno.ENOSYS,
    errno.ENOTSUP,
    errno.EOPNOTSUPP,
    errno.EINVAL,
]


async def works(folder: Path) -> None:
    """A new database with its key, a backup that overwrites nothing, and the way back."""
    path, copy = folder / NAME, folder / "copy"
    async with AnalyticsService.open(path, timestamp_precision=1) as analytics:
        assert await analytics.record(ONE)
    key = path.with_suffix(".key").read_bytes()
    await backup(path, copy, None)
    made = copy.read_bytes()
    with pytest.raises(BackupRefused, match="exists already"):
        await backup(path, copy, None)
    await restore(copy, path, None, True, None, force=True)
    async with AnalyticsService.open(path, timestamp_precision=1) as analytics:
        assert await analytics.record(ONE)

    assert copy.read_bytes() == made
    assert path.with_suffix(".key").read_bytes() == key
    assert count_at(path, later(0)) == 2
    assert inconsistencies(path) == []
    assert not [file.name for file in folder.iterdir() if file.name.endswith(".unfinished")]


@pytest.mark.parametrize("number", sorted({*ERRORS}))
async def test_whatever_says_that_there_are_no_hard_links_the_bot_works(
    number: int, tmp_path: Path
) -> None:
    with without_hard_links(number):
        await works(tmp_path)


async def test_what_came_to_the_place_of_a_backup_meanwhile_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with service(tmp_path / NAME) as analytics:
        assert await analytics.record(ONE)

    def refused(old: Path, new: Path) -> None:
        new.write_text("a letter")
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refused)
    with pytest.raises(BackupRefused, match="exists already"):
        await backup(tmp_path / NAME, tmp_path / "copy", None)

    assert (tmp_path / "copy").read_text() == "a letter"
    assert not (tmp_path / "copy.unfinished").exists()


async def test_wherever_a_first_start_is_killed_the_next_one_needs_no_repair(
    tmp_path: Path,
) -> None:
    count, killed = 0, True
    while killed:
        count += 1
        path = tmp_path / str(count) / NAME
        killed = is_killed(start_and_die, path, count)
        async with AnalyticsService.open(path, timestamp_precision=1) as analytics:
            assert analytics.notices.empty()
            assert await analytics.record(ONE)

        assert count_at(path, later(0)) == 1
        assert inconsistencies(path) == []
        assert not [file for file in path.parent.iterdir() if file.suffix == ".unfinished"]

    assert count > 4


async def total(path: Path, database_key: bytes | None) -> int:
    """As a start finds it."""
    async with AnalyticsService.open(
        path, pseudonym_key=KEY, database_key=database_key
    ) as analytics:
        assert analytics.notices.empty()
        return (await analytics.get_admin_analytics_report()).total_interactions or 0


async def test_wherever_encrypt_is_killed_a_start_or_the_next_run_has_all_of_it(
    tmp_path: Path,
) -> None:
    pytest.importorskip("sqlcipher3", reason="needs the extra [sqlcipher]")
    async with service(tmp_path / "plain" / NAME) as analytics:
        assert await analytics.record(ONE)
    count, killed, nameless = 0, True, 0
    while killed:
        count += 1
        folder, started = tmp_path / str(count), tmp_path / f"{count}-started"
        shutil.copytree(tmp_path / "plain", folder)
        killed = is_killed(encrypt_and_die, folder / NAME, count)
        nameless += not (folder / NAME).exists()
        shutil.copytree(folder, started)
        is_encrypted = (folder / NAME).exists() and not files.is_plain(folder / NAME)
        with without_hard_links():
            assert await total(started / NAME, DATABASE_KEY if is_encrypted else None) == 1
            await encrypt(folder / NAME, DATABASE_KEY)

        assert await total(folder / NAME, DATABASE_KEY) == 1
        assert not [file for file in folder.iterdir() if ".plain" in file.name]

    assert nameless == 1


@pytest.fixture
def exfat(tmp_path: Path) -> Iterator[Path]:
    """A real disk that has no hard links, no rights and no links."""
    if not (shutil.which("mkfs.exfat") and shutil.which("mount.exfat-fuse")):
        pytest.skip("needs exfatprogs and exfat-fuse")
    image, folder = tmp_path / "image", tmp_path / "exfat"
    folder.mkdir()
    with image.open("wb") as file:
        file.truncate(64 * 2**20)
    subprocess.run(["mkfs.exfat", image], check=True, capture_output=True)
    with ExitStack() as stack:
        try:
            loop = _output("losetup", "--find", "--show", image)
            stack.callback(_output, "losetup", "--detach", loop)
            _output("mount.exfat-fuse", loop, folder)
        except subprocess.CalledProcessError:
            pytest.skip("needs the right to mount a disk")
        stack.callback(_output, "umount", folder)
        yield folder


def _output(*command: str | Path) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


async def test_on_exfat_the_bot_works(exfat: Path) -> None:
    (exfat / "file").touch()
    with pytest.raises(PermissionError):
        (exfat / "name").hardlink_to(exfat / "file")
    await works(exfat)
