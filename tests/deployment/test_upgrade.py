"""A file of every version there was opens, and a migration leaves a way back."""

import shutil
import sqlite3
import stat
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial
from operator import add
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import patch

import pytest

from analytics import (
    AnalyticsError,
    AnalyticsService,
    Interaction,
    InteractionType,
    NoRoomForCopy,
)
from analytics.sqlite import migrations
from analytics.sqlite.migrations import SCHEMA_VERSION
from analytics.telegram.buttons import Right
from tests.support.backups import daily_backups
from tests.support.old_files import FILES, INTERACTIONS, KEY, NOW, PEOPLE
from tests.support.recount import inconsistencies
from tests.support.second_connection import select

VERSIONS = sorted(int(file.stem.removeprefix("schema-")) for file in FILES.iterdir())


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A database of the first version."""
    return place(1, tmp_path)


def place(version: int, folder: Path) -> Path:
    (folder / "data").mkdir(mode=0o700)
    path = folder / "data" / "analytics.sqlite3"
    shutil.copy(FILES / f"schema-{version}.sqlite3", path)
    return path


async def open_and_record(path: Path) -> int:
    """What the report counts, after one interaction more of the first person."""
    async with AnalyticsService.open(path, pseudonym_key=KEY, clock=lambda: NOW) as analytics:
        await analytics.record([Interaction(PEOPLE[0], InteractionType.MESSAGE, NOW)])
        return (await analytics.get_admin_analytics_report()).total_interactions or 0


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_file_of_each_version_opens_with_all_that_was_in_it(
    tmp_path: Path, version: int
) -> None:
    path = place(version, tmp_path)
    total = await open_and_record(path)

    assert total == len(INTERACTIONS) + 1
    assert select(path, "PRAGMA user_version") == [(SCHEMA_VERSION,)]
    assert select(path, "SELECT count(*) FROM users") == [(len(PEOPLE),)]
    assert select(path, "SELECT count(*) FROM remembered_updates") == [(len(INTERACTIONS),)]
    assert inconsistencies(path) == []


async def test_an_upgrade_forgets_what_told_who_opted_out(tmp_path: Path) -> None:
    path = place(3, tmp_path)
    with closing(sqlite3.connect(path)) as connection, connection:
        for event in ("/help", *(f"/{right}" for right in Right)):
            connection.execute("INSERT INTO daily_events VALUES (1, ?, 1)", (event,))
        connection.execute("INSERT INTO remembered_updates VALUES (7, 86400 + 3 * 3600)")
    async with AnalyticsService.open(path, pseudonym_key=KEY, clock=lambda: NOW):
        pass

    assert select(path, "SELECT kind, event FROM daily_events") == [("command", "help")]
    assert select(path, "SELECT received FROM remembered_updates WHERE update_id = 7") == [(86400,)]


def copies(path: Path) -> list[Path]:
    return sorted(path.parent.glob("*.before-schema-*"))


def contents(path: Path) -> list[str]:
    """All but the note that there is a backup."""
    with closing(sqlite3.connect(path)) as connection:
        return [line for line in connection.iterdump() if "'last_backup'" not in line]


async def test_before_a_migration_a_copy_is_made(old: Path) -> None:
    before = contents(old)
    await open_and_record(old)
    await open_and_record(old)  # is of the new version now
    [copy] = copies(old)

    assert select(old, "PRAGMA user_version") == [(SCHEMA_VERSION,)]
    assert select(copy, "PRAGMA user_version") == [(1,)]
    assert contents(copy) == before
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600


async def test_a_new_file_and_one_of_this_version_are_not_copied(tmp_path: Path) -> None:
    for _ in range(2):
        await open_and_record(tmp_path / "new.sqlite3")

    assert copies(tmp_path / "new.sqlite3") == []


async def test_a_migration_that_fails_again_and_again_leaves_the_file_and_one_copy(
    old: Path,
) -> None:
    before = contents(old)
    for _ in range(3):
        broken = patch.dict(migrations.MIGRATIONS, {SCHEMA_VERSION: ["ALTER TABLE gone DROP x"]})
        with broken, pytest.raises(AnalyticsError, match="no such table: gone"):
            await open_and_record(old)

    assert len(copies(old)) == 1
    assert select(old, "PRAGMA user_version") == [(1,)]
    assert contents(old) == before
    assert await open_and_record(old) == len(INTERACTIONS) + 1


async def test_without_room_for_the_copy_nothing_is_migrated(
    old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=0))
    with pytest.raises(NoRoomForCopy, match="too little space for a copy"):
        await open_and_record(old)

    assert select(old, "PRAGMA user_version") == [(1,)]


async def test_the_copy_goes_when_it_is_past_retention(old: Path) -> None:
    await open_and_record(old)
    made = datetime.fromtimestamp(copies(old)[0].stat().st_mtime, UTC)

    for days, left in ((89, 1), (91, 0)):
        clock = partial(add, made, timedelta(days=days))
        await daily_backups(old, None, clock=clock).run()
        assert len(copies(old)) == left
