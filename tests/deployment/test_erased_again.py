"""Who was erased does not come back with a backup, and nothing more than that needs is kept."""

import random
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from analytics import PlainIds, Pseudonyms, WrongPseudonymKey
from analytics.sqlite.maintenance.backups import backup
from analytics.sqlite.maintenance.restore import Restored, restore
from tests.support.bytes_on_disk import forms, found_in
from tests.support.clock import NOW
from tests.support.command_line import invoke
from tests.support.killed import is_killed
from tests.support.old_files import FILES, PEOPLE
from tests.support.recount import inconsistencies
from tests.support.second_connection import DATABASE_KEY, NAME, select
from tests.support.service import KEY, SOMEBODY, interaction, open_service, run_once
from tests.support.statements import TRANSACTION, killing_after, statements
from tests.support.traffic import record_all, somebodies

REFERENCES = Pseudonyms(KEY)
TODAY = int(NOW.timestamp()) // 86_400
ERASURES = "SELECT reference, day FROM erasures ORDER BY 1"


def listed(person: int = SOMEBODY) -> int:
    return REFERENCES.erasure(REFERENCES.reference(person))


def at(*, days: float) -> Callable[[], datetime]:
    return lambda: NOW + timedelta(days=days)


async def back_up(folder: Path, to: Path) -> None:
    async with open_service(folder) as analytics:
        await analytics.maintenance.note_backup()
    await backup(folder / NAME, to, None)


async def bring_back(folder: Path, source: Path) -> Restored:
    return await restore(source, folder / NAME, KEY, True, None, force=True)


async def erase(folder: Path, *people: int, **options: Any) -> None:
    async with open_service(folder, **options) as analytics:
        for person in people:
            assert await analytics.people.erase(person)


@pytest.fixture
async def folder(tmp_path: Path) -> Path:
    """With a row of each of two people; a backup of them is beside it."""
    folder = tmp_path / "data"
    folder.mkdir()
    await run_once(folder, [interaction(), interaction(person=SOMEBODY + 1)])
    await back_up(folder, tmp_path / "copy")
    return folder


async def test_who_was_erased_since_does_not_come_back(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    chance = random.Random(1)
    async with open_service(folder) as analytics:
        await record_all(analytics, somebodies(chance))
    await back_up(folder, tmp_path / "copy")
    [(everyone,)] = select(folder, "SELECT count(*) FROM users")
    gone = [SOMEBODY + number for number in range(0, 40, 2)]
    await erase(folder, *gone)
    restored = await bring_back(folder, tmp_path / "copy")

    assert restored == Restored(len(gone), all_known=True)
    assert select(folder, "SELECT count(*) FROM users") == [(everyone - len(gone),)]
    assert inconsistencies(folder / NAME) == []
    for person in gone:
        assert found_in(folder, forms(REFERENCES.reference(person))) == {}
        assert found_in(tmp_path, forms(REFERENCES.reference(person))).keys() == {"copy"}


async def test_who_came_back_after_the_day_of_the_erasure_stays(
    folder: Path, tmp_path: Path
) -> None:
    await erase(folder, SOMEBODY)
    await run_once(folder, [interaction(timedelta(days=-1))], clock=at(days=1))
    await back_up(folder, tmp_path / "later")
    restored = await bring_back(folder, tmp_path / "later")

    assert restored.all_known
    assert select(folder, "SELECT count(*) FROM interactions") == [(2,)]
    assert inconsistencies(folder / NAME) == []


async def test_erasures_are_listed_only_where_a_backup_may_hold_them(tmp_path: Path) -> None:
    rows = []
    async with open_service(tmp_path) as analytics:
        await analytics.people.erase(SOMEBODY)
        rows.append(select(tmp_path, ERASURES))
        await analytics.maintenance.note_backup()
        await analytics.people.erase(SOMEBODY)
        rows.append(select(tmp_path, ERASURES))
    async with open_service(tmp_path, clock=at(days=91)) as analytics:
        await analytics.people.erase(SOMEBODY + 1)
        rows.append(select(tmp_path, ERASURES))

    assert rows == [[], [(listed(), TODAY)], [(listed(), TODAY)]]


async def test_an_erasure_is_listed_as_long_as_a_backup_is_kept(folder: Path) -> None:
    await erase(folder, SOMEBODY)
    rows = []
    for days in (89, 91.5):
        async with open_service(folder, clock=at(days=days)) as analytics:
            await analytics.cleanup_old_interactions(30)
            held = await analytics.people.personal_data(SOMEBODY)
        rows.append((select(folder, ERASURES), held.erased))

    assert rows == [([(listed(), TODAY)], NOW.date()), ([], None)]


async def test_the_list_is_in_no_backup_and_outlives_a_restore(
    folder: Path, tmp_path: Path
) -> None:
    await erase(folder, SOMEBODY)
    await back_up(folder, tmp_path / "later")
    await bring_back(folder, tmp_path / "later")
    kept = select(folder, ERASURES)
    again = await bring_back(folder, tmp_path / "copy")

    assert found_in(tmp_path, forms(listed())).keys() == {NAME}
    assert kept == [(listed(), TODAY)]
    assert again == Restored(1, all_known=True)
    # A restore shows that there is a backup: what is erased from now on is listed.
    noted = "SELECT value FROM file_settings WHERE name = 'last_backup'"
    assert select(folder, noted) != [(int(NOW.timestamp()),)]


async def test_an_erasure_that_is_listed_leaves_no_byte_of_the_reference(folder: Path) -> None:
    await erase(folder, SOMEBODY)

    assert select(folder, ERASURES) == [(listed(), TODAY)]
    assert found_in(folder, forms(REFERENCES.reference(SOMEBODY)) | forms(SOMEBODY)) == {}


async def test_the_days_of_a_restored_file_are_those_of_its_time_zone(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    # At 20:34 in UTC, which is 5:34 of the next day in Tokyo.
    late = [interaction(timedelta(hours=16 + 24 * n), SOMEBODY + n % 2) for n in range(8)]
    async with open_service(folder, timezone="Asia/Tokyo") as analytics:
        await analytics.record(late)
        await analytics.maintenance.note_backup()
    await backup(folder / NAME, tmp_path / "copy", None)
    await erase(folder, SOMEBODY, timezone="Asia/Tokyo")
    await bring_back(folder, tmp_path / "copy")

    assert select(folder, "SELECT DISTINCT users FROM daily_users") == [(1,)]
    assert inconsistencies(folder / NAME) == []


async def test_who_opted_out_since_stays_so(folder: Path, tmp_path: Path) -> None:
    async with open_service(folder) as analytics:
        await analytics.people.opt_out(SOMEBODY)
    await bring_back(folder, tmp_path / "copy")
    async with open_service(folder) as analytics:
        assert await analytics.people.is_opted_out(SOMEBODY)


@pytest.mark.parametrize("readable", [True, False])
async def test_a_database_that_was_set_aside_knows_it_too(
    folder: Path, tmp_path: Path, readable: bool
) -> None:
    await erase(folder, SOMEBODY)
    aside = folder / f"{NAME}.damaged-20260601T000000.000000Z"
    (folder / NAME).rename(aside)
    if not readable:
        aside.write_bytes(b"\xa5" * 8192)
    await run_once(folder)

    assert await bring_back(folder, tmp_path / "copy") == Restored(int(readable), readable)


def test_where_nothing_is_left_to_tell_from_it_is_said(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_PATH", str(tmp_path / "new" / NAME))
    monkeypatch.setenv("USER_ID_KEY", KEY.hex())
    done = invoke("restore", str(tmp_path / "copy"))
    again = invoke("restore", str(tmp_path / "copy"), "--force")

    assert (done.exit_code, again.exit_code) == (0, 0)
    assert "The list of erasures was lost" in done.stderr
    assert again.stderr == ""


async def test_a_database_under_another_key_cannot_tell_and_is_not_overwritten(
    folder: Path, tmp_path: Path
) -> None:
    await erase(folder, SOMEBODY)
    async with open_service(folder) as analytics:
        await analytics.maintenance.rotate_key()
    before = (folder / NAME).read_bytes()
    with pytest.raises(WrongPseudonymKey, match="with another key than the backup"):
        await bring_back(folder, tmp_path / "copy")

    assert (folder / NAME).read_bytes() == before
    assert select(folder, ERASURES) == []


async def test_in_the_place_of_a_damaged_database_erasures_are_listed_at_once(
    folder: Path, tmp_path: Path
) -> None:
    (folder / NAME).write_bytes((folder / NAME).read_bytes()[:4096] + b"\xa5" * 4096)
    await erase(folder, SOMEBODY)

    assert await bring_back(folder, tmp_path / "copy") == Restored(1, all_known=False)


async def test_a_backup_of_an_older_version_too(tmp_path: Path) -> None:
    shutil.copy(FILES / "schema-1.sqlite3", tmp_path / NAME)
    await erase(tmp_path, PEOPLE[0])
    restored = await bring_back(tmp_path, FILES / "schema-1.sqlite3")

    assert restored == Restored(1, all_known=True)
    assert select(tmp_path, "SELECT count(*) FROM users") == [(len(PEOPLE) - 1,)]
    assert inconsistencies(tmp_path / NAME) == []


async def erase_and_die(folder: Path, statements: int) -> None:
    async with open_service(folder) as analytics:
        with killing_after(statements):
            await analytics.people.erase(SOMEBODY)


async def test_whatever_is_killed_who_is_gone_is_listed(folder: Path, tmp_path: Path) -> None:
    gone = 0
    for count in range(1, 50):
        copy = tmp_path / str(count)
        shutil.copytree(folder, copy)
        if not is_killed(erase_and_die, copy, count):
            break
        if select(copy, "SELECT count(*) FROM users") == [(1,)]:
            gone += 1
            assert select(copy, ERASURES) == [(listed(), TODAY)]

    assert gone > 3


async def test_a_first_backup_that_begins_meanwhile_counts(tmp_path: Path) -> None:
    async def noting(sql: str, run: Any) -> Any:
        if sql == TRANSACTION:
            with closing(sqlite3.connect(tmp_path / NAME)) as other, other:
                other.execute("INSERT INTO file_settings VALUES ('last_backup', 2000000000)")
        return await run()

    async with open_service(tmp_path) as analytics:
        await analytics.record([interaction()])
        with statements(noting):
            await analytics.people.erase(SOMEBODY)

    assert select(tmp_path, ERASURES) == [(listed(), TODAY)]


def test_without_a_key_the_list_does_not_show_the_id_as_it_is() -> None:
    assert PlainIds().erasure(SOMEBODY) != SOMEBODY


async def test_an_encrypted_database_knows_it_too(tmp_path: Path) -> None:
    async with open_service(tmp_path, database_key=DATABASE_KEY) as analytics:
        await analytics.record([interaction(), interaction(person=SOMEBODY + 1)])
        await analytics.maintenance.note_backup()
        await backup(tmp_path / NAME, tmp_path / "copy", DATABASE_KEY)
        await analytics.people.erase(SOMEBODY)
    restored = await restore(
        tmp_path / "copy", tmp_path / NAME, KEY, True, DATABASE_KEY, force=True
    )

    assert restored == Restored(1, all_known=True)
    assert inconsistencies(tmp_path / NAME) == []
    assert select(tmp_path, "SELECT count(*) FROM users") == [(1,)]
    assert select(tmp_path, ERASURES) == [(listed(), TODAY)]
