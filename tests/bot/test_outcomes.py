"""Does it work: what becomes of each update that the bot's own handlers get is counted once."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from aiogram import BaseMiddleware, Bot, Dispatcher, F, Router
from aiogram.dispatcher.event.bases import CancelHandler, SkipHandler
from aiogram.filters import Command
from aiogram.types import ErrorEvent, Message, Update
from aiogram.webhook.aiohttp_server import setup_application
from aiohttp import web

from analytics import AnalyticsService, Period
from analytics.events import EventKind
from analytics.statistics import event_figures
from analytics.telegram import (
    ALL_UPDATES,
    Dependencies,
    WebhookHandler,
    admin_router,
    attach,
    people_router,
)
from bot.sandbox import Sandbox
from tests.support.conversation import ask, click
from tests.support.outcomes import at_least, counted, outcomes
from tests.support.own_bot import polling
from tests.support.processes import PATIENCE
from tests.support.second_connection import select
from tests.support.webhooks import free_port

ADMIN, OTHER = 6_000_000_001, 6_000_000_002
SECRET = "a text of a person"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "theirs" / "analytics.sqlite3"


async def fine(message: Message) -> None:
    await message.answer("fine")


async def fails(message: Message) -> None:
    raise KeyError(SECRET)


async def sorry(error: ErrorEvent) -> None:
    assert error.update.message
    await error.update.message.answer("sorry")


async def skips(message: Message) -> None:
    await message.answer("not mine")
    raise SkipHandler


async def cancels(message: Message) -> None:
    await message.answer("enough")
    raise CancelHandler


def shop(*, catches: bool = False) -> Dispatcher:
    """A bot whose /fine works and whose /fails does not; most other texts have no handler."""
    dispatcher, router = Dispatcher(), Router()
    router.message.register(fine, Command("fine"))
    router.message.register(fails, Command("fails"))
    router.message.register(skips, Command("skips"))
    router.message.register(cancels, Command("cancels"))
    router.message.register(fine, F.text == "hello")
    router.message.register(fails, F.text == "goodbye")
    router.callback_query.register(lambda click: click.answer("thanks"), F.data == "like")
    if catches:
        dispatcher.errors.register(sorry)
    dispatcher.include_router(router)
    return dispatcher


@pytest.mark.parametrize("catches", [True, False])
async def test_an_update_is_handled_fails_or_is_unanswered(
    bot: Bot, sandbox: Sandbox, path: Path, catches: bool
) -> None:
    person = sandbox.person()
    async with polling(bot, shop(catches=catches), sandbox, path=path):
        for text in ("/fine", "/fine@sandbox_bot", "hello"):
            await ask(person, text)
        for text in ("/fails", "goodbye"):
            await person.says(text)
            if catches:
                assert (await person.answer()).text == "sorry"
        for text in ("what is this", "/unknown", "/fine@another_bot"):
            await person.says(text)

    assert outcomes(path) == {
        "handled /fine": 2,
        "handled message": 1,
        "failed /fails": 1,
        "failed message": 1,
        "unanswered message": 3,
    }
    [(error, count)] = counted(path, EventKind.ERROR).items()
    assert error.startswith("KeyError at tests/bot/test_outcomes.py:")
    assert count == 2


async def test_a_click_is_counted_by_the_button_if_that_is_registered(
    bot: Bot, sandbox: Sandbox, path: Path
) -> None:
    person = sandbox.person()
    async with polling(bot, shop(), sandbox, path=path):
        await ask(person, "/fine")
        for data in ("like", "like", SECRET):
            await sandbox.inject(click(person, await_message(person), data))

    assert outcomes(path) == {
        "handled /fine": 1,
        "handled button:like": 2,
        "unanswered callback_query": 1,
    }


async def test_a_command_that_is_called_as_a_kind_of_update_has_outcomes_of_its_own(
    bot: Bot, sandbox: Sandbox, path: Path
) -> None:
    dispatcher, person = Dispatcher(), sandbox.person()
    dispatcher.message.register(fine, Command("message"))
    dispatcher.message.register(fails, Command("callback_query"))
    dispatcher.message.register(fails, F.text == "goodbye")
    dispatcher.callback_query.register(lambda click: click.answer("thanks"))
    async with polling(bot, dispatcher, sandbox, path=path):
        await ask(person, "/message")
        for text in ("goodbye", "what is this", "/callback_query"):
            await person.says(text)
        await sandbox.inject(click(person, await_message(person), SECRET))
        await sandbox.settled()
    async with AnalyticsService.open(path) as analytics:
        report = await analytics.reports.period(Period.WEEK)

    assert outcomes(path) == {
        "handled /message": 1,
        "failed message": 1,
        "unanswered message": 1,
        "failed /callback_query": 1,
        "handled callback_query": 1,
    }
    assert {row.name for row in event_figures.subjects(report).rows} == {
        "/message",
        "message",
        "/callback_query",
        "callback_query",
    }


async def test_what_goes_wrong_in_counting_changes_no_answer(
    bot: Bot,
    sandbox: Sandbox,
    path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def broken(*_arguments: Any) -> None:
        raise ValueError(SECRET)

    monkeypatch.setattr(AnalyticsService, "count_outcome", broken)
    person = sandbox.person()
    async with polling(bot, shop(catches=True), sandbox, path=path):
        answers = [await ask(person, text) for text in ("/fine", "/fails")]

    assert answers == ["fine", "sorry"]
    assert caplog.text.count("an outcome was not counted: ValueError in outcomes.py") == 2
    assert SECRET not in caplog.text


async def test_skipping_and_cancelling_is_no_failure(
    bot: Bot, sandbox: Sandbox, path: Path
) -> None:
    class Cancels(BaseMiddleware):
        async def __call__(self, handler: Any, event: Any, data: dict[str, Any]) -> Any:
            raise CancelHandler if event.event_type == "message" else SkipHandler

    person, dispatcher = sandbox.person(), shop()
    async with polling(bot, dispatcher, sandbox, path=path):
        await ask(person, "/skips")
        await ask(person, "/cancels")
        await sandbox.settled()
        dispatcher.update.outer_middleware(Cancels())
        await person.says("/fine")
        await sandbox.inject(click(person, await_message(person), "like"))

    assert outcomes(path) == {
        "unanswered /skips": 1,
        "handled /cancels": 1,
        "handled /fine": 1,
        "unanswered button:like": 1,
    }
    assert counted(path, EventKind.ERROR) == {}


def await_message(person: Any) -> Any:
    """Return the newest message that the person got."""
    return next(line.message for line in reversed(person.transcript) if line.who == "bot")


async def test_what_is_cancelled_is_no_outcome(bot: Bot, sandbox: Sandbox, path: Path) -> None:
    begun = asyncio.Event()

    async def hangs(message: Message) -> None:
        begun.set()
        await asyncio.Event().wait()

    dispatcher, person = Dispatcher(), sandbox.person()
    dispatcher.message.register(hangs)
    async with polling(bot, dispatcher, sandbox, path=path):
        await person.says("hello")
        await asyncio.wait_for(begun.wait(), PATIENCE)
        [task] = [each for each in asyncio.all_tasks() if "_process_update" in repr(each)]
        task.cancel()

    assert outcomes(path) == {}


async def test_the_analytics_own_answers_are_not_measured(
    bot: Bot, sandbox: Sandbox, path: Path
) -> None:
    """Neither those of `attach`, nor those of its routers in the bot's own."""
    admin = sandbox.person(ADMIN)
    async with AnalyticsService.open(path) as analytics:
        dependencies = Dependencies.of(bot, analytics, admin_ids={ADMIN})
        included = Dispatcher()
        included.include_routers(admin_router(dependencies), people_router(dependencies))
        for dispatcher, options in (
            (shop(), {"admin_ids": {ADMIN}}),
            (included, {"people": False, "stats": False}),
        ):
            async with polling(bot, dispatcher, sandbox, analytics=analytics, **options):
                for text in ("/stats", "/privacy"):
                    await ask(admin, text)
                await admin.clicks("All details")
                await admin.sees_edit()

    assert outcomes(path) == {}


async def test_a_kind_that_the_bot_has_no_handler_for_is_not_unanswered(
    bot: Bot, sandbox: Sandbox, path: Path
) -> None:
    dispatcher, person = Dispatcher(), sandbox.person()
    dispatcher.message.register(fine)
    query = {"inline_query": {"id": "1", "from": person.user, "query": SECRET, "offset": ""}}
    async with polling(bot, dispatcher, sandbox, path=path):
        await sandbox.inject(query)
        await ask(person, "hello")
        dispatcher.inline_query.register(lambda query: None, F.query == "cats")
        await sandbox.inject(query)

    assert outcomes(path) == {"handled message": 1, "unanswered inline_query": 1}


async def test_an_update_of_nobody_has_an_outcome_of_no_person(
    bot: Bot, sandbox: Sandbox, path: Path
) -> None:
    dispatcher = Dispatcher()
    dispatcher.channel_post.register(lambda post: None)
    post = {"message_id": 1, "date": 1, "chat": {"id": -1001, "type": "channel", "title": SECRET}}
    async with polling(bot, dispatcher, sandbox, path=path):
        await sandbox.inject({"channel_post": post})

    assert outcomes(path) == {"handled channel_post": 1}
    assert set(at_least(path, EventKind.HANDLED).values()) == {0}


async def test_people_who_opted_out_and_uncounted_ones_have_no_outcomes(
    bot: Bot, sandbox: Sandbox, path: Path
) -> None:
    person, admin, other = sandbox.person(), sandbox.person(ADMIN), sandbox.person(OTHER)
    async with polling(bot, shop(), sandbox, path=path, uncounted_ids={ADMIN}):
        await ask(person, "/optout")
        for each in (person, admin, other):
            await ask(each, "/fine")
            await each.says("/fails")

    assert outcomes(path) == {"handled /fine": 1, "failed /fails": 1}
    assert list(counted(path, EventKind.ERROR).values()) == [1]
    assert set(at_least(path, EventKind.FAILED).values()) == {1}


async def test_outcomes_know_how_many_people_they_are_of(
    bot: Bot, sandbox: Sandbox, path: Path
) -> None:
    people = [sandbox.person() for _ in range(3)]
    async with polling(bot, shop(), sandbox, path=path):
        for person in [*people, people[0]]:
            await person.says("/fails")

    assert outcomes(path) == {"failed /fails": 4}
    assert at_least(path, EventKind.FAILED) == {"/fails": 3}
    assert set(at_least(path, EventKind.ERROR).values()) == {3}


async def test_of_a_webhook_outcomes_are_counted_too(
    bot: Bot, sandbox: Sandbox, path: Path
) -> None:
    port, secret, dispatcher, app = free_port(), "a-secret", shop(), web.Application()

    async def analytics(app: web.Application) -> Any:
        async with attach(bot, dispatcher, path=path):
            yield

    app.cleanup_ctx.append(analytics)
    WebhookHandler(dispatcher, bot, secret_token=secret).register(app, path="/webhook")
    setup_application(app, dispatcher, bot=bot)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    address = f"http://127.0.0.1:{port}/webhook"
    await bot.set_webhook(address, secret_token=secret, allowed_updates=ALL_UPDATES)
    person = sandbox.person()
    for text in ("/fails", "what is this", "/fine"):
        await person.says(text)
    await person.answer()
    await runner.cleanup()

    assert outcomes(path) == {"failed /fails": 1, "unanswered message": 1, "handled /fine": 1}


@pytest.mark.parametrize("as_tasks", [True, False])
async def test_handlers_of_whole_updates_are_measured_with_or_without_tasks(
    bot: Bot, sandbox: Sandbox, path: Path, as_tasks: bool
) -> None:
    async def raw(update: Update) -> None:
        if update.message and update.message.text == "goodbye":
            raise KeyError(SECRET)

    dispatcher, person = Dispatcher(), sandbox.person()
    dispatcher.update.handlers.clear()
    dispatcher.update.register(raw)
    dispatcher.update.register(raw)
    async with attach(bot, dispatcher, path=path):
        running = asyncio.create_task(
            dispatcher.start_polling(
                bot,
                allowed_updates=ALL_UPDATES,
                handle_signals=False,
                close_bot_session=False,
                handle_as_tasks=as_tasks,
            )
        )
        for text in ("hello", "goodbye"):
            await person.says(text)
        await sandbox.settled()
        await dispatcher.stop_polling()
        await running

    assert outcomes(path) == {"handled message": 1, "failed message": 1}


async def test_no_word_of_a_person_is_counted(bot: Bot, sandbox: Sandbox, path: Path) -> None:
    async def raises(event: Any) -> None:
        raise type(SECRET, (Exception,), {})(SECRET)

    dispatcher, person = Dispatcher(), sandbox.person(first_name=SECRET)
    dispatcher.message.register(raises)
    dispatcher.callback_query.register(raises)
    async with polling(bot, dispatcher, sandbox, path=path):
        await person.says(f"/{SECRET}")
        await person.says(SECRET)
        chat = {"id": person.user["id"], "type": "private"}
        shown = {"message_id": 1, "date": 1, "chat": chat}
        await sandbox.inject(click(person, shown, SECRET))

    assert outcomes(path) == {"failed message": 2, "failed callback_query": 1}
    words = [word for (word,) in select(path, "SELECT event FROM daily_events")]
    assert not any(part in word for word in words for part in ("person", "text of"))
