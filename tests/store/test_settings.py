"""The contract of settings, of acts that may have to wait, and of what is kept of admins."""

from pathlib import Path

import pytest

from analytics import DatabaseUnavailable
from analytics.acts import (
    KINDS,
    Act,
    KeepMutes,
    Mute,
    NoteAccess,
    PutSetting,
    RemoveSetting,
    Unmute,
    named,
)
from analytics.clock import from_unix
from analytics.store import Store
from analytics.store_types import AuditRow, Setting
from tests.store.kinds import Kind
from tests.store.updates import DAY, NOON, record, update

ADMIN, OTHER = -1, -2


async def test_a_setting_has_the_value_put_last_with_its_type(store: Store) -> None:
    before = await store.get_setting("name")
    await store.put_setting("name", 1)
    await store.put_setting("name", "1")
    await store.put_setting_once("name", 2)
    await store.put_setting_once("other", 2)

    assert before is None
    assert await store.get_setting("name") == "1"
    assert await store.get_setting("other") == 2


async def test_the_time_by_telegrams_dates_is_known_beside_the_newest_timestamp(
    store: Store,
) -> None:
    before = await store.known_times()
    await store.put_setting(Setting.TELEGRAM_TIME, NOON + DAY)
    await record(store, [update(at=NOON), update(at=NOON - DAY)])

    assert before == (None, None)
    assert await store.known_times() == (NOON + DAY, NOON)


async def test_an_act_comes_with_how_far_a_spool_is_committed(
    store: Store, kind: Kind, tmp_path: Path
) -> None:
    await store.perform(PutSetting("name", 1), "token:1")
    with kind.locked(tmp_path), pytest.raises(DatabaseUnavailable):
        await store.perform(RemoveSetting("name"), "token:2")
    failed = await store.get_setting("name"), await store.committed("token")
    await store.perform(RemoveSetting("name"))

    assert failed == (1, 1)
    assert await store.get_setting("name") is None
    assert await store.committed("token") == 1


async def test_how_far_a_spool_is_committed_is_known_by_its_token(store: Store) -> None:
    before = await store.committed("token")
    await store.note_committed("token:1")
    await store.note_committed("token:12")

    assert before == 0
    assert await store.committed("token") == 12
    assert await store.committed("other") == 0


async def test_a_failed_write_is_not_there_and_the_next_one_works(
    store: Store, kind: Kind, tmp_path: Path
) -> None:
    with kind.locked(tmp_path):
        with pytest.raises(DatabaseUnavailable) as refused:
            await store.put_setting("name", 1)
        read = await store.get_setting("name")
    await store.put_setting("name", 2)

    assert refused.value.problem
    assert refused.value.remedy
    assert read is None
    assert await store.get_setting("name") == 2


async def test_the_audit_log_is_the_newest_first_and_that_of_one_admin_theirs(
    store: Store,
) -> None:
    noted = [
        NoteAccess(NOON, ADMIN, "stats"),
        NoteAccess(NOON, None, "export"),
        NoteAccess(NOON - DAY, OTHER, "audit"),
        NoteAccess(NOON, ADMIN, "cleanup"),
    ]
    for act in noted:
        await store.perform(act)

    rows = [AuditRow(from_unix(at), admin, action) for at, admin, action in noted]
    assert await store.audit_entries() == [rows[3], rows[1], rows[0], rows[2]]
    assert await store.audit_entries(ADMIN) == [rows[3], rows[0]]


async def test_muted_alerts_are_kept_by_admin_and_kind(store: Store) -> None:
    for act in (Mute(ADMIN, "digest"), Mute(ADMIN, "digest"), Mute(OTHER, "digest")):
        await store.perform(act)
    await store.perform(Mute(OTHER, "silence"))
    await store.perform(Unmute(OTHER, "digest"))
    muted = await store.mutes()
    await store.perform(KeepMutes.of([OTHER]))
    kept = await store.mutes()
    async with store.deletion(NOON):
        await store.forget_mutes(OTHER)

    assert muted == {(ADMIN, "digest"), (OTHER, "silence")}
    assert kept == {(OTHER, "silence")}
    assert await store.mutes() == set()


@pytest.mark.parametrize(
    ("name", "content", "act"),
    [
        ("audit", [NOON, None, "stats"], NoteAccess(NOON, None, "stats")),
        ("keep_only", ["[-1, -2]"], KeepMutes.of([ADMIN, OTHER])),
        ("told", ["told_digest", NOON], PutSetting("told_digest", NOON)),
        ("turn_off", [ADMIN, "digest"], Mute(ADMIN, "digest")),
        ("turn_on", [ADMIN, "digest"], Unmute(ADMIN, "digest")),
        ("untold", ["told_digest"], RemoveSetting("told_digest")),
    ],
)
def test_an_act_in_a_spool_of_an_earlier_version_is_read(
    name: str, content: list[object], act: Act
) -> None:
    found = named(name, content)

    assert found == act
    assert type(found) is type(act) is KINDS[name]
