"""What is opened is private, ours, of this version and under its key, or refused in a sentence."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any
from unittest.mock import patch

import aiosqlite
import pytest

from analytics import (
    Access,
    AnalyticsError,
    DatabaseInUse,
    DatabaseMissing,
    NewerSchema,
    NotOurDatabase,
    OlderSchema,
    PseudonymKeyMissing,
    UnsupportedSQLite,
    WrongPseudonymKey,
)
from analytics.sqlite import locks
from analytics.sqlite.migrations import SCHEMA_VERSION
from tests.faults.migrations import next_version
from tests.support.recount import inconsistencies
from tests.support.second_connection import NAME, select, total
from tests.support.service import KEY, days_ago, interaction, open_service, run_once

KEY_NAME = "analytics.key"


@pytest.fixture
def _generous_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.usefixtures("_generous_umask")
async def test_the_folder_and_every_file_in_it_are_private(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    async with open_service(folder, pseudonym_key=None) as analytics:
        await analytics.record(days_ago(91))
        # Makes the lock of who writes, too.
        await analytics.cleanup_old_interactions()
        modes = {}
        for path in folder.iterdir():
            with suppress(FileNotFoundError):  # the spool goes once nothing waits in it
                modes[path.name] = path.stat().st_mode & 0o777

    assert folder.stat().st_mode & 0o777 == 0o700
    assert set(modes.values()) == {0o600}
    assert {f"{NAME}{end}" for end in ("", "-wal", "-shm", ".lock", ".write-lock")} < set(modes)
    assert KEY_NAME in modes


@pytest.mark.parametrize(
    ("options", "error", "sentence"),
    [
        ({"retention_days": "90"}, TypeError, "^retention_days has to be a whole number"),
        ({"retention_days": 1.5}, TypeError, "^retention_days has to be a whole number"),
        ({"timestamp_precision": "60"}, TypeError, "^timestamp_precision has to be a whole number"),
        ({"breakdown_min_users": "5"}, TypeError, "^breakdown_min_users has to be a whole number"),
        ({"trends_min_users": None}, TypeError, "^trends_min_users has to be a whole number"),
        ({"report_interval": 24}, TypeError, r"^report_interval has to be a datetime\.timedelta"),
        ({"database_key": "hunter2"}, TypeError, "^database_key has to be 32 bytes.*fromhex"),
        ({"database_key": KEY.hex()}, TypeError, "^database_key has to be 32 bytes.*fromhex"),
        ({"database_key": b""}, ValueError, "^database_key has 0 bytes: give 32, or None"),
        ({"pseudonym_key": KEY.hex()}, TypeError, "^pseudonym_key has to be 32 or 64 bytes"),
        ({"pseudonym_key": KEY[1:]}, ValueError, "^pseudonym_key has 31 bytes: give 32 or 64"),
    ],
)
async def test_an_option_of_the_wrong_kind_is_refused_in_a_sentence_and_nothing_is_made(
    tmp_path: Path, options: dict[str, Any], error: type[Exception], sentence: str
) -> None:
    with pytest.raises(error, match=sentence) as refused:
        async with open_service(tmp_path / "new", **options):
            pass

    assert list(tmp_path.iterdir()) == []
    # A key is not shown.
    assert not {"hunter2", KEY.hex()} & set(str(refused.value).split())


async def test_days_of_the_wrong_kind_are_refused_in_a_sentence(tmp_path: Path) -> None:
    wrong: Any = "90"
    async with open_service(tmp_path) as analytics:
        with pytest.raises(TypeError, match=r"^days has to be a whole number"):
            await analytics.cleanup_old_interactions(wrong)


async def test_a_folder_that_is_there_is_left_as_it_is(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    folder.chmod(0o755)
    await run_once(folder)

    assert folder.stat().st_mode & 0o777 == 0o755


def text(folder: Path) -> None:
    (folder / NAME).write_text("A file of notes, long enough to hold a header of SQLite's. " * 3)


def of_another_program(folder: Path) -> None:
    with closing(sqlite3.connect(folder / NAME)) as database:
        database.execute("CREATE TABLE notes (text TEXT)")


def of_another_application(folder: Path) -> None:
    with closing(sqlite3.connect(folder / NAME)) as database:
        database.execute("PRAGMA application_id=1234")


def newer(folder: Path) -> None:
    with closing(sqlite3.connect(folder / NAME)) as database:
        database.execute(f"PRAGMA user_version={SCHEMA_VERSION + 1}")


def without_its_key(folder: Path) -> None:
    (folder / KEY_NAME).unlink()


def with_another_key(folder: Path) -> None:
    (folder / KEY_NAME).write_text("ab" * 32)


def with_a_broken_key(folder: Path) -> None:
    (folder / KEY_NAME).write_text("ab" * 31)


def as_it_was(_: Path) -> None:
    pass


@pytest.mark.parametrize("access", [Access.OWN, Access.SHARE, Access.READ])
@pytest.mark.parametrize(
    ("change", "error", "sentence"),
    [
        (text, NotOurDatabase, "is not a database: set DATABASE_PATH to another file"),
        (
            of_another_program,
            NotOurDatabase,
            "belongs to another program: set DATABASE_PATH to another file",
        ),
        (of_another_application, NotOurDatabase, "belongs to another program: set DATABASE_PATH"),
        (newer, NewerSchema, "was written by a newer version .*: install that version again"),
    ],
)
async def test_a_file_that_is_not_usable_is_refused_and_left_as_it_was(
    access: Access, change: Any, error: type[AnalyticsError], sentence: str, tmp_path: Path
) -> None:
    if change is newer:
        await run_once(tmp_path, days_ago(1))
    change(tmp_path)
    before = contents(tmp_path)
    with pytest.raises(error, match=sentence) as refused:
        await run_once(tmp_path, access=access)

    assert contents(tmp_path) == before
    assert_sentence(refused.value)


@pytest.mark.parametrize(
    ("change", "options", "error", "sentence"),
    [
        (
            without_its_key,
            {},
            PseudonymKeyMissing,
            "is missing and USER_ID_KEY is not set, .*: restore the key file",
        ),
        (
            with_a_broken_key,
            {},
            PseudonymKeyMissing,
            "contains no key .*: restore it from",
        ),
        (with_another_key, {}, WrongPseudonymKey, "was written with another key: set USER_ID_KEY"),
        (
            as_it_was,
            {"pseudonym_key": KEY},
            WrongPseudonymKey,
            "was written with another key: set USER_ID_KEY",
        ),
        (
            as_it_was,
            {"pseudonymise": False},
            WrongPseudonymKey,
            "was written with PSEUDONYMISE_USER_IDS=true",
        ),
    ],
)
async def test_a_file_under_another_key_is_refused_and_left_as_it_was(
    change: Any,
    options: dict[str, Any],
    error: type[AnalyticsError],
    sentence: str,
    tmp_path: Path,
) -> None:
    await run_once(tmp_path, days_ago(1), pseudonym_key=None)
    change(tmp_path)
    before = contents(tmp_path)
    with pytest.raises(error, match=sentence) as refused:
        await run_once(tmp_path, **{"pseudonym_key": None} | options)

    assert contents(tmp_path) == before
    assert_sentence(refused.value)


@pytest.mark.parametrize("pseudonym_key", [None, KEY])
async def test_a_file_of_plain_ids_is_not_switched_over(
    pseudonym_key: bytes | None, tmp_path: Path
) -> None:
    await run_once(tmp_path, days_ago(1), pseudonymise=False)
    before = contents(tmp_path)
    with pytest.raises(
        WrongPseudonymKey, match="was written with PSEUDONYMISE_USER_IDS=false"
    ) as refused:
        await run_once(tmp_path, pseudonym_key=pseudonym_key)

    assert contents(tmp_path) == before
    assert_sentence(refused.value)


async def test_the_key_may_move_from_its_file_to_the_settings(tmp_path: Path) -> None:
    await run_once(tmp_path, [interaction()], pseudonym_key=None)
    pseudonym_key = bytes.fromhex((tmp_path / KEY_NAME).read_text())
    (tmp_path / KEY_NAME).unlink()
    await run_once(tmp_path, [interaction()], pseudonym_key=pseudonym_key)

    assert select(tmp_path, "SELECT count(*) FROM users") == [(1,)]


@pytest.mark.parametrize("access", [Access.SHARE, Access.READ])
async def test_a_command_makes_no_file(access: Access, tmp_path: Path) -> None:
    with pytest.raises(DatabaseMissing, match="does not exist: start the bot first"):
        await run_once(tmp_path / "data", access=access)

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("access", [Access.SHARE, Access.READ])
async def test_a_command_records_nothing(access: Access, tmp_path: Path) -> None:
    await run_once(tmp_path)
    async with open_service(tmp_path, access=access) as analytics:
        with pytest.raises(RuntimeError, match="only the owner"):
            await analytics.record([interaction()])

    assert total(tmp_path) == 0


async def test_a_second_owner_is_refused(tmp_path: Path) -> None:
    with patch.object(locks, "OWNER_TIMEOUT", 0):
        async with open_service(tmp_path):
            with pytest.raises(DatabaseInUse, match=r"another process is using .*: stop it"):
                await run_once(tmp_path)


async def test_an_older_file_is_brought_up_to_date_in_one_transaction(tmp_path: Path) -> None:
    """Whoever reads meanwhile sees the old one or the new one."""
    await run_once(tmp_path, days_ago(1, 5))
    seen: set[tuple[Any, ...]] = set()
    execute = aiosqlite.Connection.execute_fetchall
    look = "SELECT (SELECT * FROM pragma_user_version), (SELECT count(*) FROM sqlite_schema)"
    [old] = select(tmp_path, look)

    async def watched(self: aiosqlite.Connection, *statement: Any) -> Any:
        rows = await execute(self, *statement)
        seen.update(select(tmp_path, look))
        return rows

    with next_version():
        with patch.object(aiosqlite.Connection, "execute_fetchall", watched):
            async with open_service(tmp_path) as analytics:
                migrated = await analytics.get_admin_analytics_report()
        [new] = select(tmp_path, look)

    assert seen == {old, new}
    assert (old[0], new[0]) == (SCHEMA_VERSION, SCHEMA_VERSION + 1)
    assert migrated.total_interactions == 5
    assert inconsistencies(tmp_path / NAME) == []


@pytest.mark.parametrize("access", [Access.SHARE, Access.READ])
async def test_a_command_beside_the_bot_does_not_migrate(access: Access, tmp_path: Path) -> None:
    async with open_service(tmp_path) as analytics:
        await analytics.record(days_ago(1))
        before = contents(tmp_path)
        with next_version(), pytest.raises(OlderSchema, match="start this version's bot once"):
            await run_once(tmp_path, access=access)
        after = contents(tmp_path)

    assert after == before


async def test_an_old_sqlite_is_refused(tmp_path: Path) -> None:
    with (
        patch.object(sqlite3, "sqlite_version_info", (3, 36, 0)),
        patch.object(sqlite3, "sqlite_version", "3.36.0"),
        pytest.raises(UnsupportedSQLite, match=r"SQLite is 3\.36\.0: .* SQLite 3\.37\.0 or newer"),
    ):
        await run_once(tmp_path / "data")

    assert list(tmp_path.iterdir()) == []


def contents(folder: Path) -> dict[str, bytes]:
    """Of every file but the empty ones (locks, and a log), and SQLite's index of the log."""
    return {
        path.name: path.read_bytes()
        for path in folder.iterdir()
        if path.stat().st_size and not path.name.endswith("-shm")
    }


def assert_sentence(error: AnalyticsError) -> None:
    """What was wrong, and what to do about it; nothing of a key."""
    assert str(error) == f"{error.problem}: {error.remedy}"
    assert error.problem
    assert error.remedy
    assert "\n" not in str(error)
    assert KEY.hex() not in str(error)
    assert "ab" * 31 not in str(error)
