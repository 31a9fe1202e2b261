"""The key is replaced: nothing recorded before can be linked to a Telegram ID any more."""

import asyncio
import os
import random
import shutil
import stat
import tempfile
from pathlib import Path
from typing import Any
from unittest.mock import patch

import aiosqlite
import pytest

from analytics import (
    Access,
    AnalyticsError,
    AnalyticsService,
    DatabaseInUse,
    DatabaseUnavailable,
    Pseudonyms,
    RotationRefused,
    WrongPseudonymKey,
)
from analytics.key_files import key_file, read_key
from analytics.pseudonyms import KEY_BYTES
from analytics.sqlite.connections import PRAGMAS
from analytics.sqlite.database import Database
from analytics.sqlite.queries import personal_data
from tests.support.bytes_on_disk import forms, found_in, key_forms
from tests.support.killed import die, is_killed
from tests.support.recount import inconsistencies
from tests.support.second_connection import NAME, locked, select
from tests.support.service import (
    KEY,
    SOMEBODY,
    failing_at_once,
    interaction,
    open_service,
    run_once,
)
from tests.support.statements import (
    FIRST_CHECKPOINT,
    SECOND_CHECKPOINT,
    TRANSACTION,
    VACUUM,
    Statement,
    compacting_without,
    statements,
)
from tests.support.traffic import PEOPLE, record_all, somebodies

KEY_FILE = key_file(Path(NAME)).name
LEAVING = range(SOMEBODY, SOMEBODY + PEOPLE)
SEEDS = range(3)
# Before a kill is tried one step later, to be surely at the end.
MAX_STEPS = 200
OPTED_OUT = SOMEBODY + 500
FINGERPRINT = "SELECT value FROM file_settings WHERE name = 'references'"


def open_with_key_file(folder: Path, **options: Any) -> Any:
    return open_service(folder, pseudonym_key=None, **options)


def key_in(folder: Path) -> bytes:
    key = read_key(folder / KEY_FILE)
    assert key
    return key


def references(key: bytes) -> set[bytes]:
    """Those of everybody, in all forms."""
    pseudonyms = Pseudonyms(key)
    return set().union(*(forms(pseudonyms.reference(person)) for person in LEAVING))


async def fill(folder: Path, seed: int) -> None:
    async with open_with_key_file(folder) as analytics:
        await analytics.people.opt_out(OPTED_OUT)
        await record_all(analytics, somebodies(random.Random(seed)))


async def test_totals_and_breakdown_stay_and_active_users_begin_again(tmp_path: Path) -> None:
    await fill(tmp_path, 0)
    async with open_with_key_file(tmp_path) as analytics:
        before = await analytics.get_admin_analytics_report()
        await analytics.maintenance.rotate_key()
        after = await analytics.get_admin_analytics_report()
        somebody = await analytics.people.personal_data(SOMEBODY)
        await analytics.record([interaction()])
        again = await analytics.get_admin_analytics_report()
        recorded = await analytics.people.personal_data(SOMEBODY)

    assert before.daily_active_users > 0
    assert after.total_interactions == before.total_interactions
    assert after.interaction_types_breakdown == before.interaction_types_breakdown
    assert after.oldest_interaction == before.oldest_interaction
    assert (after.daily_active_users, after.monthly_active_users) == (0, 0)
    assert (somebody.reference, somebody.interactions) == (None, [])
    assert again.daily_active_users == 1
    assert recorded.reference == Pseudonyms(key_in(tmp_path)).reference(SOMEBODY)
    assert inconsistencies(tmp_path / NAME) == []


async def test_who_opted_out_before_is_not_counted_after(tmp_path: Path) -> None:
    """Also after a second time, and a restart."""
    await fill(tmp_path, 0)
    for _ in range(2):
        async with open_with_key_file(tmp_path) as analytics:
            await analytics.maintenance.rotate_key()
            assert await analytics.people.is_opted_out(OPTED_OUT)
            assert not await analytics.people.is_opted_out(SOMEBODY)
            await analytics.record([interaction(person=OPTED_OUT)])
    async with open_with_key_file(tmp_path) as analytics:
        await analytics.record([interaction(person=OPTED_OUT)])
        await analytics.people.opt_in(OPTED_OUT)
        await analytics.record([interaction(person=OPTED_OUT)])
        assert len((await analytics.people.personal_data(OPTED_OUT)).interactions) == 1


async def rotated(folder: Path, seed: int) -> dict[str, int]:
    """What is found of the old references and the old key."""
    await fill(folder, seed)
    old = key_in(folder)
    async with open_with_key_file(folder) as analytics:
        await analytics.maintenance.rotate_key()
        await analytics.maintenance.compact_if_due(large_too=True)
        assert not (await analytics.get_admin_analytics_report()).compaction_pending
        return found_in(folder, references(old)) | found_in(folder, key_forms(old))


@pytest.mark.parametrize("seed", SEEDS)
async def test_the_old_references_and_the_old_key_are_in_no_file(tmp_path: Path, seed: int) -> None:
    assert await rotated(tmp_path, seed) == {}


@pytest.mark.parametrize(
    ("left_out", "secure_delete"), [({FIRST_CHECKPOINT, SECOND_CHECKPOINT}, 1), ({VACUUM}, 0)]
)
async def test_with_less_care_the_search_finds_something(
    tmp_path: Path, left_out: set[int], secure_delete: int
) -> None:
    """Where everybody goes, whole pages are zeroed: one of VACUUM and secure_delete is enough."""
    with compacting_without(*left_out), patch.dict(PRAGMAS, secure_delete=secure_delete):
        assert await rotated(tmp_path, 0)


async def test_an_old_key_file_that_is_only_unlinked_would_be_found(tmp_path: Path) -> None:
    """A second name of the same file shows what the disk keeps of it."""
    await fill(tmp_path, 0)
    old = key_in(tmp_path)
    (tmp_path / "second-name").hardlink_to(tmp_path / KEY_FILE)
    async with open_with_key_file(tmp_path) as analytics:
        found = found_in(tmp_path, key_forms(old))
        await analytics.maintenance.rotate_key()

    assert found == {KEY_FILE: 1, "second-name": 1}
    assert found_in(tmp_path, key_forms(old)) == {}


async def test_an_old_key_file_with_space_around_its_key_is_overwritten_whole(
    tmp_path: Path,
) -> None:
    """As an editor, or somebody in a hurry, leaves it."""
    await fill(tmp_path, 0)
    old = key_in(tmp_path)
    (tmp_path / KEY_FILE).write_text("\n" * 200 + old.hex() + "\n")
    (tmp_path / "second-name").hardlink_to(tmp_path / KEY_FILE)
    async with open_with_key_file(tmp_path) as analytics:
        await analytics.maintenance.rotate_key()

    assert found_in(tmp_path, key_forms(old)) == {}


async def test_the_new_key_file_is_private_and_holds_what_was_returned(tmp_path: Path) -> None:
    await fill(tmp_path, 0)
    async with open_with_key_file(tmp_path) as analytics:
        new = await analytics.maintenance.rotate_key()

    assert key_in(tmp_path) == new
    assert len(new) == 2 * KEY_BYTES
    assert stat.S_IMODE((tmp_path / KEY_FILE).stat().st_mode) == 0o600
    assert key_files(tmp_path) == {KEY_FILE}


def key_files(folder: Path) -> set[str]:
    stem = Path(NAME).stem
    return {path.name for path in folder.glob(f"{stem}.*") if "key" in path.name}


async def test_a_key_from_the_environment_is_returned_and_written_nowhere(
    tmp_path: Path,
) -> None:
    async with open_service(tmp_path, pseudonym_key=KEY) as analytics:
        await analytics.record([interaction()])
        new = await analytics.maintenance.rotate_key()
        await analytics.record([interaction()])
    with pytest.raises(WrongPseudonymKey, match="written with another key"):
        await run_once(tmp_path, pseudonym_key=KEY)
    async with open_service(tmp_path, pseudonym_key=new) as analytics:
        data = await analytics.people.personal_data(SOMEBODY)

    assert len(new) == 2 * KEY_BYTES
    assert len(data.interactions) == 1
    assert key_files(tmp_path) == set()
    assert found_in(tmp_path, key_forms(new[:KEY_BYTES]) | key_forms(KEY)) == {}


async def test_a_command_with_the_old_key_is_refused_each_time_it_asks(tmp_path: Path) -> None:
    async with open_service(tmp_path, pseudonym_key=KEY) as analytics:
        await analytics.record([interaction()])
        await analytics.maintenance.rotate_key()
    async with open_service(tmp_path, pseudonym_key=KEY, access=Access.READ) as command:
        for _ in range(2):
            with pytest.raises(WrongPseudonymKey, match="written with another key"):
                await command.people.personal_data(SOMEBODY)


async def test_without_pseudonyms_there_is_no_key_to_replace(tmp_path: Path) -> None:
    async with open_service(tmp_path, pseudonym_key=None, pseudonymise=False) as analytics:
        await analytics.record([interaction()])
        with pytest.raises(RotationRefused, match="PSEUDONYMISE_USER_IDS=false: there is no key"):
            await analytics.maintenance.rotate_key()
        report = await analytics.get_admin_analytics_report()
        data = await analytics.people.personal_data(SOMEBODY)

    assert not report.compaction_pending
    assert len(data.interactions) == 1


@pytest.mark.parametrize("access", [Access.SHARE, Access.READ])
async def test_beside_a_running_bot_the_key_stays(tmp_path: Path, access: Access) -> None:
    """It would go on recording with the old one."""
    await fill(tmp_path, 0)
    old = key_in(tmp_path)
    async with open_with_key_file(tmp_path), open_with_key_file(tmp_path, access=access) as command:
        with pytest.raises(DatabaseInUse, match="stop it"):
            await command.maintenance.rotate_key()

    assert key_in(tmp_path) == old


async def test_a_locked_file_is_said_in_a_sentence_and_the_next_try_works(
    tmp_path: Path,
) -> None:
    """The key that was made in vain is not the one that is put into the key file then."""
    with failing_at_once():
        async with open_with_key_file(tmp_path) as analytics:
            await analytics.record([interaction()])
            with (
                locked(tmp_path),
                pytest.raises(DatabaseUnavailable, match="locked by another program"),
            ):
                await analytics.maintenance.rotate_key()
            kept = await analytics.people.personal_data(SOMEBODY)
            with (
                failing_at("INSERT INTO interactions"),
                pytest.raises(AnalyticsError, match="syntax error"),
            ):
                await analytics.maintenance.rotate_key()
            assert await analytics.people.personal_data(SOMEBODY) == kept
            new = await analytics.maintenance.rotate_key()
            await analytics.record([interaction()])

    assert len(kept.interactions) == 1
    assert key_in(tmp_path) == new
    async with open_with_key_file(tmp_path) as analytics:
        assert len((await analytics.people.personal_data(SOMEBODY)).interactions) == 1


def failing_at(beginning: str) -> Any:
    """As if the disk was full at that statement of the transaction."""
    statements = [
        "no such statement" if statement.strip().startswith(beginning) else statement
        for statement in personal_data.MAKE_ANONYMOUS
    ]
    assert tuple(statements) != personal_data.MAKE_ANONYMOUS
    return patch.object(personal_data, "MAKE_ANONYMOUS", statements)


async def test_a_command_that_looks_while_the_key_is_replaced_changes_nothing(
    tmp_path: Path,
) -> None:
    """It finds the next key beside the file, and the file not written with it yet."""
    await fill(tmp_path, 0)
    looked: list[set[str]] = []

    async def looks() -> None:
        async with open_with_key_file(tmp_path, access=Access.READ) as command:
            await command.people.personal_data(SOMEBODY)
            looked.append(key_files(tmp_path))

    async def looked_at(sql: str, run: Statement) -> Any:
        if sql != TRANSACTION:
            return await run()
        await looks()
        answer = await run()
        await looks()
        return answer

    async with open_with_key_file(tmp_path) as analytics:
        with statements(looked_at):
            new = await analytics.maintenance.rotate_key()

    assert looked[0] == looked[1] > {KEY_FILE}
    assert key_in(tmp_path) == new
    assert key_files(tmp_path) == {KEY_FILE}


async def rotate_and_die(folder: Path, count: int) -> None:
    """Killed after so many of the steps that leave something on the disk."""

    def deadly(step: Any) -> Any:
        def stepped(*arguments: Any, **options: Any) -> Any:
            nonlocal count
            answer = step(*arguments, **options)
            count -= 1
            if not count:
                die()
            return answer

        return stepped

    def awaited(step: Any) -> Any:
        async def stepped(self: Any, *arguments: Any) -> Any:
            answer = await step(self, *arguments)
            deadly(lambda: None)()
            return answer

        return stepped

    execute = aiosqlite.Connection.execute_fetchall

    async with open_with_key_file(folder) as analytics:
        with (
            patch.object(aiosqlite.Connection, "execute_fetchall", awaited(execute)),
            patch.object(Database, "transact", awaited(Database.transact)),
            patch.object(os, "link", deadly(os.link)),
            patch.object(os, "fsync", deadly(os.fsync)),
            patch.object(Path, "unlink", deadly(Path.unlink)),
            patch.object(Path, "replace", deadly(Path.replace)),
        ):
            await analytics.maintenance.rotate_key()
            await analytics.maintenance.compact_if_due()


@pytest.mark.thorough
async def test_killed_between_any_two_steps_the_next_start_has_the_right_key(
    tmp_path: Path,
) -> None:
    whole, copy = tmp_path / "whole", tmp_path / "copy"
    await fill(whole, 1)
    old = key_in(whole)
    gone = references(old) | key_forms(old)
    everything = select(whole, "SELECT sum(count) FROM interactions")
    outcomes = []
    for count in range(1, MAX_STEPS):
        shutil.copytree(whole, copy)
        if not is_killed(rotate_and_die, copy, count):
            break
        async with open_with_key_file(copy) as analytics:
            await analytics.maintenance.run()
            new = key_in(copy)
            assert key_files(copy) == {KEY_FILE}
            assert await analytics.people.is_opted_out(OPTED_OUT)
            assert await analytics.record([interaction()])
            outcomes.append(new != old)
            data = await analytics.people.personal_data(SOMEBODY)
            assert data.reference == Pseudonyms(new).reference(SOMEBODY)
            if new == old:
                assert len(data.interactions) > 1
            else:
                assert len(data.interactions) == 1
                assert found_in(copy, gone) == {}
        assert select(copy, "SELECT sum(count) - 1 FROM interactions") == everything
        assert inconsistencies(copy / NAME) == []
        shutil.rmtree(copy)

    # At first the old one, from some step on the new one.
    assert outcomes == sorted(outcomes)
    assert outcomes.count(False) > 5
    assert outcomes.count(True) > 5


async def cancelled_rotation(analytics: AnalyticsService, count: int, *, late: bool) -> bool:
    """Cancelled at that statement, or `late`, after it; False if it came to its end before."""
    rotating = asyncio.create_task(analytics.maintenance.rotate_key())

    async def counting(_: str, run: Statement) -> Any:
        nonlocal count
        count -= 1
        if not (count or late):
            rotating.cancel()
        answer = await run()
        if not count and late:
            rotating.cancel()
        return answer

    with statements(counting):
        await asyncio.wait({rotating})
    return rotating.cancelled()


@pytest.mark.parametrize("late", [False, True])
async def test_cancelled_at_any_statement_it_is_done_when_it_ends_and_the_bot_goes_on(
    late: bool,
) -> None:
    cancelled = True
    count = 0
    while cancelled:
        count += 1
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            async with asyncio.timeout(30), open_with_key_file(folder) as analytics:
                await analytics.record([interaction()])
                old = key_in(folder)
                cancelled = await cancelled_rotation(analytics, count, late=late)
                # Nothing of it goes on behind the back of whoever was cancelled.
                new = key_in(folder)
                assert new != old
                assert key_files(folder) == {KEY_FILE}
                [(written_with,)] = select(folder, FINGERPRINT)
                assert written_with == Pseudonyms(new).fingerprint
                await analytics.record([interaction(person=SOMEBODY + 1)])
            async with open_with_key_file(folder) as analytics:
                data = await analytics.people.personal_data(SOMEBODY + 1)
                assert len(data.interactions) == 1
            assert inconsistencies(folder / NAME) == []

    assert count > 3
