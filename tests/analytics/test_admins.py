"""No file names an admin: the audit trail and what they turned off have a pseudonym of them."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics import Access, Action, PseudonymKeyMissing, Pseudonyms
from analytics.key_files import key_file
from analytics.privacy.audit import FORMER_ADMIN
from analytics.sqlite.migrations import SCHEMA_VERSION
from tests.support.bytes_on_disk import forms, found_in
from tests.support.clock import NOW
from tests.support.old_files import FILES
from tests.support.second_connection import NAME, locked, select
from tests.support.service import KEY, SOMEBODY, failing_at_once, interaction, open_service

ADMIN, OTHER = 5_123_456_789, 5_987_654_321
CLEAR = forms(ADMIN) | forms(OTHER)
WHO = "SELECT admin_id FROM audit_trail UNION SELECT admin_id FROM turned_off"


async def act(analytics: Any) -> None:
    """All that leaves something of an admin."""
    await analytics.record([interaction(person=ADMIN), interaction(person=OTHER)])
    await analytics.audit_log.note(Action.STATS, ADMIN)
    await analytics.audit_log.note(Action.CLEANUP, OTHER)
    await analytics.audit_log.note(Action.EXPORT)
    for admin, notice in ((ADMIN, "digest"), (ADMIN, "silence"), (OTHER, "digest")):
        await analytics.alert_state.mute(admin, notice)
    await analytics.alert_state.unmute(ADMIN, "silence")
    await analytics.alert_state.keep_only({ADMIN, OTHER})


async def test_no_byte_of_any_file_is_an_admins_telegram_id(tmp_path: Path) -> None:
    async with open_service(tmp_path, pseudonym_key=None) as analytics:
        await act(analytics)
        running = found_in(tmp_path, CLEAR)

    assert running == found_in(tmp_path, CLEAR) == {}
    assert len(select(tmp_path, WHO)) == 3


async def test_nor_of_what_waits_on_the_disk_while_the_database_is_locked(tmp_path: Path) -> None:
    with failing_at_once():
        async with open_service(tmp_path) as analytics:
            with locked(tmp_path):
                await act(analytics)
                assert await analytics.people.erase(ADMIN) is None
                assert (tmp_path / f"{NAME}.spool").exists()
                assert found_in(tmp_path, CLEAR) == {}
                # As a kill leaves it.
                shutil.copytree(tmp_path, tmp_path / "copy")
    async with open_service(tmp_path / "copy") as analytics:
        trail = await analytics.audit_log.entries({ADMIN, OTHER})
        muted = [await analytics.alert_state.muted(admin) for admin in (ADMIN, OTHER)]

    assert [entry.telegram_id for entry in trail] == [None, OTHER, ADMIN]
    # The erasure that waited came after what they had turned off.
    assert muted == [set(), {"digest"}]


@given(key=st.binary(min_size=32, max_size=32), telegram_id=st.integers(1, 2**52))
def test_the_pseudonym_of_an_admin_is_negative_and_no_other_one(
    key: bytes, telegram_id: int
) -> None:
    """A positive number is a Telegram ID, of a file from before there were pseudonyms."""
    pseudonyms = Pseudonyms(key)
    admin = pseudonyms.admin(telegram_id)

    assert -(2**63) <= admin < 0
    assert admin not in {pseudonyms.reference(telegram_id), pseudonyms.opt_out(telegram_id)}
    assert admin == pseudonyms.successor().admin(telegram_id)


async def test_a_new_key_keeps_who_the_admins_are(tmp_path: Path) -> None:
    async with open_service(tmp_path, pseudonym_key=None) as analytics:
        await act(analytics)
        await analytics.maintenance.rotate_key()
        await analytics.audit_log.note(Action.AUDIT, ADMIN)
    async with open_service(tmp_path, pseudonym_key=None) as analytics:
        trail = await analytics.audit_log.entries({ADMIN, OTHER})
        muted = await analytics.alert_state.muted(ADMIN)
        mine = await analytics.people.personal_data(ADMIN)

    assert [entry.telegram_id for entry in trail] == [ADMIN, None, OTHER, ADMIN]
    assert muted == {"digest"}
    assert [action for _, action in mine.audit_entries] == ["stats", "audit"]


async def test_who_is_not_among_the_admins_is_a_former_one(tmp_path: Path) -> None:
    async with open_service(tmp_path) as analytics:
        await act(analytics)
        without = await analytics.audit_log.entries()
        with_other = await analytics.audit_log.entries({OTHER})

    assert [entry.telegram_id for entry in without] == [None, FORMER_ADMIN, FORMER_ADMIN]
    assert [entry.telegram_id for entry in with_other] == [None, OTHER, FORMER_ADMIN]


def old_file(folder: Path) -> Path:
    """Of schema 3, in which admins have their Telegram ID, and times their second."""
    path = folder / NAME
    shutil.copy(FILES / "schema-3.sqlite3", path)
    noted = int(NOW.timestamp())
    with closing(sqlite3.connect(path)) as database, database:
        database.executemany(
            "INSERT INTO audit_trail VALUES (?, ?, ?)",
            [(noted + 1, ADMIN, "stats"), (noted + 2, None, "export"), (noted + 3, OTHER, "audit")],
        )
        database.executemany(
            "INSERT INTO turned_off VALUES (?, ?)", [(ADMIN, "digest"), (OTHER, "silence")]
        )
    return path


@pytest.mark.parametrize("command_first", [False, True])
async def test_a_file_of_before_names_nobody_after_the_first_opening(
    tmp_path: Path, command_first: bool
) -> None:
    """Also where a command without the key brings it up to date, and compacts it."""
    old_file(tmp_path)
    if command_first:
        async with open_service(tmp_path, pseudonym_key=None, access=Access.SHARE) as command:
            await command.maintenance.compact_if_due()
            assert {(ADMIN,), (OTHER,)} <= set(select(tmp_path, WHO))
    for _ in range(2):
        async with open_service(tmp_path) as analytics:
            await analytics.maintenance.run()
            assert found_in(tmp_path, CLEAR, but=f"{NAME}.before-schema-{SCHEMA_VERSION}") == {}
            trail = await analytics.audit_log.entries({ADMIN})
            muted = [await analytics.alert_state.muted(admin) for admin in (ADMIN, OTHER)]
            mine = await analytics.people.personal_data(ADMIN)

            assert [(entry.telegram_id, entry.action) for entry in trail] == [
                *((FORMER_ADMIN, "audit"), (None, "export"), (ADMIN, "stats"))
            ]
            assert {entry.timestamp for entry in trail} == {
                NOW.replace(minute=0, second=0, microsecond=0)
            }
            assert muted == [{"digest"}, {"silence"}]
            assert [action for _, action in mine.audit_entries] == ["stats"]
    # The way back is as it was, and goes with the retention.
    [copy] = tmp_path.glob("*.before-schema-*")
    copy.unlink()

    assert found_in(tmp_path, CLEAR) == {}


async def test_a_command_with_the_key_does_so_too(tmp_path: Path) -> None:
    old_file(tmp_path)
    async with open_service(tmp_path, access=Access.SHARE):
        admins = [admin for (admin,) in select(tmp_path, WHO) if admin is not None]

    assert admins
    assert max(admins) < 0


async def test_without_pseudonyms_an_admin_keeps_their_telegram_id(tmp_path: Path) -> None:
    for _ in range(2):
        async with open_service(tmp_path, pseudonym_key=None, pseudonymise=False) as analytics:
            await analytics.audit_log.note(Action.STATS, ADMIN)
            await analytics.alert_state.mute(ADMIN, "digest")
            trail = await analytics.audit_log.entries({ADMIN})

    assert {entry.telegram_id for entry in trail} == {ADMIN}
    assert set(select(tmp_path, WHO)) == {(ADMIN,)}


@pytest.mark.parametrize(("precision", "kept"), [(1, 3600), (3600, 3600), (86400, 86400)])
async def test_times_are_rounded_to_the_hour_or_to_what_the_interactions_are(
    tmp_path: Path, precision: int, kept: int
) -> None:
    async with open_service(tmp_path, timestamp_precision=precision) as analytics:
        await analytics.audit_log.note(Action.STATS, ADMIN)

    assert select(tmp_path, "SELECT timestamp FROM audit_trail") == [
        (int(NOW.timestamp()) // kept * kept,)
    ]


async def test_an_erased_admin_has_nothing_turned_off_and_stays_in_the_audit_trail(
    tmp_path: Path,
) -> None:
    pseudonym = Pseudonyms(KEY).admin(ADMIN)
    async with open_service(tmp_path) as analytics:
        await act(analytics)
        assert await analytics.alert_state.muted(ADMIN) == {"digest"}
        erasure = await analytics.people.erase(ADMIN)
        of_nobody = await analytics.people.erase(SOMEBODY)
        muted = [await analytics.alert_state.muted(admin) for admin in (ADMIN, OTHER)]
        mine = await analytics.people.personal_data(ADMIN)

    assert erasure
    assert erasure.in_audit_log
    assert erasure.compacted
    assert of_nobody
    assert not of_nobody.in_audit_log
    assert muted == [set(), {"digest"}]
    assert (mine.interactions, mine.muted) == ([], [])
    assert len(mine.audit_entries) == 1
    assert select(tmp_path, "SELECT count(*) FROM turned_off WHERE admin_id = ?", (pseudonym,)) == [
        (0,)
    ]


async def test_without_the_key_the_trail_is_shown_and_nobody_can_be_named(tmp_path: Path) -> None:
    async with open_service(tmp_path, pseudonym_key=None) as analytics:
        await act(analytics)
    key_file(tmp_path / NAME).unlink()
    async with open_service(tmp_path, pseudonym_key=None, access=Access.READ) as command:
        trail = await command.audit_log.entries()
        with pytest.raises(PseudonymKeyMissing, match="is missing"):
            await command.audit_log.entries({ADMIN})

    assert len(trail) == 3
