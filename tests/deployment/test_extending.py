"""What the documents tell a fork, and the owner of another bot, is so."""

import asyncio
import re
from pathlib import Path
from textwrap import indent
from typing import Any

import pytest
from aiogram import Bot, Dispatcher
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.types import Message

from bot.sandbox import Sandbox
from tests.support import ROOT
from tests.support.documents import code
from tests.support.second_connection import select


async def test_three_lines_record_for_a_bot_that_is_not_ours(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shown: dict[str, Any] = {}
    with_imports = code("docs/extend.md", "Add it to your own bot", "python")
    three_lines = code("README.md", "Add it to your bot", "python")
    assert indent(three_lines, "    ") in with_imports
    exec(with_imports, shown)
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
    rows = select(Path("data"), "SELECT interaction_type, count FROM user_interactions")
    assert sorted(rows) == [("inline_query", 1), ("message", 1)]


def test_contributing_shows_the_feature_as_it_is() -> None:
    shown = code("CONTRIBUTING.md", "Add a command", "python")
    parts = re.findall(r"^# ([\w/]+\.py).*\n((?:(?!# ).*\n)+)", shown, re.MULTILINE)

    assert [path for path, _ in parts] == [
        "bot/features/dice.py",
        "bot/texts.py",
        "bot/texts.py",
        "bot/app.py",
        "tests/bot/test_dice.py",
    ]
    for path, part in parts:
        assert part.rstrip() + "\n" in (ROOT / path).read_text("utf-8")
