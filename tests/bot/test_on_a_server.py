"""With DATABASE_URL the bot does on a PostgreSQL server what it does on a file."""

import asyncio
import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from analytics import (
    Access,
    AnalyticsError,
    DatabaseInUse,
    Interaction,
    InteractionType,
    PseudonymKeyMissing,
    UnsupportedPostgreSQL,
    WrongPseudonymKey,
    utc_now,
)
from analytics.sqlite import locks
from analytics.telegram.texts import privacy, rights
from bot.errors import WrongSettings
from bot.sandbox import Sandbox
from bot.settings import DataSettings, load
from tests.support.clock import Clock
from tests.support.command_line import invoke
from tests.support.conversation import ask, tap
from tests.support.postgres import (
    database_of,
    needs_postgres,
)
from tests.support.running import running_bot
from tests.support.second_connection import NAME
from tests.support.service import SOMEBODY, interaction, open_service, run_once
from tests.support.settings import some_options

ADMIN = 6_000_000_011
KEY = "ab" * 32
ASKED = ("hello", "/help", "/stats", "/privacy", "/mydata", "/optout", "hello", "/optin", "/stats")

pytestmark = needs_postgres()


async def answers_of_bot(folder: Path, **settings: Any) -> list[str]:
    """What an admin is told, from the first greeting until all of theirs is erased."""
    clock = Clock()

    async def ask_later(text: str) -> str:
        clock.move(minutes=1)  # nobody is to be told to slow down
        answer = await ask(admin, text)
        if text == "/mydata":
            await admin.answer()  # the file
        return answer

    async with Sandbox(clock=clock) as sandbox:
        admin = sandbox.person(ADMIN)
        bot = running_bot(
            *(sandbox, folder / NAME, clock),
            admin_ids=str(ADMIN),
            user_id_key=KEY,
            **settings,
        )
        async with bot:
            said = [await ask_later(text) for text in (*ASKED, "/forgetme")]
            said.append(await tap(admin, rights.CONFIRM))
            return [*said, await ask_later("/stats")]


async def test_people_and_admins_are_told_the_same_but_for_backups(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    url = database_of(tmp_path)
    of_file = await answers_of_bot(tmp_path / "file")
    of_server = await answers_of_bot(tmp_path / "server", database_url=url)

    on_server = "Backups of the database server may keep deleted data for longer."
    assert [line for line in of_server[3].splitlines() if on_server in line]
    assert on_server not in of_file[3]
    # How long an answer takes is no matter here.
    again = r" If one is restored, your data is erased again\."
    assert [line for line in of_server[10].splitlines() if re.match(on_server + again, line)]
    differs = re.compile(rf"\s+{re.escape(on_server)}({again})?|95% ≤ [0-9.]+ s")
    assert [differs.sub("", each) for each in of_server] == [
        differs.sub("", each) for each in of_file
    ]
    assert not (tmp_path / "server" / NAME).exists()
    assert "database: postgresql://" in capfd.readouterr().err


def test_the_details_of_a_server_promise_what_a_server_keeps() -> None:
    options = some_options()
    on_server = replace(options, on_server=True)

    assert "is removed from the disk" in privacy.details(options)
    assert "is removed from the disk" not in privacy.details(on_server)
    assert "Backups of the server are up to whoever runs it" in privacy.details(on_server)
    assert privacy.version(options) != privacy.version(on_server)


def test_the_commands_work_on_a_server_or_say_what_takes_their_place(tmp_path: Path) -> None:
    where = {
        "DATABASE_URL": database_of(tmp_path),
        "DATABASE_PATH": str(tmp_path / NAME),
        "USER_ID_KEY": KEY,
    }
    said = [interaction(), Interaction(SOMEBODY + 1, InteractionType.COMMAND, utc_now())]
    of_bot: dict[str, Any] = {
        "database_url": where["DATABASE_URL"],
        "pseudonym_key": bytes.fromhex(KEY),
    }
    asyncio.run(run_once(tmp_path, said, clock=utc_now, **of_bot))

    person = ("--user", str(SOMEBODY + 1))
    for (command, *options), says in {
        ("export", *person): '"count": 1',
        ("cleanup", "--dry-run"): "1 interactions older than 90 days would be deleted",
        ("cleanup",): "1 interactions older than 90 days deleted",
        ("stats",): "Interactions",
        ("records",): "command",
    }.items():
        assert says in invoke(command, *options, **where).output
    assert "1 interactions erased" in invoke("erase", *person, **where).output
    assert "command line" in invoke("audit", **where).output
    assert not (tmp_path / NAME).exists()

    for refused, instead in {
        ("backup", "a.sqlite3"): "pg_dump",
        ("restore", "a.sqlite3"): "pg_restore",
        ("encrypt",): "the server's disk",
        ("rotate-key", "--yes"): "move to a file",
        ("erase", "--everyone"): "DROP SCHEMA bot_analytics",
    }.items():
        result = invoke(*refused, **where, DATABASE_KEY="cd" * 32)
        assert result.exit_code == 2, refused
        assert "works on a file, and DATABASE_URL is set" in result.output
        assert instead in result.output


def test_backups_of_a_file_are_refused_with_a_server(tmp_path: Path) -> None:
    secret = "postgresql://somebody:kept-from-everyone@db/bot"
    with pytest.raises(WrongSettings, match=r"BACKUP_DIR.*back up the server"):
        load(DataSettings, database_url=secret, backup_dir=str(tmp_path))


async def test_without_the_driver_a_sentence_says_what_to_install(tmp_path: Path) -> None:
    without = {name: None for name in sys.modules if name.startswith("analytics.postgres")}
    with (
        patch.dict(sys.modules, without | {"psycopg": None, "analytics.postgres.store": None}),
        pytest.raises(UnsupportedPostgreSQL, match=r"psycopg is missing.*\[postgres\]"),
    ):
        async with open_service(tmp_path, database_url="postgresql://b/c"):
            pass


async def test_each_process_has_files_of_its_own_and_all_have_the_same_key(tmp_path: Path) -> None:
    url = database_of(tmp_path)
    async with open_service(tmp_path / "a", database_url=url) as one:
        with patch.object(locks, "OWNER_TIMEOUT", 0), pytest.raises(DatabaseInUse):
            async with open_service(tmp_path / "a", database_url=url):
                pass
        for key, error in ((None, PseudonymKeyMissing), (bytes(32), WrongPseudonymKey)):
            with pytest.raises(error, match=r"postgresql://.*USER_ID_KEY"):
                async with open_service(tmp_path / "b", database_url=url, pseudonym_key=key):
                    pass
        async with open_service(tmp_path / "b", database_url=url) as other:
            await one.record([interaction()])
            await other.record([interaction()])
            assert (await one.get_admin_analytics_report()).total_interactions == 2


async def test_a_command_only_looks_at_a_server_that_has_a_database_of_a_bot(
    tmp_path: Path,
) -> None:
    with pytest.raises(AnalyticsError, match="no database of this bot"):
        async with open_service(tmp_path, database_url=database_of(tmp_path), access=Access.READ):
            pass
    assert list(tmp_path.iterdir()) == []
