"""A backup is whole, made while the bot runs, and comes back only where it belongs."""

import asyncio
import os
import shutil
import signal
import sqlite3
import stat
import tempfile
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import aiosqlite
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics import (
    AnalyticsError,
    AnalyticsService,
    BackupRefused,
    DatabaseDamaged,
    DatabaseMissing,
    Interaction,
    InteractionType,
    NewerSchema,
    NotOurDatabase,
    Pseudonyms,
    RestoreRefused,
    WrongDatabaseKey,
    WrongPseudonymKey,
    encrypt,
)
from analytics.notices import BackupFails, Notice
from analytics.sqlite import files
from analytics.sqlite.copying import check
from analytics.sqlite.maintenance.backups import (
    backup,
    backup_into,
    last_backup,
)
from analytics.sqlite.maintenance.restore import restore
from analytics.sqlite.origins import rotate
from bot.sandbox import Sandbox
from tests.support import processes
from tests.support.backups import daily_backups
from tests.support.recount import inconsistencies
from tests.support.second_connection import DATABASE_KEY, select, total

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
KEY = bytes(range(32))
PERSON, OTHER = 6_000_000_001, 6_000_000_002
LOCKS = Path("/proc/locks")


async def record(path: Path, person: int = PERSON, count: int = 1) -> None:
    async with AnalyticsService.open(path, pseudonym_key=KEY, clock=lambda: NOW) as analytics:
        await analytics.record([Interaction(person, InteractionType.MESSAGE, NOW)] * count)


@pytest.fixture
async def database(tmp_path: Path) -> Path:
    """With three interactions of two people."""
    path = tmp_path / "data" / "analytics.sqlite3"
    await record(path, count=2)
    await record(path, OTHER)
    return path


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def reference(person: int) -> int:
    return Pseudonyms(KEY).reference(person)


def holds(path: Path, person: int) -> bool:
    """Whether the bytes of a person's reference are in the file, as SQLite stores it."""
    return reference(person).to_bytes(8, "big", signed=True) in path.read_bytes()


async def test_a_backup_made_while_the_bot_records_is_consistent(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    database = tmp_path / "data" / "analytics.sqlite3"
    people = [sandbox.person() for _ in range(20)]
    stop = asyncio.Event()
    said = 0

    async def talk() -> None:
        nonlocal said
        while not stop.is_set():
            for person in people:
                await person.says("good morning")
                said += 1
            await sandbox.settled()

    async with processes.bot_process(sandbox, database) as bot:
        talking = asyncio.create_task(talk())
        results = []
        before = []
        for number in range(3):
            await sandbox.called("sendMessage", 50 * (number + 1))
            before.append(total(database))
            made = await processes.run(
                tmp_path, "backup", f"copy-{number}", DATABASE_PATH=str(database)
            )
            results.append(made)
        stop.set()
        await talking
        bot.send(signal.SIGTERM)
        await bot.ended()

    assert [status for status, _, _ in results] == [0, 0, 0]
    for number in range(3):
        copy = tmp_path / f"copy-{number}"
        assert inconsistencies(copy) == []
        assert before[number] <= total(copy) <= said
        assert mode(copy) == 0o600
    assert total(database) == said


async def test_a_backup_comes_back_as_it_was(database: Path, tmp_path: Path) -> None:
    await backup(database, tmp_path / "copy", None)
    await record(database, count=5)
    await restore(tmp_path / "copy", database, KEY, True, None, force=True)

    assert total(database) == 3
    assert inconsistencies(database) == []
    assert mode(database) == 0o600
    # The bot accepts it, and goes on counting.
    await record(database)
    assert total(database) == 4
    assert sorted(file.name for file in tmp_path.iterdir()) == ["copy", "data"]


async def test_what_was_deleted_is_not_in_a_backup(database: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("PRAGMA secure_delete=OFF")
        connection.execute(
            "DELETE FROM interactions WHERE user_id = (SELECT id FROM users WHERE reference = ?)",
            (reference(PERSON),),
        )
    assert holds(database, PERSON)
    await backup(database, tmp_path / "copy", None)

    assert not holds(tmp_path / "copy", PERSON)
    assert holds(tmp_path / "copy", OTHER)


async def test_a_backup_overwrites_nothing(database: Path, tmp_path: Path) -> None:
    (tmp_path / "letter").write_text("dear")
    with pytest.raises(BackupRefused, match="exists already"):
        await backup(database, tmp_path / "letter", None)

    assert (tmp_path / "letter").read_text() == "dear"


@pytest.mark.parametrize("why", ["damaged", "full", "missing"])
async def test_a_backup_that_fails_leaves_nothing_behind(
    database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, why: str
) -> None:
    if why == "damaged":
        damage(database)
    elif why == "full":
        monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=0))
    else:
        database.unlink()
    (tmp_path / "folder").mkdir()
    with pytest.raises(DatabaseMissing if why == "missing" else BackupRefused):
        await backup(database, tmp_path / "folder" / "copy", None)

    assert list((tmp_path / "folder").iterdir()) == []


async def test_a_cancelled_backup_stops_and_leaves_nothing_behind(
    database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupted = asyncio.Event()

    async def interrupt(connection: aiosqlite.Connection) -> None:
        interrupted.set()
        await real_interrupt(connection)

    real_interrupt = aiosqlite.Connection.interrupt
    monkeypatch.setattr(aiosqlite.Connection, "interrupt", interrupt)
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute(
            "INSERT INTO file_settings VALUES ('large', (SELECT zeroblob(50000000)))"
        )
    folder = tmp_path / "folder"
    folder.mkdir()
    working = asyncio.create_task(backup(database, folder / "copy", None))
    while not any(draft.stat().st_size for draft in folder.glob("*.unfinished")):  # noqa: ASYNC110
        await asyncio.sleep(0)
    working.cancel()
    with pytest.raises(asyncio.CancelledError):
        await working

    assert interrupted.is_set()
    assert list(folder.iterdir()) == []


def damage(path: Path) -> None:
    """Overwrite the second page and what follows, not the header."""
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xa5" * (len(content) - 4096)
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("what", "error", "sentence"),
    [
        ("damaged", DatabaseDamaged, "is damaged"),
        ("text", NotOurDatabase, "not a database of this program"),
        ("other", NotOurDatabase, "not a database of this program"),
        ("empty", NotOurDatabase, "not a database of this program"),
        ("cut", DatabaseDamaged, "is damaged"),
        ("newer", NewerSchema, "written by a newer version"),
        ("another key", WrongPseudonymKey, "written with another key"),
        ("plain", WrongPseudonymKey, "written with PSEUDONYMISE_USER_IDS=true"),
        ("none", RestoreRefused, "does not exist"),
    ],
)
async def test_only_a_whole_backup_with_the_same_key_comes_back(
    database: Path, tmp_path: Path, what: str, error: type[AnalyticsError], sentence: str
) -> None:
    source = tmp_path / "copy"
    await backup(database, source, None)
    key, pseudonymise = KEY, True
    match what:
        case "damaged":
            damage(source)
        case "text":
            source.write_text("no database")
        case "empty":
            source.write_bytes(b"")
        case "cut":
            source.write_bytes(source.read_bytes()[:-8192])
        case "newer":
            with closing(sqlite3.connect(source)) as connection:
                connection.execute("PRAGMA user_version=99")
        case "other":
            source.unlink()
            with closing(sqlite3.connect(source)) as connection:
                connection.execute("CREATE TABLE t (x)")
        case "another key":
            key = bytes(32)
        case "plain":
            pseudonymise = False
        case "none":
            source.unlink()
    before = database.read_bytes()
    with pytest.raises(error, match=sentence):
        await restore(source, database, key, pseudonymise, None, force=True)

    assert database.read_bytes() == before
    assert not list(database.parent.glob("*.unfinished"))


async def test_nothing_is_overwritten_unless_asked_for(database: Path, tmp_path: Path) -> None:
    await backup(database, tmp_path / "copy", None)
    before = database.read_bytes()
    with pytest.raises(RestoreRefused, match="--force"):
        await restore(tmp_path / "copy", database, KEY, True, None)

    assert database.read_bytes() == before


def change_as_a_kill_leaves_it(database: Path) -> None:
    """A thousand of each interaction, in the log alone."""
    log = database.with_name(f"{database.name}-wal")
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA wal_autocheckpoint=0")
        with connection:
            connection.execute("UPDATE interactions SET count = 1000")
        before = database.read_bytes(), log.read_bytes()
    database.write_bytes(before[0])
    log.write_bytes(before[1])


async def test_a_restore_that_fails_in_the_last_step_leaves_the_database_whole(
    database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await backup(database, tmp_path / "copy", None)
    change_as_a_kill_leaves_it(database)

    def fail(draft: Path, path: Path) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(RestoreRefused, match="Input/output error"):
        await restore(tmp_path / "copy", database, KEY, True, None, force=True)

    assert total(database) == 2000
    assert inconsistencies(database) == []


@pytest.mark.parametrize("left", ["both", "only the log"])
async def test_the_log_of_the_file_before_is_not_replayed(
    database: Path, tmp_path: Path, left: str
) -> None:
    await backup(database, tmp_path / "copy", None)
    change_as_a_kill_leaves_it(database)
    if left == "only the log":
        database.unlink()
    await restore(tmp_path / "copy", database, KEY, True, None, force=True)

    assert total(database) == 3
    assert inconsistencies(database) == []


async def test_a_restore_while_the_bot_runs_is_refused(sandbox: Sandbox, tmp_path: Path) -> None:
    database = tmp_path / "data" / "analytics.sqlite3"
    where = {"DATABASE_PATH": str(database)}
    async with processes.bot_process(sandbox, database) as bot:
        made = await processes.run(tmp_path, "backup", "copies", "--keep", "2", **where)
        [copy] = (tmp_path / "copies").iterdir()
        refused = await processes.run(tmp_path, "restore", str(copy), "--force", **where)
        bot.send(signal.SIGTERM)
        await bot.ended()
    restored = await processes.run(tmp_path, "restore", str(copy), "--force", **where)
    twice = await processes.run(tmp_path, "restore", str(copy), **where)

    assert made[0] == 0
    assert made[1].startswith(f"copies/{copy.name} written")
    assert "analytics.key" in made[2]
    assert (refused[0], len(refused[2].splitlines())) == (1, 1)
    assert "another process is using" in refused[2]
    assert restored == (0, f"{database} restored from {copy}\n", "")
    assert (twice[0], "--force" in twice[2]) == (2, True)


async def test_a_restore_without_the_key_says_what_to_do(database: Path, tmp_path: Path) -> None:
    await backup(database, tmp_path / "copy", None)
    status, output, errors = await processes.run(
        tmp_path, "restore", "copy", DATABASE_PATH="new/analytics.sqlite3"
    )

    assert (status, output) == (2, "")
    assert "new/analytics.key is missing" in errors
    assert not (tmp_path / "new").exists()


async def test_the_running_bot_backs_up_at_once_where_there_is_no_backup(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    database, folder = tmp_path / "data" / "analytics.sqlite3", tmp_path / "copies"
    async with processes.bot_process(
        sandbox, database, BACKUP_DIR=str(folder), BACKUP_KEEP="1"
    ) as bot:
        async with asyncio.timeout(processes.PATIENCE):
            copies: list[Path] = []
            while not copies:
                await asyncio.sleep(0)
                copies = [*folder.glob("*.sqlite3")]
        bot.send(signal.SIGTERM)
        status, _, errors = await bot.ended()

    assert (status, "ERROR" in errors) == (0, False)
    [copy] = folder.iterdir()
    await check(copy, None)
    assert await last_backup(database, folder, None, datetime.now(UTC) + timedelta(1)) is not None
    assert select(database, "SELECT 1 FROM file_settings WHERE name = 'last_backup'") == [(1,)]
    assert mode(folder) == 0o700


async def test_a_scheduled_backup_is_logged_with_its_path(
    database: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "analytics")
    await daily_backups(database, tmp_path / "copies", clock=lambda: NOW).run()

    [copy] = (tmp_path / "copies").iterdir()
    assert f"backed up to {copy}" in caplog.text


async def test_a_scheduled_backup_that_fails_is_logged_and_told_once_a_day(
    database: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("")
    now = NOW
    told: list[Notice] = []
    daily = daily_backups(database, tmp_path / "file" / "f", clock=lambda: now, tell=told.append)
    told_by_hour = []
    for hour in range(26):
        now = NOW + timedelta(hours=hour)
        await daily.run()
        told_by_hour.append(len(told))

    assert caplog.text.count("backup failed") == 26
    assert told_by_hour == [1] * 24 + [2] * 2
    assert told == [BackupFails()] * 2


async def test_a_folder_of_backups_rotates(database: Path, tmp_path: Path) -> None:
    folder = tmp_path / "copies"
    folder.mkdir()
    (folder / "analytics-notes.sqlite3").write_text("a person's own")
    for day in range(-1, 5):
        await backup_into(database, folder, None, 2, 90, NOW + timedelta(days=day))
    left = sorted(file.name for file in folder.iterdir())

    assert [name[:26] for name in left] == [
        "analytics-20260604T120000Z",
        "analytics-20260605T120000Z",
        "analytics-notes.sqlite3",
    ]


@given(
    ages=st.sets(st.integers(-50, 5000), max_size=20),
    keep=st.integers(1, 10),
    retention_days=st.integers(1, 100),
)
def test_no_backup_is_kept_past_retention(ages: set[int], keep: int, retention_days: int) -> None:
    """Ages are in hours; a negative one was made by a clock that was wrong."""
    with tempfile.TemporaryDirectory() as name:
        made = {age: Path(name) / str(age) for age in ages}
        for file in made.values():
            file.touch()
        named = [(NOW - timedelta(hours=age), file) for age, file in made.items()]
        gone = rotate(named, keep, retention_days, NOW)
        left = {age for age, file in made.items() if file.exists()}

    young = sorted(age for age in ages if 0 <= age <= retention_days * 24)
    assert left == set(young[:keep]) | {age for age in ages if age < 0}
    assert gone == len(ages) - len(left)


async def test_the_backup_of_an_encrypted_database_is_encrypted_and_comes_back(
    tmp_path: Path,
) -> None:
    database, copy = tmp_path / "data" / "analytics.sqlite3", tmp_path / "copy"
    async with AnalyticsService.open(
        database, pseudonym_key=KEY, database_key=DATABASE_KEY
    ) as analytics:
        await analytics.record([Interaction(PERSON, InteractionType.MESSAGE, NOW)])
    await backup(database, copy, DATABASE_KEY)
    for key, refusal in ((None, NotOurDatabase), (bytes(32), DatabaseDamaged)):
        with pytest.raises(refusal, match="DATABASE_KEY"):
            await restore(copy, database, KEY, True, key, force=True)
    await restore(copy, database, KEY, True, DATABASE_KEY, force=True)

    assert not files.is_plain(copy)
    assert not files.is_plain(database)
    assert not holds(copy, PERSON)
    assert inconsistencies(database) == []
    async with AnalyticsService.open(
        database, pseudonym_key=KEY, database_key=DATABASE_KEY
    ) as analytics:
        assert (await analytics.get_admin_analytics_report()).total_interactions == 1


async def test_a_plain_backup_does_not_take_the_place_of_an_encrypted_database(
    database: Path, tmp_path: Path
) -> None:
    await backup(database, tmp_path / "copy", None)
    with pytest.raises(WrongDatabaseKey, match="then encrypt it"):
        await restore(tmp_path / "copy", database, KEY, True, DATABASE_KEY, force=True)


@pytest.mark.skipif(not LOCKS.exists(), reason="needs Linux")
async def test_looking_for_backups_leaves_an_open_encrypted_database_its_locks(
    tmp_path: Path,
) -> None:
    """To close a file drops all locks that the process has on it, also those of SQLite."""
    database, folder = tmp_path / "analytics.sqlite3", tmp_path / "copies"

    def held() -> int:
        return LOCKS.read_text().count(f":{database.stat().st_ino} ")

    async with AnalyticsService.open(database, pseudonym_key=KEY) as analytics:
        await analytics.record([Interaction(PERSON, InteractionType.MESSAGE, NOW)])
    await backup_into(database, folder, None, 7, 90, NOW)
    assert await encrypt(database, DATABASE_KEY)
    async with AnalyticsService.open(
        database, pseudonym_key=KEY, database_key=DATABASE_KEY
    ) as analytics:
        await analytics.record([Interaction(PERSON, InteractionType.MESSAGE, NOW)])
        before = held()
        newest = await last_backup(database, folder, DATABASE_KEY, NOW)
        after = held()

    assert before == after == 1
    # The backup is not encrypted, and still one of this database.
    assert newest == NOW
