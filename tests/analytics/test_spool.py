"""What waits while the database cannot be written is there after a crash, once, and then gone."""

import asyncio
import tempfile
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from unittest.mock import AsyncMock, patch

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from analytics import (
    Access,
    Action,
    AnalyticsService,
    DatabaseUnavailable,
    InteractionsLost,
    WrongPseudonymKey,
)
from analytics import recording as analytics_recording
from analytics.sqlite import database
from analytics.sqlite.database import Database
from analytics.sqlite.files import is_plain, spool
from analytics.sqlite.spool import SQLiteSpool
from tests.support.bytes_on_disk import REFERENCES, forms, found_in, key_forms
from tests.support.examples import examples
from tests.support.killed import killed
from tests.support.recount import inconsistencies
from tests.support.second_connection import NAME, locked, select, total
from tests.support.service import (
    KEY,
    SOMEBODY,
    days_ago,
    failing_at_once,
    interaction,
    open_service,
    run_once,
)

OTHER = SOMEBODY + 1
STEPS = ["record", "without id", "again", "opt_out", "opt_in", "erase", "look", "kill"]


class Expected:
    """What is to be in the file, as a plain list."""

    def __init__(self) -> None:
        self.people: list[int] = []
        self.opted_out = False
        self.looks = 0
        self.next_id = 1

    async def take(self, analytics: AnalyticsService, step: str) -> None:
        match step:
            case "record" | "again" | "without id":
                new = step != "again" or self.next_id == 1
                ids = [self.next_id - 2 * (not new), self.next_id + 1 - 2 * (not new)]
                if new and step == "record":
                    self.next_id += 2
                if new:
                    self.people += [OTHER] if self.opted_out else [SOMEBODY, OTHER]
                said = [interaction(), interaction(person=OTHER)]
                if step == "again" and new:
                    self.next_id += 2
                await analytics.record(said, None if step == "without id" else ids)
            case "opt_out" | "opt_in":
                self.opted_out = step == "opt_out"
                await (analytics.people.opt_out if self.opted_out else analytics.people.opt_in)(
                    SOMEBODY
                )
            case "erase":
                self.people = [person for person in self.people if person != SOMEBODY]
                await analytics.people.erase(SOMEBODY)
            case "look":
                self.looks += 1
                await analytics.audit_log.note(Action.STATS)

    def found_wrong_in(self, folder: Path) -> list[str]:
        rows = dict(
            select(
                folder,
                "SELECT reference, sum(count) FROM interactions JOIN users ON id = user_id "
                "GROUP BY 1",
            )
        )
        wanted = {
            REFERENCES.reference(person): self.people.count(person) for person in {*self.people}
        }
        wrong = inconsistencies(folder / NAME)
        if rows != wanted:
            wrong.append(f"{rows} instead of {wanted}")
        if select(folder, "SELECT count(*) FROM opt_outs") != [(self.opted_out,)]:
            wrong.append("opt-outs")
        if select(folder, "SELECT count(*) FROM audit_trail") != [(self.looks,)]:
            wrong.append("audit trail")
        if spool(folder / NAME).exists():
            wrong.append("the spool is still there")
        return wrong


@settings(max_examples=examples(15))
@given(steps=st.lists(st.sampled_from(STEPS), min_size=1, max_size=10))
@example(steps=["record", "look", "erase", "record", "again", "opt_out", "record", "kill", "kill"])
@example(steps=["without id", "kill", "without id", "kill", "look", "without id"])
async def test_what_waits_is_there_once_however_often_the_process_is_killed(
    steps: list[str],
) -> None:
    expected = Expected()
    with tempfile.TemporaryDirectory() as name, failing_at_once():
        folder = Path(name)
        while True:
            with ExitStack() as stack:
                async with open_service(folder) as analytics:
                    stack.enter_context(locked(folder))
                    while steps and steps[0] != "kill":
                        await expected.take(analytics, steps.pop(0))
                    copy = killed(folder)
                    stack.close()
            folder = copy
            if not steps:
                break
            steps.pop(0)
        await run_once(folder)

        assert expected.found_wrong_in(folder) == []


async def _left(folder: Path, at: str) -> tuple[Path, int]:
    """What a kill leaves just before or after the spool is removed; and how much was recorded."""
    remove, copies = SQLiteSpool.remove, []

    async def killed_there(self: SQLiteSpool) -> None:
        if at == "before":
            copies.append(killed(folder))
        await remove(self)
        if at == "after":
            copies.append(killed(folder))

    with patch.object(SQLiteSpool, "remove", killed_there):
        async with open_service(folder) as analytics:
            with locked(folder):
                await analytics.record(days_ago(1, 3))
                await analytics.audit_log.note(Action.STATS)
                await analytics.record(days_ago(2, 2), [1, 2])
    return copies[0], 5


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("at", ["before", "after"])
async def test_nothing_is_counted_twice_after_a_kill_around_the_commit(
    tmp_path: Path, at: str
) -> None:
    copy, recorded = await _left(tmp_path, at)
    assert spool(copy / NAME).exists() == (at == "before")
    await run_once(copy)

    assert total(copy) == recorded
    assert select(copy, "SELECT action FROM audit_trail") == [("stats",)]
    assert not spool(copy / NAME).exists()


@pytest.mark.usefixtures("impatient")
async def test_the_spool_is_private_holds_pseudonyms_only_and_nothing_is_left_of_the_erased(
    tmp_path: Path,
) -> None:
    ids, references = forms(SOMEBODY), forms(REFERENCES.reference(SOMEBODY))
    async with open_service(tmp_path) as analytics:
        with locked(tmp_path):
            await analytics.record(days_ago(1, 50))
            file = spool(tmp_path / NAME)
            mode, waits = file.stat().st_mode & 0o777, found_in(tmp_path, references)
            clear = found_in(tmp_path, ids | key_forms(KEY), but="analytics.key")
            assert await analytics.people.erase(SOMEBODY) is None
            copy = killed(tmp_path)
    async with open_service(copy) as analytics:
        await analytics.maintenance.compact_if_due()
        left = found_in(copy, references)

    assert (mode, [*waits], clear) == (0o600, [file.name], {})
    assert left == {}
    assert select(copy, "SELECT count(*) FROM users") == [(0,)]


@pytest.mark.usefixtures("impatient")
async def test_the_spool_of_an_encrypted_database_is_encrypted(tmp_path: Path) -> None:
    key = bytes(32)
    async with open_service(tmp_path, database_key=key) as analytics:
        await analytics.record(days_ago(1, 3), [1, 2, 3])
        failed = DatabaseUnavailable("it failed", "try again")
        with patch.object(Database, "transact", side_effect=failed):
            await analytics.record(days_ago(2, 3), [4, 5, 6])
            file = spool(tmp_path / NAME)
            plain, found = is_plain(file), found_in(tmp_path, forms(REFERENCES.reference(SOMEBODY)))
            copy = killed(tmp_path)
    async with open_service(copy, database_key=key) as analytics:
        report = await analytics.get_admin_analytics_report()

    assert (plain, found) == (False, {})
    assert report.total_interactions == 6


@pytest.mark.parametrize("content", [b"", bytes(4096)], ids=["begun", "overwritten"])
async def test_what_a_kill_leaves_of_a_spool_without_entries_is_removed(
    tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    await run_once(tmp_path)
    spool(tmp_path / NAME).write_bytes(content)
    await run_once(tmp_path)

    assert [*tmp_path.glob("*spool*")] == []
    assert caplog.messages == []


@pytest.mark.usefixtures("impatient")
async def test_a_spool_of_another_key_is_refused_in_a_sentence(tmp_path: Path) -> None:
    async with open_service(tmp_path) as analytics:
        with locked(tmp_path):
            await analytics.record(days_ago(1))
            copy = killed(tmp_path)
    (copy / NAME).unlink()
    (copy / f"{NAME}-wal").unlink()

    with pytest.raises(WrongPseudonymKey, match="was written with another key"):
        await run_once(copy, pseudonym_key=bytes(32))
    assert spool(copy / NAME).exists()


@pytest.mark.usefixtures("impatient")
async def test_a_command_replays_before_it_erases(tmp_path: Path) -> None:
    async with open_service(tmp_path) as analytics:
        with locked(tmp_path):
            await analytics.record(days_ago(1, 3))
            copy = killed(tmp_path)
    async with open_service(copy, access=Access.SHARE) as analytics:
        erased = await analytics.people.erase(SOMEBODY)
    await run_once(copy)

    assert erased is not None
    assert erased.interactions == 3
    assert total(copy) == 0


@pytest.mark.usefixtures("impatient")
async def test_what_neither_database_nor_spool_takes_is_said_at_the_end(tmp_path: Path) -> None:
    async def ends_with_both_refused() -> None:
        with ExitStack() as stack:
            async with open_service(tmp_path) as analytics:
                stack.enter_context(locked(tmp_path))
                spool(tmp_path / NAME).mkdir()
                assert not await analytics.record(days_ago(1, 3))
                assert not await analytics.people.opt_out(SOMEBODY)

    with pytest.raises(InteractionsLost, match="3 interactions and 1 requests are lost"):
        await ends_with_both_refused()


async def test_what_is_being_committed_is_no_backlog(tmp_path: Path) -> None:
    """Only what failed or has waited too long is."""
    with (
        patch.object(database, "BUSY_MS_OWN", 60_000),
        patch.object(analytics_recording, "COMMIT_TIMEOUT", 0),
    ):
        async with open_service(tmp_path) as analytics:
            with locked(tmp_path):
                recording = asyncio.create_task(analytics.record(days_ago(1, 3), [1, 2, 3]))
                await asyncio.sleep(0)  # its commit has begun
                begun = analytics.backlog
                await recording
                waits = analytics.backlog
                copy = killed(tmp_path)
    await run_once(copy)

    assert (begun, waits, total(copy)) == (0, 3, 3)


@pytest.mark.usefixtures("impatient")
async def test_a_batch_that_takes_too_long_is_counted_once_whether_it_was_committed_or_not(
    tmp_path: Path,
) -> None:
    """It is in the spool while its commit goes on."""
    with (
        patch.object(database, "BUSY_MS_OWN", 60_000),
        patch.object(analytics_recording, "COMMIT_TIMEOUT", 0),
    ):
        async with open_service(tmp_path) as analytics:
            with locked(tmp_path):
                await analytics.record(days_ago(1, 3), [1, 2, 3])
                await analytics.record([interaction(timedelta(days=2))], [4])
            committed = asyncio.Event()
            with patch.object(SQLiteSpool, "remove", AsyncMock(side_effect=committed.set)):
                await committed.wait()
                copy = killed(tmp_path)
    await run_once(copy)

    assert total(copy) == total(tmp_path) == 4


@pytest.mark.usefixtures("impatient")
async def test_a_persons_data_says_what_waits(tmp_path: Path) -> None:
    async with open_service(tmp_path) as analytics:
        await analytics.record(days_ago(3))
        with locked(tmp_path):
            await analytics.record([*days_ago(1, 3), interaction(person=OTHER)])
            data = await analytics.people.personal_data(SOMEBODY)

    assert (len(data.interactions), data.waiting) == (1, 3)
