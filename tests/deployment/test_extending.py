"""What the documents tell the owner of another bot is so."""

import asyncio
from pathlib import Path
from textwrap import indent
from typing import Any

import pytest
from aiogram import Bot, Dispatcher
from aiogram.types import Message
from aiohttp import web

from analytics.events import EventKind
from analytics.telegram import ALL_UPDATES
from bot.sandbox import Sandbox
from tests.support.conversation import ask
from tests.support.documents import code
from tests.support.outcomes import counted
from tests.support.second_connection import select
from tests.support.webhooks import free_port

ADMIN = 42
ROWS = "SELECT interaction_type, count FROM user_interactions"


def theirs() -> Dispatcher:
    """A bot with handlers of its own, which answers one kind of update."""
    dispatcher = Dispatcher()

    @dispatcher.message()
    async def echo(message: Message) -> None:
        await message.answer(f"echo: {message.text}")

    return dispatcher


async def test_three_lines_give_a_bot_that_is_not_ours_all_of_it(
    bot: Bot, sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shown: dict[str, Any] = {}
    with_imports = code("docs/extend.md", "Add it to your own bot", "python")
    three_lines = code("README.md", "Add it to your bot", "python")
    assert indent(three_lines, "    ") in with_imports
    exec(with_imports, shown)
    dispatcher, person, admin = theirs(), sandbox.person(), sandbox.person(ADMIN)
    running = asyncio.create_task(shown["run"](bot, dispatcher))
    await sandbox.called("getUpdates")
    answers = [await ask(person, text) for text in ("hello", "/stats", "/privacy")]
    stats = await ask(admin, "/stats")
    await sandbox.inject(
        {"inline_query": {"id": "1", "from": person.user, "query": "cats", "offset": ""}}
    )
    await sandbox.settled()
    await dispatcher.stop_polling()
    await running

    assert answers[:2] == ["echo: hello", "echo: /stats"]
    assert "What is stored about you" in answers[2]
    assert "Active users" in stats
    rows = select(Path("data"), ROWS)
    assert sorted(rows) == [("command", 1), ("command", 1), ("inline_query", 1), ("message", 1)]


async def test_events_of_a_bot_that_is_not_ours_are_counted(
    bot: Bot, sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shown: dict[str, Any] = {}
    exec(code("docs/extend.md", "Count events of your own", "python"), shown)
    dispatcher, person = Dispatcher(), sandbox.person()
    running = asyncio.create_task(shown["run"](bot, dispatcher))
    await sandbox.called("getUpdates")
    answers = [await ask(person, "/order") for _ in range(2)]
    await sandbox.settled()
    await dispatcher.stop_polling()
    await running

    assert answers == ["Thank you!"] * 2
    assert counted(Path("data") / "analytics.sqlite3", EventKind.OWN) == {"order_placed": 2}


async def test_the_webhook_of_a_bot_that_is_not_ours_records_what_it_acknowledges(
    bot: Bot, sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shown: dict[str, Any] = {}
    exec(code("docs/extend.md", "Webhook", "python"), shown)
    port, secret = free_port(), "a-secret-of-theirs"
    runner = web.AppRunner(shown["application"](bot, theirs(), secret))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    await bot.set_webhook(
        f"http://127.0.0.1:{port}/webhook", secret_token=secret, allowed_updates=ALL_UPDATES
    )
    person = sandbox.person()
    answers = [await ask(person, text) for text in ("hello", "/privacy")]
    await runner.cleanup()

    assert answers[0] == "echo: hello"
    assert "What is stored about you" in answers[1]
    assert select(Path("data"), ROWS) == [("message", 1)]
