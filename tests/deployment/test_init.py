"""`init` writes `.env`: checked, private, and nothing that was right in it is lost."""

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


def written_before(folder: Path, text: str) -> Path:
    path = folder / ".env"
    path.write_text(text)
    path.chmod(0o640)
    return path


async def test_only_what_is_answered_changes_in_a_file_that_exists(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    path = written_before(
        tmp_path,
        "# mine\n\nexport BOT_TOKEN=12345 # of yesterday\nRETENTION_DAYS=10\n"
        "#ADMIN_IDS=1\nOPERATOR_CONTACT='Ada\nLovelace' # two lines\nLOG_LEVEL=debug",
    )
    result = await init(
        *(sandbox, tmp_path, "--token", sandbox.token, "--admin-id", ADMIN, "--contact", "Ada")
    )

    assert result == (0, "Saved to .env. To start @sandbox_bot: python main.py\n", "")
    assert path.read_text() == (
        f"# mine\n\n# of yesterday\nexport BOT_TOKEN={sandbox.token}\nRETENTION_DAYS=10\n"
        f"#ADMIN_IDS=1\n# two lines\nOPERATOR_CONTACT=Ada\nLOG_LEVEL=debug\nADMIN_IDS={ADMIN}\n"
    )
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert list(tmp_path.iterdir()) == [path]


async def test_lines_that_end_as_on_windows_still_do(sandbox: Sandbox, tmp_path: Path) -> None:
    path = written_before(tmp_path, "")
    path.write_bytes(b"\xef\xbb\xbfRETENTION_DAYS=10\r\nBOT_TOKEN=\r\n")
    status, _, _ = await init(sandbox, tmp_path, "--token", sandbox.token, "--admin-id", ADMIN)
    text = f"RETENTION_DAYS=10\r\nBOT_TOKEN={sandbox.token}\r\nADMIN_IDS={ADMIN}\r\n"

    assert status == 0
    assert path.read_bytes() == text.encode()


async def test_a_complete_file_is_checked_and_stays_as_it_is(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    text = f"BOT_TOKEN={sandbox.token}\nADMIN_IDS={ADMIN}\n"
    path = written_before(tmp_path, text)
    status, output, errors = await init(sandbox, tmp_path)

    assert (status, errors) == (0, "")
    assert output.endswith("Nothing had to be changed. To start @sandbox_bot: python main.py\n")
    assert path.read_text() == text
    assert [call.method for call in sandbox.calls] == ["getMe"]


async def test_another_setting_that_is_wrong_is_named_and_nothing_is_written(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    path = written_before(tmp_path, "RETENTION_DAYS=ninety\n")
    status, output, errors = await init(
        sandbox, tmp_path, "--token", sandbox.token, "--admin-id", ADMIN
    )

    assert (status, output) == (2, "")
    assert errors.startswith('RETENTION_DAYS is "ninety"')
    assert path.read_text() == "RETENTION_DAYS=ninety\n"
    assert sandbox.calls == []


@pytest.mark.parametrize(
    ("before", "arguments", "missing"),
    [
        ("", [], "--token and --admin-id"),
        ("", ["--contact", "Ada"], "--token and --admin-id"),
        ("BOT_TOKEN=12345\n", ["--admin-id", ADMIN], "--token"),
        (f"BOT_TOKEN={TOKEN}\n", [], "--admin-id"),
        (f"ADMIN_IDS={ADMIN}\nOWNER_IDS={ADMIN}\n", [], "--token"),
    ],
)
async def test_without_a_terminal_a_sentence_says_what_to_give(
    sandbox: Sandbox, tmp_path: Path, before: str, arguments: list[str], missing: str
) -> None:
    path = written_before(tmp_path, before)
    result = await init(sandbox, tmp_path, *arguments)

    assert result == (2, "", f"there is no terminal to ask on: give {missing}\n")
    assert path.read_text() == before
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


async def test_what_is_right_in_a_file_is_not_asked(sandbox: Sandbox, tmp_path: Path) -> None:
    text = f"OPERATOR_CONTACT=Ada\n# mine\nBOT_TOKEN={sandbox.token}\nADMIN_IDS=me\n"
    path = written_before(tmp_path, text)
    async with init_at_a_terminal(sandbox, tmp_path) as terminal:
        await terminal.sees(".env exists: what is right in it stays.")
        await terminal.sees("This is the token of @sandbox_bot.")
        await terminal.answers("Your Telegram ID: ", ADMIN)

    assert path.read_text() == text.replace("=me", f"={ADMIN}")
    assert "(hidden as you type)" not in terminal.shown
    assert "an address: " not in terminal.shown


async def test_a_token_in_a_file_that_telegram_refuses_is_asked_for(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    path = written_before(tmp_path, f"BOT_TOKEN={TOKEN}\nADMIN_IDS={ADMIN}\nOPERATOR_CONTACT=A\n")
    async with init_at_a_terminal(sandbox, tmp_path) as terminal:
        await terminal.sees("BOT_TOKEN is refused by Telegram")
        await terminal.answers("(hidden as you type): ", sandbox.token)

    assert path.read_text() == f"BOT_TOKEN={sandbox.token}\nADMIN_IDS={ADMIN}\nOPERATOR_CONTACT=A\n"


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
