"""`attach` gives any aiogram bot all of the analytics, and leaves the rest of it alone."""

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from aiogram import BaseMiddleware, Bot, Dispatcher, F, Router
from aiogram.client.default import DefaultBotProperties
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.filters import Command
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State, StatesGroup
from aiogram.types import ChatMemberUpdated, Message
from aiogram.webhook.aiohttp_server import SimpleRequestHandler, setup_application
from aiohttp import ClientSession, web
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.schedulers.background import BackgroundScheduler

from analytics import AnalyticsService, DatabaseInUse, Interaction, InteractionType
from analytics.clock import utc_now
from analytics.sqlite import locks
from analytics.telegram import (
    ALL_UPDATES,
    Audience,
    CommandEntry,
    Dependencies,
    WebhookHandler,
    admin_router,
    attach,
    people_router,
)
from analytics.telegram.attached import attached_to
from analytics.telegram.texts import rights
from bot.sandbox import Sandbox, faults
from tests.support.conversation import ask, tap
from tests.support.own_bot import ECHO, echo, polling, their_bot
from tests.support.people_in_logs import people_in
from tests.support.processes import PATIENCE
from tests.support.second_connection import select, total
from tests.support.webhooks import free_port

ADMIN = 6_000_000_001

# How often each command was used.
COMMANDS = "SELECT event, count FROM daily_events WHERE kind = 'command'"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "theirs" / "analytics.sqlite3"


async def erase(person: Any) -> str:
    """Send /forgetme and confirm it; return the answer."""
    await ask(person, "/forgetme")
    return await tap(person, rights.CONFIRM)


async def test_their_bot_answers_as_before_and_admins_and_people_get_all_of_it(
    bot: Bot, sandbox: Sandbox, path: Path
) -> None:
    admin, person = sandbox.person(ADMIN), sandbox.person()
    async with polling(bot, their_bot(), sandbox, admin_ids={ADMIN}, path=path):
        said = [await ask(person, text) for text in ("hello", "/stats", "/privacy", "/mydata")]
        await person.answer()  # the file
        stats = await ask(admin, "/stats")
        await admin.clicks("📈 Chart")
        chart = await admin.answer()
        listed = await ask(admin, "/alerts")
        erased = await erase(person)
        left = total(path)

    assert said[:2] == [f"{ECHO}hello", f"{ECHO}/stats"]
    assert "What is stored about you" in said[2]
    assert "Active" in stats
    assert "photo" in chart.message
    assert "Notification settings" in listed
    assert erased.startswith("Erased")
    assert left == 3  # the admin's


@pytest.mark.parametrize("mode", [None, "MarkdownV2", "HTML"])
@pytest.mark.parametrize("is_included_first", [True, False])
async def test_a_catch_all_and_a_parse_mode_do_not_get_in_the_way(
    sandbox: Sandbox, path: Path, mode: str | None, is_included_first: bool
) -> None:
    person, catch_all, dispatcher = sandbox.person(), Router(), Dispatcher()
    catch_all.message.register(echo)
    catch_all.callback_query.register(lambda click: click.answer("theirs"))
    session = AiohttpSession(api=TelegramAPIServer.from_base(sandbox.url))
    default = DefaultBotProperties(parse_mode=mode, protect_content=True)
    if is_included_first:
        dispatcher.include_router(catch_all)
    later = [] if is_included_first else [catch_all]
    async with (
        Bot(sandbox.token, session=session, default=default) as bot,
        polling(bot, dispatcher, sandbox, path=path, included_later=later),
    ):
        said = await ask(person, "/privacy")
        details = await _details(person)
        erased = await erase(person)
        echoed = await ask(person, "hello")

    assert "What is stored about you" in said
    assert "All details" in details
    assert "stored about you" in erased
    assert "<" not in said + details + erased
    assert echoed == f"{ECHO}hello"
    assert not any(call.parameters.get("protect_content") for call in sandbox.calls[:-1])


async def _details(person: Any) -> str:
    await person.clicks("All details")
    return str((await person.sees_edit()).text)


async def test_a_command_that_they_have_is_theirs_and_a_warning_says_so(
    bot: Bot, sandbox: Sandbox, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def theirs(message: Message) -> None:
        await message.answer("theirs")

    admin = sandbox.person(ADMIN)
    router = Router()
    router.message.register(theirs, Command("stats", "optout"))
    options: dict[str, Any] = {"included_later": [router], "admin_ids": {ADMIN}, "path": path}
    async with polling(bot, Dispatcher(), sandbox, **options) as attached:
        answers = [await ask(admin, text) for text in ("/stats", "/optout", "/alerts")]
        is_out = await attached.analytics.people.is_opted_out(ADMIN)
    warned = re.findall(r"/(\w+) is answered by the bot's own handler", caplog.text)

    assert answers[:2] == ["theirs", "theirs"]
    assert "Notification settings" in answers[2]
    assert (sorted(warned), is_out) == (["optout", "stats"], False)
    # Theirs is a command like any other; /optout is no request about one's data there.
    assert total(path) == 3
    events = dict(select(path, COMMANDS))
    assert events == {"stats": 1, "optout": 1}


async def test_a_dialogue_goes_on_after_a_question_about_privacy(
    bot: Bot, sandbox: Sandbox, path: Path
) -> None:
    class Order(StatesGroup):
        size = State()

    async def begin(message: Message, state: FSMContext) -> None:
        await state.set_state(Order.size)
        await message.answer("Which size?")

    async def end(message: Message, state: FSMContext) -> None:
        await state.clear()
        await message.answer(f"size {message.text}")

    dispatcher, person = Dispatcher(), sandbox.person()
    dispatcher.message.register(begin, Command("order"))
    dispatcher.message.register(end, Order.size)
    async with polling(bot, dispatcher, sandbox, path=path):
        asked = await ask(person, "/order")
        privacy = await ask(person, "/privacy")
        ended = await ask(person, "42")

    assert (asked, ended) == ("Which size?", "size 42")
    assert "What is stored about you" in privacy


async def test_their_middlewares_and_names_in_the_data_are_left_to_them(
    bot: Bot, sandbox: Sandbox, path: Path
) -> None:
    class Theirs(BaseMiddleware):
        async def __call__(self, handler: Any, event: Any, data: dict[str, Any]) -> Any:
            data["analytics"] = data["options"] = "theirs"
            return await handler(event, data)

    async def show(message: Message, analytics: str, options: str, clock: str) -> None:
        await message.answer(f"{analytics} {options} {clock}")

    dispatcher = Dispatcher(clock="a clock of theirs")
    dispatcher.update.outer_middleware(Theirs())
    dispatcher.message.register(show)
    person = sandbox.person()
    async with polling(bot, dispatcher, sandbox, path=path):
        answers = [await ask(person, text) for text in ("/privacy", "hello")]

    assert "What is stored about you" in answers[0]
    assert answers[1] == "theirs theirs a clock of theirs"


async def test_their_middlewares_see_only_kinds_that_their_handlers_handle(
    bot: Bot, sandbox: Sandbox, path: Path
) -> None:
    """All kinds are asked for, so that they are recorded: many have neither a user nor a chat."""
    seen: list[str] = []

    class Theirs(BaseMiddleware):
        async def __call__(self, handler: Any, event: Any, data: dict[str, Any]) -> Any:
            seen.append(event.event_type)
            return await handler(event, data)

    dispatcher = their_bot()
    dispatcher.update.outer_middleware(Theirs())
    person = sandbox.person()
    inline_query = {"id": "1", "from": person.user, "query": "", "offset": ""}
    async with polling(bot, dispatcher, sandbox, path=path):
        await sandbox.inject({"inline_query": inline_query})
        await ask(person, "/privacy")
        await ask(person, "hello")
        dispatcher.inline_query.register(echo)
        await sandbox.inject({"inline_query": inline_query})
        await ask(person, "hello")
        rows = select(path, "SELECT interaction_type, sum(count) FROM user_interactions GROUP BY 1")

    assert seen == ["message", "inline_query", "message"]
    assert sorted(rows) == [("inline_query", 2), ("message", 2)]


async def test_a_handler_of_theirs_gets_the_service(bot: Bot, sandbox: Sandbox, path: Path) -> None:
    async def show(message: Message, analytics: AnalyticsService) -> None:
        report = await analytics.get_admin_analytics_report()
        await message.answer(str(report.total_interactions))

    dispatcher = Dispatcher()
    dispatcher.message.register(show)
    person = sandbox.person()
    async with polling(bot, dispatcher, sandbox, path=path):
        assert await ask(person, "hello") == "1"


@pytest.mark.parametrize(
    ("options", "command"), [({"people": False}, "/privacy"), ({"stats": False}, "/stats")]
)
async def test_a_part_that_is_left_out_is_left_to_their_handlers(
    bot: Bot, sandbox: Sandbox, path: Path, options: dict[str, Any], command: str
) -> None:
    admin = sandbox.person(ADMIN)
    options |= {"admin_ids": {ADMIN}, "path": path}
    async with polling(bot, their_bot(), sandbox, **options) as attached:
        assert await ask(admin, command) == f"{ECHO}{command}"
        assert await ask(admin, "/optout") != (f"{ECHO}/optout" if "stats" in options else "")
        is_out = await attached.analytics.people.is_opted_out(ADMIN)

    assert is_out is ("stats" in options)


async def test_blocking_the_bot_erases_and_still_reaches_their_handler(
    bot: Bot, sandbox: Sandbox, path: Path
) -> None:
    seen, erased = asyncio.Event(), []

    async def theirs(change: ChatMemberUpdated) -> None:
        seen.set()

    async def also_erase(telegram_id: int) -> None:
        erased.append(telegram_id)

    dispatcher = their_bot()
    dispatcher.my_chat_member.register(theirs)
    person = sandbox.person()
    options: dict[str, Any] = {"erase_when_blocked": True, "on_erase": also_erase, "path": path}
    async with polling(bot, dispatcher, sandbox, **options):
        await ask(person, "hello")
        await person.blocks_bot()
        await asyncio.wait_for(seen.wait(), PATIENCE)

    assert erased == [person.user["id"]]
    assert total(path) == 0


async def test_what_they_store_is_erased_with_the_rest_and_a_failure_is_told(
    bot: Bot, sandbox: Sandbox, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    fails = True

    async def also_erase(telegram_id: int) -> None:
        if fails:
            raise ConnectionError(f"no row of {telegram_id}")

    person = sandbox.person()
    async with polling(bot, their_bot(), sandbox, on_erase=also_erase, path=path):
        await ask(person, "hello")
        first = await erase(person)
        fails = False
        second = await tap(person, rights.CONFIRM)

    assert first == "Something went wrong. Please try again in a moment."
    assert re.search(r"analytics failed: ConnectionError in .* > test_attach.py:\d+", caplog.text)
    assert not people_in(caplog.text)
    assert second == "Already done: nothing is stored about you."


async def test_two_bots_of_one_dispatcher_each_have_a_file_of_their_own(
    bot: Bot, sandbox: Sandbox, tmp_path: Path
) -> None:
    dispatcher = their_bot()
    paths = [tmp_path / "first.sqlite3", tmp_path / "second.sqlite3"]
    async with Sandbox(token="987654321:" + "B" * 35) as other:
        session = AiohttpSession(api=TelegramAPIServer.from_base(other.url))
        people = [sandbox.person(), other.person()]
        async with (
            Bot(other.token, session=session) as second,
            attach(bot, dispatcher, path=paths[0]),
            attach(second, dispatcher, path=paths[1]),
        ):
            running = asyncio.create_task(
                dispatcher.start_polling(
                    *(bot, second),
                    allowed_updates=ALL_UPDATES,
                    handle_signals=False,
                    close_bot_session=False,
                )
            )
            await ask(people[0], "hello")
            for text in ("hello", "/privacy"):
                await ask(people[1], text)
            await sandbox.settled()
            await other.settled()
            await dispatcher.stop_polling()
            await running

    assert [total(path) for path in paths] == [1, 1]


async def test_a_second_bot_that_is_not_attached_stops_the_start(
    bot: Bot, sandbox: Sandbox, path: Path
) -> None:
    dispatcher = their_bot()
    async with Bot("987654321:" + "B" * 35) as second, attach(bot, dispatcher, path=path):
        with pytest.raises(RuntimeError, match="a bot of this dispatcher is not attached"):
            await dispatcher.start_polling(bot, second, handle_signals=False)


async def test_what_excludes_each_other_is_refused_in_a_sentence(bot: Bot, path: Path) -> None:
    dispatcher, new = their_bot(), path.parent / "new" / "x"
    async with AnalyticsService.open(path) as analytics:
        for options, error, sentence in (
            ({"analytics": analytics, "retention_days": 30}, TypeError, "either an open service"),
            ({"analytics": analytics, "path": path}, TypeError, "either an open service"),
            ({"path": path}, DatabaseInUse, "another process"),
            ({"owner_ids": {ADMIN}, "analytics": analytics}, ValueError, "not in admin_ids"),
            ({"scheduler": BackgroundScheduler()}, TypeError, "no AsyncIOScheduler"),
            ({"path": new, "retention_days": 0}, ValueError, "0"),
            ({"path": new, "retention_days": "90"}, TypeError, "retention_days .* whole number"),
            ({"path": new, "database_key": "secret"}, TypeError, "database_key .* 32 bytes"),
            ({"silence_alert_hours": "48"}, TypeError, "silence_alert_hours .* whole number"),
            ({"admin_ids": [str(ADMIN)]}, TypeError, "admin_ids .* whole numbers"),
            ({"owner_ids": ADMIN}, TypeError, "owner_ids .* whole numbers"),
            ({"uncounted_ids": str(ADMIN)}, TypeError, "uncounted_ids .* whole numbers"),
            ({"digest": "hourly"}, ValueError, "digest .* weekly, daily, off"),
            ({"chart_theme": "pink"}, ValueError, "chart_theme .* light, dark"),
            ({"language": "tlh"}, ValueError, "language .* en"),
            ({"cleanup_at": "03:00"}, TypeError, "cleanup_at .* datetime.time"),
            ({"timezone": "Berlin"}, ValueError, "unknown time zone .* such as Europe/Berlin"),
        ):
            with pytest.raises(error, match=sentence), patch.object(locks, "OWNER_TIMEOUT", 0):
                async with attach(bot, dispatcher, **options):
                    pass
        async with attach(bot, dispatcher, analytics=analytics):
            with pytest.raises(RuntimeError, match="attached to this dispatcher already"):
                async with attach(bot, dispatcher, analytics=analytics):
                    pass


async def test_afterwards_bot_dispatcher_and_scheduler_are_as_they_were(
    bot: Bot, path: Path
) -> None:
    dispatcher, scheduler = their_bot(), AsyncIOScheduler()
    scheduler.start()

    def everything() -> list[Any]:
        return [
            list(bot.session.middleware),
            list(dispatcher.update.outer_middleware),
            [each.callback for each in dispatcher.startup.handlers],
            [each.callback for each in dispatcher.shutdown.handlers],
            dispatcher.sub_routers[:],
            dict(dispatcher.workflow_data),
            scheduler.get_jobs(),
            bot.default,
        ]

    before = everything()
    for _ in range(2):
        async with attach(bot, dispatcher, path=path, scheduler=scheduler):
            during = everything()
    after = everything()
    scheduler.shutdown()

    assert during != before
    assert after == before


async def test_an_open_service_is_used_and_left_open(
    bot: Bot, sandbox: Sandbox, path: Path
) -> None:
    person = sandbox.person()
    async with AnalyticsService.open(path, retention_days=30) as analytics:
        async with polling(bot, their_bot(), sandbox, analytics=analytics):
            privacy = await ask(person, "/privacy")
            await ask(person, "hello")
        report = await analytics.get_admin_analytics_report()

    assert report.total_interactions == 1
    assert "30 days" in privacy


async def test_old_interactions_are_deleted_once_telegram_has_told_the_time(
    bot: Bot, sandbox: Sandbox, path: Path
) -> None:
    """Although no update comes, whose date would tell it."""
    old = utc_now().replace(year=utc_now().year - 1)
    interaction = Interaction(ADMIN, InteractionType.MESSAGE, old)
    async with AnalyticsService.open(path) as analytics:
        await analytics.record([interaction])
    cleaned = asyncio.Event()

    class Counting(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.getMessage().startswith("cleaned up 1 interactions"):
                cleaned.set()

    logger, handler = logging.getLogger("analytics"), Counting()
    logger.setLevel(logging.INFO)
    logger.addHandler(handler)
    try:
        async with polling(bot, their_bot(), sandbox, path=path):
            await asyncio.wait_for(cleaned.wait(), PATIENCE)
    finally:
        logger.removeHandler(handler)

    assert total(path) == 0


async def test_a_menu_without_privacy_is_told_of(
    bot: Bot, sandbox: Sandbox, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with polling(bot, their_bot(), sandbox, path=path):
        await sandbox.called("getMyCommands", 2, within=PATIENCE)
        await ask(sandbox.person(), "hello")

    assert "the bot's menu lacks /privacy" in caplog.text


async def test_the_use_of_their_commands_for_admins_is_not_counted(
    bot: Bot, sandbox: Sandbox, path: Path
) -> None:
    dispatcher = Dispatcher()
    dispatcher.message.register(echo, Command("ban", "shop"))
    table = [CommandEntry("ban", "Ban somebody", Audience.ADMINS)]
    person = sandbox.person()
    async with polling(bot, dispatcher, sandbox, path=path, commands=table):
        for text in ("/ban", "/shop", "/privacy"):
            await ask(person, text)

    assert dict(select(path, COMMANDS)) == {"shop": 1}


async def test_the_routers_work_one_by_one_where_they_are_included(
    bot: Bot, sandbox: Sandbox, path: Path
) -> None:
    """In place of `attach`, or beside it to choose their place."""
    admin = sandbox.person(ADMIN)
    dispatcher = Dispatcher()
    async with AnalyticsService.open(path) as analytics:
        dependencies = Dependencies.of(bot, analytics, admin_ids={ADMIN})
        dispatcher.include_routers(admin_router(dependencies), people_router(dependencies))
        dispatcher.message.register(echo, F.text == "hello")
        options: dict[str, Any] = {"analytics": analytics, "people": False, "stats": False}
        async with polling(bot, dispatcher, sandbox, **options) as attached:
            answers = [await ask(admin, text) for text in ("/stats", "/privacy", "hello")]
            await ask(admin, "/optout")
            is_out = await attached.analytics.people.is_opted_out(ADMIN)

    assert "Active" in answers[0]
    assert "What is stored about you" in answers[1]
    assert (answers[2], is_out) == (f"{ECHO}hello", True)


@asynccontextmanager
async def by_webhook(
    bot: Bot,
    sandbox: Sandbox,
    path: Path,
    handler: Callable[[Dispatcher], Any],
    dispatcher: Dispatcher,
) -> AsyncIterator[str]:
    """Their bot, with a web application of their own; gives its address."""

    async def analytics(app: web.Application) -> AsyncIterator[None]:
        async with attach(bot, dispatcher, path=path):
            yield

    app, port = web.Application(), free_port()
    app.cleanup_ctx.append(analytics)
    handler(dispatcher).register(app, path="/updates")
    setup_application(app, dispatcher, bot=bot)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    url = f"http://127.0.0.1:{port}/updates"
    try:
        await bot.set_webhook(url, secret_token="a-secret", allowed_updates=ALL_UPDATES)
        yield url
    finally:
        await runner.cleanup()


async def test_their_web_application_acknowledges_what_is_committed(
    bot: Bot, sandbox: Sandbox, path: Path
) -> None:
    recorded: list[int] = []

    async def count(message: Message) -> None:
        recorded.append(total(path))
        await message.answer("counted")

    dispatcher, person = Dispatcher(), sandbox.person()
    dispatcher.message.register(count)

    def ours(dispatcher: Dispatcher) -> WebhookHandler:
        return WebhookHandler(dispatcher, bot, secret_token="a-secret")

    async with by_webhook(bot, sandbox, path, ours, dispatcher) as url, ClientSession() as http:
        for _ in range(3):
            assert await ask(person, "hello") == "counted"
        assert "What is stored" in await ask(person, "/privacy")
        forged = {"X-Telegram-Bot-Api-Secret-Token": "é"}
        async with http.post(url, json={"update_id": 9}, headers=forged) as response:
            status = response.status

    assert (recorded, status) == ([1, 2, 3], 401)


async def test_at_the_end_a_webhook_handles_what_it_has_and_refuses_the_rest(
    bot: Bot, sandbox: Sandbox, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Shutdown comes before the end of open requests; what the bot closes then is still needed."""
    dispatcher, person = their_bot(), sandbox.person()
    answered: list[int] = []
    endings: list[asyncio.Task[None]] = []

    async def end() -> None:
        answered.append(len(await sandbox.called("sendMessage", 0)))

    def ours(dispatcher: Dispatcher) -> WebhookHandler:
        return WebhookHandler(dispatcher, bot, secret_token="a-secret")

    dispatcher.shutdown.register(end)
    async with by_webhook(bot, sandbox, path, ours, dispatcher) as url, ClientSession() as http:
        analytics = attached_to(dispatcher)[bot.id].analytics
        record = analytics.record

        async def record_meanwhile(*batch: Any) -> bool:
            endings.append(asyncio.create_task(dispatcher.emit_shutdown(bot=bot)))
            for _ in range(10):
                await asyncio.sleep(0)  # the shutdown has begun
            return await record(*batch)

        monkeypatch.setattr(analytics, "record", record_meanwhile)
        await person.says("hello")
        await person.answer()
        await endings[0]
        secret = {"X-Telegram-Bot-Api-Secret-Token": "a-secret"}
        async with http.post(url, json={"update_id": 9}, headers=secret) as response:
            status = response.status

    assert (answered[0], len(endings), status) == (1, 1, 503)


async def test_aiograms_own_request_handler_records_too_but_is_warned_of(
    bot: Bot, sandbox: Sandbox, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def aiograms(dispatcher: Dispatcher) -> SimpleRequestHandler:
        return SimpleRequestHandler(dispatcher, bot, secret_token="a-secret")

    person = sandbox.person()
    async with by_webhook(bot, sandbox, path, aiograms, their_bot()):
        for _ in range(2):
            await ask(person, "hello")

    assert total(path) == 2
    assert caplog.text.count("came by another way than getUpdates or WebhookHandler") == 1


async def test_without_analytics_a_webhook_is_not_acknowledged(
    bot: Bot, caplog: pytest.LogCaptureFixture
) -> None:
    handler, app = WebhookHandler(Dispatcher(), bot, secret_token="a-secret"), web.Application()
    handler.register(app, path="/updates")
    runner, port = web.AppRunner(app), free_port()
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    headers = {"X-Telegram-Bot-Api-Secret-Token": "a-secret"}
    url = f"http://127.0.0.1:{port}/updates"
    async with ClientSession() as http, http.post(url, headers=headers) as response:
        status = response.status
    await runner.cleanup()

    assert status == 503
    assert "the analytics are not attached" in caplog.text


async def test_a_click_that_cannot_be_answered_is_carried_out(
    bot: Bot, sandbox: Sandbox, path: Path
) -> None:
    person = sandbox.person()
    async with polling(bot, their_bot(), sandbox, path=path):
        await ask(person, "hello")
        await ask(person, "/forgetme")
        sandbox.plan("answerCallbackQuery", faults.refuses(500, "Internal Server Error"))
        await person.clicks(rights.CONFIRM)
        answer = await person.answer()

    assert "Erased" in answer.text
    assert total(path) == 0
