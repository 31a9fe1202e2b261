"""What the documents tell a fork, and the owner of another bot, is done here."""

import asyncio
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from aiogram import Bot, Dispatcher
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.types import Message

from bot.sandbox import Sandbox
from tests.deployment.environments import ROOT


def blocks(page: str) -> list[str]:
    """The Python of a page."""
    text = (ROOT / page).read_text("utf-8")
    return re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox() as sandbox:
        yield sandbox


async def test_three_lines_record_for_a_bot_that_is_not_ours(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shown: dict[str, Any] = {}
    exec(blocks("docs/extend.md")[0], shown)
    # A bot with handlers of its own, which answers one kind of update.
    dispatcher = Dispatcher()

    @dispatcher.message()
    async def echo(message: Message) -> None:
        await message.answer(f"echo: {message.text}")

    session = AiohttpSession(api=TelegramAPIServer.from_base(sandbox.url))
    person = sandbox.person()
    async with Bot(sandbox.token, session=session) as bot:
        running = asyncio.create_task(shown["run"](bot, dispatcher))
        await sandbox.called("getUpdates")
        await person.says("hello")
        answer = await person.answer()
        await sandbox.inject(
            {"inline_query": {"id": "1", "from": person.user, "query": "cats", "offset": ""}}
        )
        await sandbox.settled()
        await dispatcher.stop_polling()
        await running

    assert "echo: hello" in str(answer)
    with closing(sqlite3.connect("data/analytics.sqlite3")) as connection:
        rows = connection.execute("SELECT interaction_type, count FROM user_interactions")
        assert sorted(rows) == [("inline_query", 1), ("message", 1)]


def test_a_fork_adds_a_command_as_contributing_says(tmp_path: Path) -> None:
    for name in ("analytics", "bot", "scheduler", "tests"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("main.py", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    for part in re.split(r"^# (?=[\w/]+\.py)", blocks("CONTRIBUTING.md")[0], flags=re.M)[1:]:
        path, _, code = part.partition("\n")
        file, _, where = path.partition(", before ")
        target = tmp_path / file
        before = target.read_text("utf-8") if target.exists() else ""
        if where:
            assert before.count(where) == 1
            indented = "".join(f"    {line}\n" for line in code.strip().splitlines())
            after = re.sub(rf"^.*{re.escape(where)}", indented + r"\g<0>", before, flags=re.M)
        else:
            after = f"{before}\n\n{code}"
        target.write_text(after, "utf-8")
    tests = [name for name in blocks("CONTRIBUTING.md")[0].split() if name.startswith("tests/")]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout
