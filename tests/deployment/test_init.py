"""`init` writes a first `.env`: checked, private, and never over another one."""

import asyncio
import os
import pty
import stat
import sys
from pathlib import Path

import pytest

from bot.sandbox import Sandbox
from tests.support import processes
from tests.support.settings import TOKEN

ADMIN = "6000000001"


async def init(sandbox: Sandbox, folder: Path, *arguments: str) -> tuple[int, str, str]:
    return await processes.run(folder, "init", *arguments, BOT_API_URL=sandbox.url)


async def test_init_writes_what_the_bot_needs_to_start(sandbox: Sandbox, tmp_path: Path) -> None:
    result = await init(sandbox, tmp_path, "--token", sandbox.token, "--admin-id", ADMIN)
    written = tmp_path / ".env"

    assert result == (0, "@sandbox_bot can start: python main.py\n", "")
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
        ("12345", ADMIN, "BOT_TOKEN is not right: give"),
        (None, "me", "ADMIN_IDS is not right: give"),
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


async def test_a_token_that_is_typed_is_not_shown(sandbox: Sandbox, tmp_path: Path) -> None:
    screen, keyboard = pty.openpty()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, str(processes.MAIN), "init"),
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "BOT_API_URL": sandbox.url},
        stdin=keyboard,
        stdout=keyboard,
        stderr=keyboard,
        start_new_session=True,
    )
    os.close(keyboard)
    shown = b""

    async def read_until(text: bytes) -> None:
        nonlocal shown
        while text not in shown:
            shown += await asyncio.to_thread(os.read, screen, 1000)

    async with asyncio.timeout(processes.PATIENCE):
        await read_until(b"not shown): ")
        os.write(screen, sandbox.token.encode() + b"\n")
        await read_until(b"no admin")
        os.write(screen, ADMIN.encode() + b"\n")
        await read_until(b"can start")
        status = await process.wait()
    os.close(screen)

    assert status == 0
    assert (tmp_path / ".env").read_text() == f"BOT_TOKEN={sandbox.token}\nADMIN_IDS={ADMIN}\n"
    assert sandbox.token.encode() not in shown
