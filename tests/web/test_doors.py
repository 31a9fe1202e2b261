"""The ways to the admin page: `/web` in the chat, for admins only."""

import re
import socket
from pathlib import Path
from typing import Any
from unittest.mock import AsyncMock, patch

import pytest

from analytics import AnalyticsService, Finding, backup_into
from bot.errors import Unavailable
from bot.sandbox import Sandbox
from bot.web.findings import Doctor
from tests.support.admin_pages import ADMIN, client_of
from tests.support.clock import Clock
from tests.support.conversation import ask, message_for
from tests.support.markup import bare, tables
from tests.support.running import running_bot
from tests.support.second_connection import select
from tests.support.service import days_ago


async def log_in(link: str) -> int:
    """The status of the answer to a login with a link."""
    async with client_of(link) as (client, token):
        return (await client.log_in(link=token)).status


async def test_web_sends_an_admin_a_link_that_logs_in(
    sandbox: Sandbox, database: Path, port: int
) -> None:
    admin = sandbox.person(ADMIN)
    async with running_bot(sandbox, database, admin_ids={ADMIN}, web_port=port):
        message = await message_for(admin, "/web")
        [code] = [each for each in message["entities"] if each["type"] == "code"]
        address = message["text"][code["offset"] :][: code["length"]]

        assert re.fullmatch(rf"http://127\.0\.0\.1:{port}/#link=[\w-]{{43}}", address)
        [call] = await sandbox.called("sendMessage")
        assert call.structure("link_preview_options") == {"is_disabled": True}
        assert await log_in(address) == 200
        assert await log_in(address) == 401


async def test_a_port_that_is_taken_stops_the_start_with_a_sentence(
    sandbox: Sandbox, database: Path, port: int
) -> None:
    with socket.create_server(("127.0.0.1", port)), pytest.raises(Unavailable) as caught:
        async with running_bot(sandbox, database, web_port=port):
            pass

    assert str(caught.value).startswith(f"WEB_HOST and WEB_PORT are 127.0.0.1 and {port}, where")


async def test_web_ends_the_earlier_link(sandbox: Sandbox, database: Path, port: int) -> None:
    admin = sandbox.person(ADMIN)
    async with running_bot(sandbox, database, admin_ids={ADMIN}, web_port=port):
        first, second = [await ask(admin, "/web") for _ in range(2)]

        assert await log_in(first.split()[-1]) == 401
        assert await log_in(second.split()[-1]) == 200


async def test_web_is_an_unknown_command_to_everyone_else(
    sandbox: Sandbox, database: Path, port: int
) -> None:
    stranger = sandbox.person()
    async with running_bot(sandbox, database, admin_ids={ADMIN}, web_port=port):
        unknown = await message_for(stranger, "/no_such_command")
        asked = await message_for(stranger, "/web")

    same = unknown.keys() - {"message_id", "date"}
    assert {name: asked[name] for name in same} == {name: unknown[name] for name in same}
    assert "web" not in sandbox.menu(stranger)


async def test_without_a_port_an_admin_learns_how_to_get_the_page(
    sandbox: Sandbox, database: Path
) -> None:
    admin = sandbox.person(ADMIN)
    async with running_bot(sandbox, database, admin_ids={ADMIN}):
        answer = await ask(admin, "/web")

    assert "WEB_PORT" in answer


async def state_and_cleanup(link: str) -> tuple[str, str]:
    """The state of a bot, and the answer to an owner who deletes what is older than 90 days."""
    async with client_of(link) as (client, token):
        session = (await client.log_in(link=token)).text.split('"')[3]
        shown = await client.ask("/view/state", session=session)
        offered = await client.ask("/view/cleanup?days=90", session=session)
        [confirm] = re.findall('name="confirm" value="([^"]+)"', offered.text)
        given = {"confirm": confirm}
        done = await client.ask("/cleanup", session=session, method="POST", given=given)
        return shown.text, done.text


async def test_the_state_of_a_running_bot_has_its_backups_and_what_owners_delete(
    sandbox: Sandbox, database: Path, port: int, clock: Clock
) -> None:
    admin = sandbox.person(ADMIN)
    async with AnalyticsService.open(database, clock=clock) as analytics:
        await analytics.record(days_ago(100, count=3))
    copies = database.parent / "copies"
    await backup_into(database, copies, None, 7, 90, clock())
    settings: dict[str, Any] = {"admin_ids": {ADMIN}, "web_port": port, "backup_dir": copies}
    findings = [Finding("token", "@a_bot")]
    with patch.object(Doctor, "findings", AsyncMock(return_value=findings)):
        async with running_bot(sandbox, database, clock, retention_days=365, **settings):
            link = (await ask(admin, "/web")).split()[-1]
            shown, done = await state_and_cleanup(link)

    rows = {row[0]: row[1] for table in tables(shown) for row in table}
    assert rows["Last backup"] == "Jun 1, 2026, 12:34 UTC"
    assert rows["Next backup"] == "Jun 2, 2026, 03:30 UTC"
    assert rows["Folder"] == str(copies)
    assert rows["✅ token"] == "@a_bot"
    assert "Deleted: 3 interactions older than 90 days." in bare(done)
    assert select(database.parent, "SELECT action FROM audit_trail WHERE action = 'cleanup'") == [
        ("cleanup",)
    ]
