"""`init` writes a first `.env`: checked, private, and never over another one."""

import signal
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bot.sandbox import Sandbox
from bot.sandbox.faults import answers, refuses
from tests.support import processes
from tests.support.settings import TOKEN
from tests.support.terminals import Terminal, at_a_terminal

ADMIN = "6000000001"


async def init(sandbox: Sandbox, folder: Path, *arguments: str) -> tuple[int, str, str]:
    return await processes.run(folder, "init", *arguments, BOT_API_URL=sandbox.url)


async def test_init_writes_what_the_bot_needs_to_start(sandbox: Sandbox, tmp_path: Path) -> None:
    result = await init(sandbox, tmp_path, "--token", sandbox.token, "--admin-id", ADMIN)
    written = tmp_path / ".env"

    assert result == (0, "Saved to .env. To start @sandbox_bot: python main.py\n", "")
    assert written.read_text() == f"BOT_TOKEN={sandbox.token}\nADMIN_IDS={ADMIN}\n"
    assert stat.S_IMODE(written.stat().st_mode) == 0o600


async def test_init_overwrites_nothing(sandbox: Sandbox, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("RETENTION_DAYS=10\n")
    status, output, errors = await init(
        sandbox, tmp_path, "--token", sandbox.token, "--admin-id", ADMIN
    )

    assert (status, output) == (2, "")
    assert errors.startswith(".env exists already")
    assert (tmp_path / ".env").read_text() == "RETENTION_DAYS=10\n"
    assert sandbox.calls == []


@pytest.mark.parametrize(
    ("token", "admin", "words"),
    [
        (TOKEN, ADMIN, "BOT_TOKEN is refused by Telegram: give"),
        ("12345", ADMIN, "BOT_TOKEN is invalid: give"),
        (None, "me", "ADMIN_IDS is invalid: give"),
    ],
)
async def test_what_is_wrong_is_a_sentence_and_nothing_is_written(
    sandbox: Sandbox, tmp_path: Path, token: str | None, admin: str, words: str
) -> None:
    token = token or sandbox.token
    status, output, errors = await init(sandbox, tmp_path, "--token", token, "--admin-id", admin)

    assert (status, output) == (2, "")
    assert errors.startswith(words)
    assert len(errors.splitlines()) == 1
    assert token not in errors
    assert list(tmp_path.iterdir()) == []


async def test_telegram_out_of_reach_is_a_sentence(sandbox: Sandbox, tmp_path: Path) -> None:
    status, _, errors = await processes.run(
        *(tmp_path, "init", "--token", sandbox.token, "--admin-id", ""),
        BOT_API_URL="http://127.0.0.1:1",
    )

    assert status == 2
    assert errors == (
        "Telegram does not answer (ClientConnectorError): check the network and BOT_API_URL\n"
    )


@asynccontextmanager
async def init_at_a_terminal(sandbox: Sandbox, folder: Path) -> AsyncIterator[Terminal]:
    """`init` without options, which has to end well."""
    async with at_a_terminal("init", folder=folder, BOT_API_URL=sandbox.url) as terminal:
        yield terminal
        await terminal.sees("To start @sandbox_bot: python main.py")
        status = await terminal.process.wait()

    assert status == 0


async def test_what_is_wrong_is_asked_again_and_what_was_right_is_kept(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    async with init_at_a_terminal(sandbox, tmp_path) as terminal:
        await terminal.answers("(hidden as you type): ", "12345")
        await terminal.sees("BOT_TOKEN is invalid")
        await terminal.answers("(hidden as you type): ", TOKEN)
        await terminal.sees("BOT_TOKEN is refused by Telegram")
        await terminal.answers("(hidden as you type): ", sandbox.token)
        await terminal.sees("token of @sandbox_bot")
        await terminal.answers("Your Telegram ID: ", "me")
        await terminal.sees("ADMIN_IDS is invalid")
        await terminal.answers("Your Telegram ID: ", ADMIN)
        await terminal.answers("an address: ", "Ada #1")
        await terminal.sees("OPERATOR_CONTACT is invalid")
        await terminal.answers("an address: ", "Ada <ada@example.org>")

    text = f"BOT_TOKEN={sandbox.token}\nADMIN_IDS={ADMIN}\n"
    assert (tmp_path / ".env").read_text() == f"{text}OPERATOR_CONTACT=Ada <ada@example.org>\n"
    assert sandbox.token not in terminal.shown
    assert TOKEN not in terminal.shown


async def test_the_bot_finds_the_id_of_who_sends_the_code(sandbox: Sandbox, tmp_path: Path) -> None:
    operator = sandbox.person(int(ADMIN))
    async with init_at_a_terminal(sandbox, tmp_path) as terminal:
        await terminal.answers("(hidden as you type): ", sandbox.token)
        await terminal.answers("Your Telegram ID: ", "")
        await terminal.sees("send this number to @sandbox_bot: ")
        code = (await terminal.sees("\r\n")).strip()
        await sandbox.person().says("/start 0")
        await sandbox.called("getUpdates", 2, within=processes.PATIENCE)
        await operator.says(f"/start {code}")
        await terminal.sees(f"Your Telegram ID is {ADMIN}.")
        await terminal.answers("an address: ", "")

    assert (tmp_path / ".env").read_text() == f"BOT_TOKEN={sandbox.token}\nADMIN_IDS={ADMIN}\n"
    # The bot gets them once it runs.
    assert sandbox.updates.acknowledged == set()
    assert len(sandbox.updates) == 2


async def test_an_id_that_cannot_be_found_is_asked_for(sandbox: Sandbox, tmp_path: Path) -> None:
    sandbox.plan("getUpdates", refuses(409, "Conflict: can't use getUpdates"))
    async with init_at_a_terminal(sandbox, tmp_path) as terminal:
        await terminal.answers("(hidden as you type): ", sandbox.token)
        await terminal.answers("Your Telegram ID: ", "")
        await terminal.sees("another program receives the messages to this bot")
        await terminal.answers("Your Telegram ID: ", "")
        await terminal.sees("waiting for your message")
        terminal.process.send_signal(signal.SIGINT)
        await terminal.sees("your message did not arrive")
        await terminal.answers("Your Telegram ID: ", "none")
        await terminal.answers("an address: ", "")

    assert (tmp_path / ".env").read_text() == f"BOT_TOKEN={sandbox.token}\nADMIN_IDS=\n"


async def test_at_a_terminal_telegram_out_of_reach_is_tried_again(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    sandbox.plan("getMe", answers("Bad Gateway", 502))
    async with init_at_a_terminal(sandbox, tmp_path) as terminal:
        await terminal.answers("(hidden as you type): ", sandbox.token)
        await terminal.answers("Try again? [Y/n]: ", "")
        await terminal.answers("Your Telegram ID: ", ADMIN)
        await terminal.answers("an address: ", "")

    assert (tmp_path / ".env").exists()
