"""Whoever sits at the machine sees the page without a chat, whether the bot runs or not."""

import re
import signal
from pathlib import Path

from bot.sandbox import Sandbox
from tests.support import ROOT, processes
from tests.support.admin_pages import ADMIN, client_of
from tests.support.conversation import ask
from tests.support.running import running_bot
from tests.support.second_connection import NAME, select
from tests.support.service import interaction, run_once
from tests.support.terminals import Terminal, at_a_terminal

# `python main.py demo --web` with a smaller crowd.
SMALL_DEMO = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
from bot.demo import story
story.PEOPLE = 20
sys.argv = ["main.py", "demo", "--web"]
from bot.cli import main
main()
"""


async def link_on(terminal: Terminal) -> str:
    """The link that a terminal shows."""
    await terminal.sees("/#link=")
    await terminal.sees("\n")
    [link] = re.findall(r"http://127\.0\.0\.1:\d+/#link=[\w-]{43}", terminal.shown)
    return str(link)


async def shown_by(link: str) -> str:
    """What the page shows to whoever opens a link first; nobody else may."""
    async with client_of(link) as (client, token):
        answer = await client.log_in(link=token)
        assert (await client.log_in(link=token)).status == 401
        assert "python main.py web" in (await client.ask("/")).text
        return (await client.ask("/view/", session=answer.text.split('"')[3])).text


async def stopped(terminal: Terminal) -> int:
    """The exit status after Ctrl+C."""
    terminal.process.send_signal(signal.SIGINT)
    return await terminal.process.wait()


async def test_web_serves_the_file_until_it_is_stopped_and_changes_nothing(tmp_path: Path) -> None:
    await run_once(tmp_path, [interaction()])
    before = select(tmp_path, "SELECT * FROM audit_trail")
    database = str(tmp_path / NAME)
    async with at_a_terminal("web", folder=tmp_path, DATABASE_PATH=database) as terminal:
        assert "Interactions" in await shown_by(await link_on(terminal))
        assert await stopped(terminal) == 0

    assert select(tmp_path, "SELECT * FROM audit_trail") == before


async def test_web_works_beside_the_bot_and_leaves_the_sessions_of_admins_alone(
    sandbox: Sandbox, database: Path, port: int
) -> None:
    admin = sandbox.person(ADMIN)
    async with running_bot(sandbox, database, admin_ids={ADMIN}, web_port=port):
        of_admin = (await ask(admin, "/web")).split()[-1]
        path = str(database)
        async with at_a_terminal("web", folder=database.parent, DATABASE_PATH=path) as terminal:
            assert "Interactions" in await shown_by(await link_on(terminal))
            async with client_of(of_admin) as (client, token):
                assert (await client.log_in(link=token)).status == 200
            assert await stopped(terminal) == 0


async def test_web_without_a_database_says_so(tmp_path: Path) -> None:
    database = tmp_path / "none.sqlite3"
    status, shown, errors = await processes.run(tmp_path, "web", DATABASE_PATH=str(database))

    assert (status, shown) == (2, "")
    assert errors == f"{database} does not exist: start the bot first, or set DATABASE_PATH\n"
    assert not database.exists()


async def test_the_demo_shows_its_page_until_it_is_stopped(tmp_path: Path) -> None:
    """In a process of its own, for the signal; its crowd is small."""
    program = tmp_path / "demo.py"
    program.write_text(SMALL_DEMO)
    async with at_a_terminal(folder=tmp_path, program=program) as terminal:
        shown = await shown_by(await link_on(terminal))
        assert await stopped(terminal) == 0

    assert "Interactions" in shown
    assert "The admin page, until you press Ctrl+C" in terminal.shown
