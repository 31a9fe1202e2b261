"""Who was erased since a backup of the server is erased again after it is restored."""

import asyncio
import os
import stat
import subprocess
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from analytics import AnalyticsService, ErasuresRefused, Interaction, InteractionType
from analytics.privacy import personal_data
from analytics.privacy.kept_outside import file_beside
from tests.support.clock import Clock
from tests.support.command_line import invoke
from tests.support.postgres import database_of, execute, needs_postgres, programs
from tests.support.postgres_recount import DIFFERENCES
from tests.support.second_connection import NAME
from tests.support.service import KEY

pytestmark = needs_postgres()
ADA, BO, CY, DEE = range(6_000_000_001, 6_000_000_005)


class Server:
    """A server, a bot with a folder, and a backup."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.url = database_of(folder)
        self.backup = folder / "backup"
        self.clock = Clock()

    def bot(
        self, name: str = "bot", **options: Any
    ) -> AbstractAsyncContextManager[AnalyticsService]:
        defaults: dict[str, Any] = {"pseudonym_key": KEY, "clock": self.clock}
        return AnalyticsService.open(self.path(name), database_url=self.url, **defaults | options)

    def path(self, name: str = "bot") -> Path:
        return self.folder / name / NAME

    def interaction(self, person: int, days_ago: float = 0) -> Interaction:
        when: datetime = self.clock() - timedelta(days=days_ago)
        return Interaction(person, InteractionType.MESSAGE, when)

    def run(self, program: str, *arguments: str) -> None:
        folder = programs()
        assert folder is not None
        subprocess.run([folder / program, "--dbname", self.url, *arguments], check=True)

    async def people(self) -> dict[int, int]:
        """Return how many interactions each person has, by a bot that has no list of its own."""
        async with self.bot("another") as analytics:
            return await people_of(analytics)

    def dump(self) -> None:
        self.run("pg_dump", "--format=custom", "--schema=bot_analytics", "-f", str(self.backup))

    def restore(self) -> None:
        execute(self.url, "DROP SCHEMA bot_analytics CASCADE")
        self.run("pg_restore", "--exit-on-error", str(self.backup))


async def people_of(analytics: AnalyticsService) -> dict[int, int]:
    """Return how many interactions each person has."""
    found = {}
    for person in (ADA, BO, CY, DEE):
        data = await analytics.people.personal_data(person)
        found[person] = sum(row.count for row in data.interactions)
    return found


@pytest.fixture
def server(tmp_path: Path) -> Server:
    return Server(tmp_path)


async def lived(server: Server) -> None:
    """A backup, and after it: Bo is erased and comes back, Cy is erased, Dee opts out."""
    async with server.bot() as analytics:
        await analytics.record(
            [server.interaction(each, days) for each in (ADA, BO, CY, DEE) for days in (0, 3, 9)]
        )
    await asyncio.to_thread(server.dump)
    async with server.bot() as analytics:
        assert await analytics.people.opt_out(DEE)
        for person in (BO, CY):
            assert await analytics.people.erase(person)
        server.clock.move(days=2)
        await analytics.record([server.interaction(BO)])


async def test_a_bot_that_starts_with_a_restored_database_erases_again(server: Server) -> None:
    await lived(server)
    await asyncio.to_thread(server.restore)
    async with server.bot() as analytics:
        people = await people_of(analytics)
        opted_out = await analytics.people.is_opted_out(DEE)
        report = await analytics.get_admin_analytics_report()
        cleaned = await analytics.maintenance.compact_if_due()

    assert people == {ADA: 3, BO: 0, CY: 0, DEE: 3}
    assert opted_out
    assert report.total_interactions == 6
    assert report.monthly_active_users == 2
    assert cleaned
    assert execute(server.url, DIFFERENCES) == []
    assert execute(server.url, "SELECT count(*) FROM bot_analytics.erasures") == [(2,)]


async def test_what_an_erased_person_did_later_stays(server: Server) -> None:
    await lived(server)
    file = file_beside(server.path()).read_bytes()
    await asyncio.to_thread(server.restore)
    # What came after the backup was recorded again, before the list was there.
    file_beside(server.path()).unlink()
    async with server.bot() as analytics:
        await analytics.record([server.interaction(BO)])
    file_beside(server.path()).write_bytes(file)
    async with server.bot() as analytics:
        people = await people_of(analytics)

    assert people == {ADA: 3, BO: 1, CY: 0, DEE: 3}
    assert execute(server.url, DIFFERENCES) == []


def test_a_list_that_was_exported_is_applied_elsewhere(server: Server) -> None:
    asyncio.run(lived(server))
    listed = server.folder / "listed.json"
    where = {
        "DATABASE_URL": server.url,
        "DATABASE_PATH": str(server.path("elsewhere")),
        "USER_ID_KEY": KEY.hex(),
        "RETENTION_DAYS": "3650",  # the command has a clock of its own
    }
    exported = invoke("erasures", "--export", str(listed), **where)
    server.restore()
    applied = invoke("erasures", "--apply", str(listed), **where)
    again = invoke("erasures", "--apply", str(listed), **where)
    people = asyncio.run(server.people())

    assert "2 erasures" in exported.output
    assert applied.output.splitlines() == ["Erasures since the backup, repeated: 2"]
    assert again.output.splitlines() == ["Erasures since the backup, repeated: 0"]
    assert people == {ADA: 3, BO: 0, CY: 0, DEE: 3}


async def test_an_export_keeps_what_is_in_the_file_when_the_database_was_restored(
    server: Server,
) -> None:
    await lived(server)
    file = file_beside(server.path())
    before = file.read_text("utf-8")
    await asyncio.to_thread(server.restore)
    async with server.bot("another") as analytics:
        assert await analytics.people.export_erasures(file) == 2

    assert before.count('": 2') == file.read_text("utf-8").count('": 2') > 0


async def test_erasures_of_other_bots_are_in_each_list_after_a_cleanup(server: Server) -> None:
    await lived(server)
    async with server.bot("another") as analytics:
        await analytics.cleanup_old_interactions()
        text = file_beside(server.path("another")).read_text("utf-8")
        server.clock.move(days=100)
        await analytics.cleanup_old_interactions()
    later = file_beside(server.path("another")).read_text("utf-8")

    assert text == file_beside(server.path()).read_text("utf-8")
    assert '"erasures": {}' in later


async def test_the_list_names_nobody_and_nobody_else_can_read_it(server: Server) -> None:
    await lived(server)
    file = file_beside(server.path())

    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    text = file.read_text("utf-8")
    assert not [each for each in (ADA, BO, CY, DEE) if str(each) in text]
    assert not [
        each
        for (each,) in execute(server.url, "SELECT reference FROM bot_analytics.users")
        if str(each) in text
    ]


async def test_an_erasure_that_is_cut_short_is_carried_out_at_the_next_start(
    server: Server,
) -> None:
    async with server.bot() as analytics:
        await analytics.record([server.interaction(ADA)])
        # As a kill leaves it that comes before anything is deleted.
        with patch.object(personal_data, "erase", return_value=0):
            await analytics.people.erase(ADA)
        assert (await people_of(analytics))[ADA] == 1
    async with server.bot() as analytics:
        assert (await people_of(analytics))[ADA] == 0


async def test_a_bot_whose_list_cannot_be_written_erases_all_the_same(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    async with server.bot() as analytics:
        await analytics.record([server.interaction(ADA)])
        file_beside(server.path()).mkdir()
        assert await analytics.people.erase(ADA)

    assert "the list of erasures cannot be kept outside" in caplog.text


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"key": 1, "erasures": [], "opt_outs": []}'])
async def test_a_file_without_a_list_is_told(server: Server, content: str) -> None:
    file = server.folder / "wrong"
    file.write_text(content)
    async with server.bot() as analytics:
        with pytest.raises(ErasuresRefused, match="holds no list"):
            await analytics.people.erase_again(file)
        with pytest.raises(ErasuresRefused, match="holds no list"):
            await analytics.people.export_erasures(file)
        with pytest.raises(ErasuresRefused, match="is not a file"):
            await analytics.people.erase_again(server.folder / "missing")

    assert file.read_text() == content


async def test_a_list_of_another_key_is_told(server: Server) -> None:
    await lived(server)
    await asyncio.to_thread(execute, server.url, "DROP SCHEMA bot_analytics CASCADE")
    async with server.bot("another", pseudonym_key=os.urandom(32)) as analytics:
        with pytest.raises(ErasuresRefused, match="another key"):
            await analytics.people.erase_again(file_beside(server.path()))


def test_the_command_is_for_a_server(tmp_path: Path) -> None:
    of_file = invoke("erasures", "--export", "a", DATABASE_PATH=str(tmp_path / NAME))
    nothing = invoke("erasures", DATABASE_PATH=str(tmp_path / NAME))

    assert (of_file.exit_code, nothing.exit_code) == (2, 2)
    assert "restore repeats those of a file" in of_file.output
    assert "--apply FILE" in nothing.output
