"""How often each command is used is counted by day, without identity, and nothing else is."""

from pathlib import Path

from aiogram import Bot, Dispatcher, Router
from aiogram.filters import Command

from analytics import AnalyticsService
from analytics.telegram import Dependencies, admin_router, alerts_router, people_router
from analytics.telegram.command_table import Audience, CommandEntry, commands_of
from bot import texts
from bot.app import build_dispatcher
from bot.dialogues import Dialogues
from bot.sandbox import Sandbox
from scheduler.jobs import build_scheduler
from tests.support.conversation import ask
from tests.support.running import running_bot
from tests.support.second_connection import select
from tests.support.settings import TOKEN, some_settings

ADMIN = 6_000_000_001


def events(database: Path) -> dict[str, int]:
    return dict(
        select(
            database,
            "SELECT event, sum(count) FROM daily_events "
            "WHERE kind IN ('command', 'membership') GROUP BY 1",
        )
    )


async def test_only_the_commands_that_the_bot_registers_are_counted_by_name(
    sandbox: Sandbox, database: Path
) -> None:
    person = sandbox.person()
    said = [
        *("/help", "/remind", "/remind@sandbox_bot", "/REMIND@Sandbox_Bot 20", "/help@other_bot"),
        *("/never_made", "remind", "see /help", "/"),
    ]
    async with running_bot(sandbox, database):
        for text in said:
            await ask(person, text)

    assert events(database) == {"help": 1, "remind": 3}


async def test_blocking_and_unblocking_are_counted(sandbox: Sandbox, database: Path) -> None:
    person = sandbox.person()
    async with running_bot(sandbox, database):
        await ask(person, "/help")
        await person.blocks_bot()
        await person.unblocks_bot()
        await ask(person, "/help")

    assert events(database) == {"help": 2, "blocked": 1, "unblocked": 1}


async def test_what_admins_look_at_is_no_command_that_is_counted(
    sandbox: Sandbox, database: Path
) -> None:
    admin = sandbox.person(ADMIN)
    async with running_bot(sandbox, database, admin_ids={ADMIN}):
        for text in ["/stats", "/alerts", "/audit", "/cleanup", "/help"]:
            await ask(admin, text)

    assert events(database) == {"help": 1}


def test_the_commands_of_a_fork_are_found_where_its_handlers_are() -> None:
    async def handler() -> None: ...

    inner, outer, dispatcher = Router(), Router(), Dispatcher()
    inner.message.register(handler, Command("weather", "sky"))
    outer.message.register(handler, lambda _: True)
    outer.include_router(inner)
    dispatcher.include_router(outer)
    dispatcher.message.register(handler, Command("news"))

    assert commands_of(dispatcher) == {"weather", "sky", "news"}


def test_commands_of_a_fork_for_admins_are_not_counted() -> None:
    async def handler() -> None: ...

    dispatcher = Dispatcher()
    dispatcher.message.register(handler, Command("help", "ban"))
    table = [CommandEntry("help", ""), CommandEntry("ban", "", Audience.ADMINS)]

    assert commands_of(dispatcher, table) == {"help"}


async def test_the_table_of_commands_has_all_that_the_bot_registers_and_no_others(
    tmp_path: Path,
) -> None:
    async with AnalyticsService.open(tmp_path / "analytics.sqlite3") as analytics:
        dependencies = Dependencies.of(Bot(TOKEN), analytics)
        routers = (
            build_dispatcher(some_settings(), Dialogues(), build_scheduler()),
            *(build(dependencies) for build in (admin_router, alerts_router, people_router)),
        )
    everyones = {each.name for each in texts.COMMANDS}

    assert set().union(*(commands_of(each, ()) for each in routers)) == everyones
