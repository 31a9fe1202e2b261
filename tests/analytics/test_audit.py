"""The audit trail: who looked at or deleted what, and nothing about whom."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from analytics import Access, Action, AuditEntry
from tests.support.bytes_on_disk import REFERENCES, forms, found_in
from tests.support.clock import NOW, Clock
from tests.support.second_connection import NAME, locked, select
from tests.support.service import SOMEBODY, failing_at_once, interaction, open_service

ADMIN = 5_000_000_001


def hour(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)


async def test_what_was_done_is_noted_and_shown_the_newest_first(tmp_path: Path) -> None:
    """Two in the same hour in the order in which they were done; also after a restart."""
    clock = Clock()
    async with open_service(tmp_path, clock=clock) as analytics:
        await analytics.audit_log.note(Action.STATS, ADMIN)
        await analytics.audit_log.note(Action.ERASE)
        clock.now += timedelta(hours=1)
        await analytics.audit_log.note(Action.AUDIT, ADMIN + 1)
    async with open_service(tmp_path, clock=clock, access=Access.READ) as command:
        trail = await command.audit_log.entries({ADMIN, ADMIN + 1})

    assert trail == [
        AuditEntry(hour(clock.now), ADMIN + 1, Action.AUDIT),
        AuditEntry(hour(NOW), None, Action.ERASE),
        AuditEntry(hour(NOW), ADMIN, Action.STATS),
    ]


@pytest.mark.parametrize("action", Action)
async def test_every_action_can_be_noted(tmp_path: Path, action: Action) -> None:
    async with open_service(tmp_path) as analytics:
        await analytics.audit_log.note(action)

        assert [entry.action for entry in await analytics.audit_log.entries()] == [action]


async def test_a_command_notes_too_beside_the_bot(tmp_path: Path) -> None:
    async with (
        open_service(tmp_path) as bot,
        open_service(tmp_path, access=Access.SHARE) as command,
    ):
        await command.audit_log.note(Action.EXPORT)

        assert await bot.audit_log.entries() == [AuditEntry(hour(NOW), None, Action.EXPORT)]


async def test_it_is_forgotten_after_the_retention(tmp_path: Path) -> None:
    clock = Clock()
    async with open_service(tmp_path, clock=clock, retention_days=30) as analytics:
        await analytics.audit_log.note(Action.STATS, ADMIN)
        clock.now += timedelta(hours=1)
        await analytics.audit_log.note(Action.CLEANUP, ADMIN)
        clock.now = NOW + timedelta(days=30)
        await analytics.cleanup_old_interactions()

        assert [entry.action for entry in await analytics.audit_log.entries()] == [Action.CLEANUP]


async def test_a_dry_run_forgets_nothing(tmp_path: Path) -> None:
    clock = Clock()
    async with open_service(tmp_path, clock=clock) as analytics:
        await analytics.audit_log.note(Action.STATS, ADMIN)
        clock.now += timedelta(days=100)
        await analytics.cleanup_old_interactions(dry_run=True)

        assert len(await analytics.audit_log.entries()) == 1


async def test_a_database_that_cannot_be_written_keeps_no_admin_from_their_answer(
    tmp_path: Path,
) -> None:
    with failing_at_once():
        async with open_service(tmp_path) as analytics:
            await analytics.record([interaction()])
            with locked(tmp_path):
                await analytics.audit_log.note(Action.STATS, ADMIN)
                report = await analytics.get_admin_analytics_report()

    assert report.total_interactions == 1


async def test_a_database_that_was_deleted_keeps_no_admin_from_their_answer(
    tmp_path: Path,
) -> None:
    async with open_service(tmp_path) as analytics:
        for path in tmp_path.glob(f"{NAME}*"):
            if not path.name.endswith("lock"):
                path.unlink()
        await analytics.audit_log.note(Action.STATS, ADMIN)
        await analytics.get_admin_analytics_report()

        assert [entry.telegram_id for entry in await analytics.audit_log.entries({ADMIN})] == [
            ADMIN
        ]


async def test_it_holds_nothing_about_the_person_concerned(tmp_path: Path) -> None:
    async with open_service(tmp_path) as analytics:
        await analytics.record([interaction()])
        await analytics.people.personal_data(SOMEBODY)
        await analytics.audit_log.note(Action.EXPORT, ADMIN)
        await analytics.people.erase(SOMEBODY)
        await analytics.audit_log.note(Action.ERASE, ADMIN)
        reference = REFERENCES.reference(SOMEBODY)

        assert found_in(tmp_path, forms(SOMEBODY) | forms(reference)) == {}
    assert select(tmp_path, "SELECT * FROM audit_trail") == [
        (int(hour(NOW).timestamp()), REFERENCES.admin(ADMIN), "export"),
        (int(hour(NOW).timestamp()), REFERENCES.admin(ADMIN), "erase"),
    ]


async def test_an_admin_finds_in_their_own_data_what_they_did_and_nobody_else_does(
    tmp_path: Path,
) -> None:
    async with open_service(tmp_path) as analytics:
        await analytics.audit_log.note(Action.STATS, ADMIN)
        await analytics.audit_log.note(Action.STATS, ADMIN + 1)
        await analytics.audit_log.note(Action.ERASE)
        mine = await analytics.people.personal_data(ADMIN)
        theirs = await analytics.people.personal_data(SOMEBODY)

    assert mine.audit_entries == [(hour(NOW), "stats")]
    assert theirs.audit_entries == []
