"""`attach` for bots that do what most do not."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from aiogram import Bot, Dispatcher, F
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.filters import Command, and_f, or_f
from aiogram.types import Message, Update

from analytics import utc_now
from analytics.telegram import ALL_UPDATES, WebhookHandler, attach
from bot.sandbox import Sandbox
from tests.support.conversation import ask
from tests.support.own_bot import ECHO, polling, their_bot
from tests.support.second_connection import total

ADMIN = 6_000_000_001


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "theirs" / "analytics.sqlite3"


async def test_bots_that_share_a_session_are_each_recorded_in_their_own_file(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    dispatcher = their_bot()
    session = AiohttpSession(api=TelegramAPIServer.from_base(sandbox.url))
    paths = [tmp_path / "first.sqlite3", tmp_path / "second.sqlite3"]
    async with (
        Bot("987654321:" + "B" * 35, session=session) as second,
        attach(second, dispatcher, path=paths[1]),
        Bot(sandbox.token, session=session) as first,
        polling(first, dispatcher, sandbox, path=paths[0]),
    ):
        await ask(sandbox.person(), "hello")

    assert [total(path) for path in paths] == [1, 0]


COMMANDS = Command("stats", "privacy")


@pytest.mark.parametrize(
    "filters", [or_f(F.text == "Statistics", COMMANDS), and_f(COMMANDS, F.chat.type == "private")]
)
async def test_a_command_within_other_filters_is_theirs_too(
    bot: Bot, sandbox: Sandbox, path: Path, filters: Any
) -> None:
    async def theirs(message: Message) -> None:
        await message.answer("theirs")

    dispatcher, admin = Dispatcher(), sandbox.person(ADMIN)
    dispatcher.message.register(theirs, filters)
    async with polling(bot, dispatcher, sandbox, admin_ids={ADMIN}, path=path):
        answers = [await ask(admin, text) for text in ("/stats", "/privacy")]

    assert answers == ["theirs", "theirs"]


async def test_whatever_their_data_is_called_the_analytics_get_their_own(
    bot: Bot, sandbox: Sandbox, path: Path
) -> None:
    names = ["analytics", "bots", "charts", "clock", "confirmations", "limit", "options"]
    dispatcher = their_bot()
    dispatcher.workflow_data |= {name: {"theirs": name} for name in names}
    admin = sandbox.person(ADMIN)
    async with polling(bot, dispatcher, sandbox, admin_ids={ADMIN}, path=path):
        answers = [await ask(admin, text) for text in ("hello", "/stats", "/privacy")]

    assert answers[0] == f"{ECHO}hello"
    assert "Active" in answers[1]
    assert "What is stored about you" in answers[2]


async def test_a_polling_that_is_cancelled_acknowledges_nothing_more(
    bot: Bot, sandbox: Sandbox, path: Path
) -> None:
    """aiogram leaves the task that polls, which would go on without the analytics."""
    handling, let_go = asyncio.Event(), asyncio.Event()

    async def wait(message: Message) -> None:
        handling.set()
        await let_go.wait()

    dispatcher, person = Dispatcher(), sandbox.person()
    dispatcher.message.register(wait)

    async def run() -> None:
        async with attach(bot, dispatcher, path=path):
            await dispatcher.start_polling(
                bot,
                allowed_updates=ALL_UPDATES,
                handle_signals=False,
                close_bot_session=False,
            )

    running = asyncio.create_task(run())
    for _ in range(3):
        await person.says("hello")
    await handling.wait()
    running.cancel()
    let_go.set()
    await asyncio.wait({running})

    left: list[Any] = [task.get_coro() for task in asyncio.all_tasks()]
    assert "Dispatcher._polling" not in [each.__qualname__ for each in left]


async def test_a_request_middleware_of_theirs_that_fails_costs_nobody_an_answer(
    bot: Bot, path: Path, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(make_request: Any, bot: Bot, method: Any) -> Any:
        raise LookupError("theirs")

    handled: list[str | None] = []

    async def note(message: Message) -> None:
        handled.append(message.text)

    dispatcher, person = Dispatcher(), sandbox.person()
    dispatcher.message.register(note)
    bot.session.middleware(fail)
    chat = {"id": person.user["id"], "type": "private"}
    message = {"message_id": 1, "date": 1, "chat": chat, "from": person.user, "text": "hello"}
    update = Update.model_validate({"update_id": 1, "message": message}, context={"bot": bot})
    async with attach(bot, dispatcher, path=path) as attached:
        await attached.start()
        await dispatcher.feed_update(bot, update)

    assert (handled, total(path)) == (["hello"], 1)
    assert "the bot's username is not known yet (LookupError)" in caplog.text


def test_a_webhook_without_a_secret_is_refused(bot: Bot) -> None:
    """Whoever knows its address could invent updates."""
    with pytest.raises(ValueError, match="secret_token is empty"):
        WebhookHandler(Dispatcher(), bot, secret_token="")


async def test_an_update_that_is_fed_twice_at_once_is_answered_each_time_and_counted_once(
    bot: Bot, sandbox: Sandbox, path: Path
) -> None:
    handled: list[str | None] = []

    async def note(message: Message) -> None:
        handled.append(message.text)

    dispatcher, person = Dispatcher(), sandbox.person()
    dispatcher.message.register(note)
    message = {
        "message_id": 1,
        "date": int(utc_now().timestamp()),
        "chat": {"id": person.user["id"], "type": "private"},
        "from": person.user,
        "text": "hello",
    }
    raw = {"update_id": 7, "message": message}
    async with attach(bot, dispatcher, path=path):
        await asyncio.gather(*(dispatcher.feed_raw_update(bot, raw) for _ in range(2)))

    assert handled == ["hello"] * 2
    assert total(path) == 1
