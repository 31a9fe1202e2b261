"""Without its DATABASE_KEY nothing of a file can be read, and no key but its own changes it."""

import asyncio
import json
import os
import random
import re
import shutil
import sqlite3
import tempfile
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from typer.testing import Result

from analytics import (
    Access,
    AnalyticsError,
    DatabaseUnavailable,
    InteractionType,
    Pseudonyms,
    UnsupportedSQLite,
)
from analytics.notices import DatabaseSetAside
from analytics.sqlite import connections, encryption
from analytics.sqlite.files import MAGIC
from analytics.sqlite.migrations import APPLICATION_ID, SCHEMA_VERSION
from bot.sandbox import Sandbox
from tests.support.bytes_on_disk import forms, found_in
from tests.support.command_line import invoke
from tests.support.conversation import ask
from tests.support.examples import examples
from tests.support.killed import die_before, is_killed
from tests.support.model import STEPS, Step, differences_after
from tests.support.processes import bot_process, run
from tests.support.processes import settings as environment
from tests.support.recount import inconsistencies
from tests.support.second_connection import DATABASE_KEY, NAME, select, total
from tests.support.service import KEY, SOMEBODY, days_ago, interaction, open_service, run_once
from tests.support.statements import Statement, statements

pytest.importorskip("sqlcipher3", reason="needs the extra [sqlcipher]")

OTHER_KEY = bytes(32)
REFERENCE = Pseudonyms(KEY).reference(SOMEBODY)
# What a plain file shows: its header, its schema, the words and the people in it.
READABLE = {MAGIC, b"CREATE TABLE", *(kind.encode() for kind in InteractionType)} | {
    form for form in forms(REFERENCE) if len(form) >= 6
}
INTERACTIONS = 5


def encrypted(folder: Path, **options: Any) -> Any:
    return open_service(folder, **({"database_key": DATABASE_KEY} | options))


def encrypt(folder: Path) -> bool:
    return asyncio.run(encryption.encrypt(folder / NAME, DATABASE_KEY))


async def _make(folder: Path, key: bytes | None) -> None:
    await run_once(folder, days_ago(1, INTERACTIONS), database_key=key)


async def encrypt_and_die(path: Path, count: int) -> None:
    """Before so many-th step: a file opened, named, removed or synced, or a statement run."""
    sync, step = os.fsync, die_before(count, {"open", "os.rename", "os.link", "os.remove"})

    async def counted(_: str, run: Statement) -> Any:
        step()
        return await run()

    def synced(descriptor: int) -> None:
        step()
        sync(descriptor)

    with statements(counted), patch.object(os, "fsync", synced):
        await encryption.encrypt(path, DATABASE_KEY)


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    asyncio.run(_make(tmp_path, None))
    return tmp_path


@pytest.fixture
def left_by_a_kill(tmp_path: Path) -> Path:
    """A folder with a plain file, most of which is in its log."""
    folder = tmp_path / "left"

    async def make() -> None:
        async with open_service(tmp_path / "running") as analytics:
            await analytics.record(days_ago(1, INTERACTIONS))
            shutil.copytree(tmp_path / "running", folder)

    asyncio.run(make())
    return folder


def run_command(folder: Path, *arguments: str, database_key: bytes | None = DATABASE_KEY) -> Result:
    return invoke(
        *arguments,
        DATABASE_PATH=str(folder / NAME),
        USER_ID_KEY=KEY.hex(),
        DATABASE_KEY=database_key.hex() if database_key else "",
    )


def contents(folder: Path) -> dict[str, bytes]:
    """Of all files but the locks."""
    files = (path for path in folder.iterdir() if not path.name.endswith("lock"))
    return {path.name: path.read_bytes() for path in files}


# Nothing can be read


async def test_nothing_can_be_read_in_any_file_at_any_time(tmp_path: Path) -> None:
    found = []
    async with encrypted(tmp_path) as analytics:
        found.append(found_in(tmp_path, READABLE))
        await analytics.record(days_ago(1, 3000, people=200))
        found.append(found_in(tmp_path, READABLE))
        # With the VACUUM that follows.
        await analytics.people.erase(SOMEBODY + 1)
        found.append(found_in(tmp_path, READABLE))
    found.append(found_in(tmp_path, READABLE))

    assert found == [{}] * 4
    assert select(tmp_path, "SELECT count(*) FROM users WHERE reference = ?", (REFERENCE,)) == [
        (1,)
    ]


def test_the_search_finds_what_a_plain_file_shows(plain: Path) -> None:
    assert found_in(plain, READABLE)[NAME] >= 10


async def test_the_key_is_not_in_the_log_at_any_level(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    for _ in range(2):
        async with encrypted(tmp_path) as analytics:
            await analytics.record(days_ago(1))

    assert "aiosqlite" in {record.name for record in caplog.records}
    assert DATABASE_KEY.hex() not in caplog.text.lower()


async def test_without_a_cipher_no_file_is_made(tmp_path: Path) -> None:
    with (
        patch.object(connections, "sqlcipher", sqlite3),
        pytest.raises(UnsupportedSQLite, match="does not encrypt: reinstall"),
    ):
        async with encrypted(tmp_path):
            pass

    assert not (tmp_path / NAME).exists()


@settings(max_examples=examples(15))
@given(steps=STEPS)
async def test_a_persons_data_is_what_was_recorded_of_them_in_an_encrypted_file_too(
    steps: list[Step],
) -> None:
    with tempfile.TemporaryDirectory() as name:
        found = await differences_after(steps, Path(name), database_key=DATABASE_KEY)
        readable = found_in(Path(name), READABLE)

    assert found == []
    assert readable == {}


# What the key does not open is refused, and left as it is


COMMANDS = [["stats"], ["cleanup"], ["export", "--user", "1"], ["rotate-key", "--yes"]]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
@pytest.mark.parametrize(
    ("made_with", "opened_with", "sentence"),
    [
        (
            DATABASE_KEY,
            OTHER_KEY,
            "cannot be read with this DATABASE_KEY: set the one",
        ),
        (DATABASE_KEY, None, "is not a database: .* or DATABASE_KEY if it is encrypted"),
        (None, DATABASE_KEY, "is not encrypted: run python main.py encrypt"),
    ],
    ids=["another key", "no key", "a plain file"],
)
def test_another_key_is_refused_in_a_sentence_and_nothing_is_set_aside(
    tmp_path: Path,
    command: list[str],
    made_with: bytes | None,
    opened_with: bytes | None,
    sentence: str,
    capfd: pytest.CaptureFixture[str],
) -> None:
    asyncio.run(_make(tmp_path, made_with))
    before = contents(tmp_path)
    result = run_command(tmp_path, *command, database_key=opened_with)
    last = result.stderr.splitlines()[-1]

    assert result.exit_code == 2
    assert re.search(sentence, last)
    assert contents(tmp_path) == before
    # Not from the library either.
    assert "ERROR" not in capfd.readouterr().err
    assert total(tmp_path) == INTERACTIONS


def test_without_the_extra_it_is_said_how_to_install_it(plain: Path) -> None:
    with patch.object(connections, "sqlcipher", None):
        results = [run_command(plain, *command) for command in (["stats"], ["encrypt"])]

    for result in results:
        assert result.exit_code == 2
        assert result.stderr.endswith("SQLCipher is missing: run pip install -e '.[sqlcipher]'\n")


async def test_a_file_under_another_key_that_comes_while_the_bot_runs_is_not_set_aside(
    tmp_path: Path,
) -> None:
    await _make(tmp_path / "other", OTHER_KEY)
    async with encrypted(tmp_path) as analytics:
        await analytics.record(days_ago(1))
        (tmp_path / "other" / NAME).rename(tmp_path / NAME)
        there = (tmp_path / NAME).read_bytes()
        recorded = await analytics.record(days_ago(2))

    assert not recorded
    assert (tmp_path / NAME).read_bytes() == there
    assert list(tmp_path.glob("*damaged*")) == []


@pytest.mark.parametrize("page", [0, 1, 2])
async def test_what_is_damaged_while_the_bot_runs_is_set_aside(tmp_path: Path, page: int) -> None:
    async with encrypted(tmp_path) as analytics:
        await analytics.record(days_ago(1, 3000, people=2))
        # Compacted: what is in the log would not be read from the file.
        await analytics.people.erase(SOMEBODY + 1)
        with (tmp_path / NAME).open("r+b") as file:
            file.seek(page * 4096 + 100)
            file.write(random.Random(page).randbytes(100))
        # The second time SQLCipher fails in another way.
        seen = [await analytics.people.own_row(SOMEBODY) for _ in range(2)]
        with suppress(AnalyticsError):
            await analytics.maintenance.run(large_too=True)
        recorded = [await analytics.record([interaction()]) for _ in range(2)]
        notice = analytics.notices.get_nowait()
        readable = found_in(tmp_path, READABLE)

    assert page or seen == [(None, False)] * 2
    assert recorded[-1]
    assert isinstance(notice, DatabaseSetAside)
    assert total(tmp_path) == sum(recorded)
    assert inconsistencies(tmp_path / NAME) == []
    assert readable == {}


@pytest.mark.parametrize("rest", [b"", bytes(100)], ids=["cut off", "overwritten"])
async def test_what_was_damaged_before_the_start_is_set_aside_if_the_key_can_be_told(
    rest: bytes, tmp_path: Path
) -> None:
    await _make(tmp_path, DATABASE_KEY)
    content = (tmp_path / NAME).read_bytes()
    content = content[:8192] + rest + content[8192 + len(rest) :] * bool(rest)
    (tmp_path / NAME).write_bytes(content)
    async with encrypted(tmp_path) as analytics:
        await analytics.record([interaction()])
        notice = analytics.notices.get_nowait()

    assert isinstance(notice, DatabaseSetAside)
    assert notice.path.read_bytes() == content
    assert total(tmp_path) == 1


async def test_the_whole_bot_and_every_command_work_on_an_encrypted_file(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    path, key = tmp_path / NAME, DATABASE_KEY.hex()
    person = sandbox.person()
    user = str(person.user["id"])
    values = environment(sandbox, path, DATABASE_KEY=key, USER_ID_KEY=KEY.hex())
    async with bot_process(sandbox, path, DATABASE_KEY=key, USER_ID_KEY=KEY.hex()) as bot:
        for text in ("good morning", "/start"):
            await ask(person, text)
        beside = [
            await run(tmp_path, *command, **values)
            for command in (["stats", "--json"], ["export", "--user", user], ["cleanup"])
        ]
        refused = await run(tmp_path, "encrypt", **values)
        readable = found_in(tmp_path, READABLE)
        bot.send(15)
        _, _, log = await bot.ended()
    after = [
        await run(tmp_path, *command, **values)
        for command in (
            ["erase", "--user", user],
            ["audit"],
            ["rotate-key", "--yes"],
            ["encrypt"],
        )
    ]

    assert [status for status, _, _ in beside + after] == [0] * 7
    assert '"total_interactions": 2' in beside[0][1]
    assert [row["count"] for row in json.loads(beside[1][1])["interactions"]] == [1, 1]
    assert after[0][1] == "2 interactions erased\n"
    assert "person's data" in after[1][1]
    assert refused[0] == 1
    assert "another process is using" in refused[2]
    assert after[3][1].endswith("is encrypted already\n")
    assert readable == found_in(tmp_path, READABLE) == {}
    assert key not in log


# A plain file becomes an encrypted one


def test_encrypt_leaves_all_that_was_recorded_and_nothing_to_read(left_by_a_kill: Path) -> None:
    assert (left_by_a_kill / f"{NAME}-wal").stat().st_size > 0
    first, second = (run_command(left_by_a_kill, "encrypt") for _ in range(2))
    report = run_command(left_by_a_kill, "stats")

    assert first.stdout == f"{left_by_a_kill / NAME} is encrypted\n"
    assert second.stdout == f"{left_by_a_kill / NAME} is encrypted already\n"
    assert total(left_by_a_kill) == INTERACTIONS
    assert inconsistencies(left_by_a_kill / NAME) == []
    assert select(left_by_a_kill, "PRAGMA user_version") == [(SCHEMA_VERSION,)]
    assert select(left_by_a_kill, "PRAGMA application_id") == [(APPLICATION_ID,)]
    assert report.exit_code == 0
    assert found_in(left_by_a_kill, READABLE) == {}
    assert (left_by_a_kill / NAME).stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in left_by_a_kill.iterdir()) == [
        NAME,
        *(f"{NAME}{end}" for end in (".lock", ".reserve", ".write-lock")),
    ]


async def test_an_encrypted_file_has_the_schema_of_the_plain_one(tmp_path: Path) -> None:
    await _make(tmp_path, None)
    schema = "SELECT type, name, sql FROM sqlite_schema ORDER BY name"
    before = select(tmp_path, schema)
    await encryption.encrypt(tmp_path / NAME, DATABASE_KEY)

    assert select(tmp_path, schema) == before


def test_the_plain_file_its_log_and_its_index_are_overwritten(left_by_a_kill: Path) -> None:
    with ExitStack() as stack:
        files = {
            end: stack.enter_context((left_by_a_kill / f"{NAME}{end}").open("rb"))
            for end in ("", "-wal", "-shm")
        }
        encrypt(left_by_a_kill)
        left = {end: file.read() for end, file in files.items()}

    for content in left.values():
        assert content
        assert content.count(0) == len(content)


@pytest.mark.thorough
def test_whatever_kills_encrypt_the_file_opens_and_the_next_run_ends_it(
    left_by_a_kill: Path, tmp_path: Path
) -> None:
    count, states = 0, []
    killed = True
    while killed:
        count += 1
        folder = tmp_path / str(count)
        shutil.copytree(left_by_a_kill, folder)
        killed = is_killed(encrypt_and_die, folder / NAME, count)
        # As it is, and after the bot was started on it.
        started = tmp_path / f"{count}-started"
        shutil.copytree(folder, started)
        key = DATABASE_KEY if (folder / NAME).read_bytes()[:16] != MAGIC else None
        states.append(key is not None)
        for access in (Access.READ, Access.OWN):
            assert asyncio.run(_counted(started, key, access)) == INTERACTIONS
        if key:
            assert found_in(started, READABLE) == {}
        for each in (folder, started):
            encrypt(each)

            assert total(each) == INTERACTIONS
            assert inconsistencies(each / NAME) == []
            assert found_in(each, READABLE) == {}
            assert not [path.name for path in each.glob("*.plain*")]

    assert states == sorted(states)
    assert states.count(False) > 20
    assert states.count(True) > 6


async def _counted(folder: Path, key: bytes | None, access: Access) -> int:
    async with open_service(folder, database_key=key, access=access) as analytics:
        return (await analytics.get_admin_analytics_report()).total_interactions or 0


def test_a_copy_that_is_not_whole_does_not_take_the_place_of_the_file(plain: Path) -> None:
    before = contents(plain)

    async def lacking(sql: str, run: Statement) -> Any:
        return [(0,)] if sql == "SELECT count(*) FROM main.interactions" else await run()

    with (
        statements(lacking),
        pytest.raises(DatabaseUnavailable, match="is unchanged"),
    ):
        encrypt(plain)

    assert contents(plain)[NAME] == before[NAME]
    assert not list(plain.glob("*unfinished*"))


def test_encrypt_refuses_what_it_cannot_do_in_a_sentence(tmp_path: Path) -> None:
    nothing = run_command(tmp_path, "encrypt")
    without_key = run_command(tmp_path, "encrypt", database_key=None)
    (tmp_path / NAME).write_bytes(b"notes" * 1000)
    foreign = run_command(tmp_path, "encrypt")
    asyncio.run(_make(tmp_path / "other", OTHER_KEY))
    other = run_command(tmp_path / "other", "encrypt")
    asyncio.run(_make(tmp_path / "broken", None))
    os.truncate(tmp_path / "broken" / NAME, 8192)
    broken = run_command(tmp_path / "broken", "encrypt")
    results = [nothing, without_key, foreign, other, broken]

    assert [result.exit_code for result in results] == [2] * 5
    assert [len(result.stderr.splitlines()) for result in results] == [1] * 5
    assert "does not exist" in nothing.stderr
    assert without_key.stderr.startswith("DATABASE_KEY is missing: set it to 64 hexadecimal digits")
    assert "cannot be read with this DATABASE_KEY" in foreign.stderr
    assert "cannot be read with this DATABASE_KEY" in other.stderr
    assert "is damaged: unset DATABASE_KEY" in broken.stderr
    assert (tmp_path / NAME).read_bytes() == b"notes" * 1000
