"""`erase --everyone` deletes what belongs to the database, all of it, and nothing else."""

import asyncio
import itertools
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from analytics import (
    AnalyticsError,
    AnalyticsService,
    Interaction,
    InteractionType,
    WipeIncomplete,
    disk,
)
from analytics.clock import utc_now
from analytics.disk import overwrite
from analytics.sqlite.maintenance.backups import backup_into
from analytics.sqlite.maintenance.wipe import everything
from tests.support.examples import examples
from tests.support.processes import MAIN, run
from tests.support.second_connection import DATABASE_KEY

PERSON = 6_000_000_001
STAMP = "20260101T000000.000000Z"
NAMES = ["analytics.sqlite3", "analytics", ".hidden", "a [b]* c?.db", "bot.v2.sqlite3", "caf\udce9"]


def names_of(name: str) -> set[str]:
    """Everything that belongs to a database of that name, written out once more."""
    marks = ("", ".plain", f".damaged-{STAMP}", ".before-schema-4")
    databases = itertools.product(marks, ("", ".unfinished"), ("", "-wal", "-shm", "-journal"))
    own = {f"{name}{''.join(parts)}" for parts in databases}
    own |= {f"{name}.{mark}" for mark in ("reserve", "copying", "lock", "write-lock")}
    key = Path(name).with_suffix("").name
    return own | {
        f"{key}.{kind}{draft}" for kind in ("key", "new-key") for draft in ("", ".unfinished")
    }


def listed(folder: Path | str) -> set[str]:
    return {file.name for file in Path(folder).iterdir()}


async def make(path: Path, database_key: bytes | None = None) -> None:
    async with AnalyticsService.open(path, database_key=database_key) as analytics:
        interaction = Interaction(PERSON, InteractionType.MESSAGE, utc_now())
        assert await analytics.record([interaction])


def erase(folder: Path, name: str, typed: str = "erase everyone") -> tuple[int, str, str]:
    """As an operator types it."""
    done = subprocess.run(
        [sys.executable, MAIN, "erase", "--everyone"],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "DATABASE_PATH": name, "BACKUP_DIR": "copies"},
        input=f"{typed}\n",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("name", NAMES)
def test_what_begins_alike_stays_and_what_a_link_leads_to_too(tmp_path: Path, name: str) -> None:
    asyncio.run(make(tmp_path / name))
    asyncio.run(backup_into(tmp_path / name, tmp_path / "copies", None, 7, 90, utc_now()))
    own = listed(tmp_path) - {"copies"}
    stem = Path(name).stem
    others = {f"{name}-report.ods", f"{stem}-annual.ods", f"{name}.damaged", f"{stem}.keys", "ours"}
    for other in others:
        (tmp_path / other).write_text("a letter")
    (tmp_path / f"{name}.plain").symlink_to(tmp_path / "ours")
    (tmp_path / "copies" / f"{stem}-notes.sqlite3").write_text("a letter")
    refused = erase(tmp_path, name, "yes")
    untouched = listed(tmp_path)
    status, output, errors = erase(tmp_path, name)

    assert (refused[0], own <= untouched) == (1, True)
    assert (status, errors) == (0, "")
    assert listed(tmp_path) == others | {"copies"}
    assert listed(tmp_path / "copies") == {f"{stem}-notes.sqlite3"}
    for other in others:
        assert (tmp_path / other).read_text() == "a letter"
    # Listed before the question, and deleted after it.
    before, _, after = output.partition("to go on")
    for file in (*own, f"{name}.plain"):
        text = os.fsencode(file).decode(errors="backslashreplace")
        if not file.endswith("lock"):
            assert f"/{text}" in before
            assert f"/{text} deleted" in after


parts = st.sampled_from(
    [
        *("-wal", "-journal", ".plain", ".damaged-", STAMP, ".before-schema-4", ".unfinished"),
        *(".key", ".new-key", ".lock", ".reserve", ".copying"),
        *("x", "[", "*", " ", ".", "~", "\udce9", "\n"),
    ]
)


@settings(max_examples=examples(150))
@given(
    name=st.sampled_from([*NAMES, "*", "[", "a\nb"]),
    endings=st.sets(st.lists(parts, max_size=4).map("".join), max_size=12),
    of_stem=st.booleans(),
)
@example(name="a.sqlite3", endings={".sqlite3", ".key", ".db", ".db.lock"}, of_stem=True)
def test_of_any_names_exactly_its_own_are_deleted(
    name: str, endings: set[str], of_stem: bool
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        begins = Path(name).with_suffix("").name if of_stem else name
        planted = {begins + wipe for wipe in endings} - {".", ".."}
        for file in planted:
            (Path(folder) / file).write_text("a letter")

        async def end() -> list[Path]:
            async with everything(path, None, None) as wipe:
                list(wipe.delete_files())
                return wipe.sharing_key_file

        try:
            shared = asyncio.run(end())
        except AnalyticsError:
            # Nothing is there, or nothing but the key of another database.
            left = listed(folder) - {f"{name}.backup-lock"}
            locks = {f"{name}.lock", f"{name}.write-lock"}
            assert planted - locks <= left
            return

        own = names_of(name)
        if shared:
            # Something that has a lock as a database has, and the name but for its suffix.
            assert {f"{file.name}.lock" for file in shared} <= planted
            own -= {file for file in own if ".key" in file or ".new-key" in file}
        assert listed(folder) == planted - own


async def test_a_link_where_sqlite_has_its_log_is_removed_and_not_written_through(
    tmp_path: Path,
) -> None:
    path, letter = tmp_path / "analytics.sqlite3", tmp_path / "letter"
    await make(path)
    letter.write_text("dear")
    for companion in ("-wal", "-shm", "-journal"):
        path.with_name(f"{path.name}{companion}").unlink(missing_ok=True)
        path.with_name(f"{path.name}{companion}").symlink_to(letter)
    async with everything(path, tmp_path / "copies", None) as wipe:
        list(wipe.delete_files())

    assert listed(tmp_path) == {"letter"}
    assert letter.read_text() == "dear"


async def test_with_a_folder_in_the_place_of_a_file_nothing_is_deleted(tmp_path: Path) -> None:
    await make(tmp_path / "analytics.sqlite3")
    (tmp_path / f"analytics.sqlite3.damaged-{STAMP}").mkdir()
    before = {file for file in listed(tmp_path) if not file.endswith("lock")}
    status, _, errors = erase(tmp_path, "analytics.sqlite3")

    assert (status, errors.count("\n")) == (2, 1)
    assert f"{STAMP} is not a file: nothing was erased" in errors
    assert before <= listed(tmp_path)


async def test_what_cannot_be_deleted_is_named_the_rest_is_gone_and_the_next_run_ends_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "analytics.sqlite3"
    await make(path)

    def refuse(file: Path) -> None:
        if file.suffix == ".reserve":
            raise PermissionError(1, "Operation not permitted")
        overwrite(file)

    with monkeypatch.context() as patched:
        patched.setattr(disk, "overwrite", refuse)
        async with everything(path, None, None) as wipe:
            with pytest.raises(WipeIncomplete, match=r"reserve \(Operation not permitted\)"):
                list(wipe.delete_files())
    left = {file.name for file in tmp_path.iterdir()}
    async with everything(path, None, None) as wipe:
        again = list(wipe.delete_files())

    assert left == {"analytics.sqlite3.reserve"}
    assert [file.name for file in again] == ["analytics.sqlite3.reserve"]
    assert list(tmp_path.iterdir()) == []


async def test_the_bytes_are_gone_not_only_the_names(tmp_path: Path) -> None:
    path = tmp_path / "analytics.sqlite3"
    await make(path)
    for name in ("analytics.sqlite3", "analytics.key"):
        (tmp_path / f"second-{name}").hardlink_to(tmp_path / name)
    async with everything(path, None, None) as wipe:
        list(wipe.delete_files())

    for file in tmp_path.iterdir():
        assert file.read_bytes().strip(b"\0") == b""
    assert len(list(tmp_path.iterdir())) == 2


async def test_a_key_that_another_database_has_too_stays(tmp_path: Path) -> None:
    for name in ("analytics.sqlite3", "analytics.db"):
        await make(tmp_path / name)
    status, _, errors = erase(tmp_path, "analytics.sqlite3")
    async with AnalyticsService.open(tmp_path / "analytics.db") as analytics:
        held = await analytics.people.personal_data(PERSON)

    assert (status, "the key file is not deleted" in errors) == (0, True)
    assert len(held.interactions) == 1
    assert not (tmp_path / "analytics.sqlite3").exists()


async def test_through_a_link_the_file_and_its_backups_are_erased(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "analytics.sqlite3").symlink_to(tmp_path / "disk" / "real.db")
    await make(tmp_path / "analytics.sqlite3")
    (tmp_path / "disk" / "real.db.before-schema-4").touch()
    where = {"DATABASE_PATH": "analytics.sqlite3"}
    made = await run(tmp_path, "backup", "copies", "--keep", "2", **where)
    status, _, errors = erase(tmp_path, "analytics.sqlite3")

    # What it says of the key is where it is.
    assert "disk/real.key" in made[2]
    assert (status, errors) == (0, "")
    assert list((tmp_path / "disk").iterdir()) == []
    assert list((tmp_path / "copies").iterdir()) == []


async def test_backups_of_an_encrypted_database_are_erased_without_its_key(tmp_path: Path) -> None:
    pytest.importorskip("sqlcipher3", reason="needs the extra [sqlcipher]")
    path, copies = tmp_path / "analytics.sqlite3", tmp_path / "copies"
    await make(path, DATABASE_KEY)
    made = await backup_into(path, copies, DATABASE_KEY, 7, 90, utc_now())
    async with everything(path, copies, None) as wipe:
        left = wipe.backups_of_others
    async with everything(path, copies, DATABASE_KEY) as wipe:
        list(wipe.delete_files())

    # Without the key nobody knows whose they are.
    assert left == [made]
    assert list(copies.iterdir()) == []
