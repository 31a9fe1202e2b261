"""The command menus a bot sets, and what people see of them."""

import pytest
from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest
from aiogram.types import (
    BotCommand,
    BotCommandScopeAllGroupChats,
    BotCommandScopeAllPrivateChats,
    BotCommandScopeChat,
    BotCommandScopeChatMember,
)

from bot.sandbox import Sandbox


def commands(*names: str) -> list[BotCommand]:
    return [BotCommand(command=name, description="does something") for name in names]


async def test_the_narrowest_scope_is_shown(sandbox: Sandbox, bot: Bot) -> None:
    admin, ada, group = sandbox.person(), sandbox.person(), sandbox.group()
    await admin.says("/start")
    scopes = {
        "start": None,
        "private": BotCommandScopeAllPrivateChats(),
        "stats": BotCommandScopeChat(chat_id=admin.user["id"]),
        "groups": BotCommandScopeAllGroupChats(),
        "mine": BotCommandScopeChatMember(chat_id=group.chat.id, user_id=ada.user["id"]),
    }
    assert list(sandbox.menu(ada)) == []
    for name, scope in scopes.items():
        await bot.set_my_commands(commands(name), scope=scope)

    assert list(sandbox.menu(admin)) == ["stats"]
    assert list(sandbox.menu(ada)) == ["private"]
    assert list(sandbox.menu(admin, group)) == ["groups"]
    assert list(sandbox.menu(ada, group)) == ["mine"]


async def test_a_menu_in_the_persons_language_comes_first(sandbox: Sandbox, bot: Bot) -> None:
    await bot.set_my_commands(commands("help"))
    await bot.set_my_commands(commands("hilfe"), language_code="de")

    assert list(sandbox.menu(sandbox.person(language_code="de"))) == ["hilfe"]
    assert list(sandbox.menu(sandbox.person())) == ["help"]
    german = await bot.get_my_commands(language_code="de")
    assert [command.command for command in german] == ["hilfe"]
    await bot.delete_my_commands(language_code="de")
    assert list(sandbox.menu(sandbox.person(language_code="de"))) == ["help"]


async def test_a_chat_that_does_not_exist_yet_has_no_menu(sandbox: Sandbox, bot: Bot) -> None:
    admin = sandbox.person()
    scope = BotCommandScopeChat(chat_id=admin.user["id"])
    with pytest.raises(TelegramBadRequest, match="chat not found"):
        await bot.set_my_commands(commands("stats"), scope=scope)
    await admin.says("/start")

    assert await bot.set_my_commands(commands("stats"), scope=scope)


@pytest.mark.parametrize("name", ["", "Stats", "forget-me", "ö", "x" * 33])
async def test_command_names_are_checked(bot: Bot, name: str) -> None:
    await bot.set_my_commands(commands("x" * 32))

    with pytest.raises(TelegramBadRequest, match="BOT_COMMAND_INVALID"):
        await bot.set_my_commands(commands(name))


@pytest.mark.parametrize("description", ["", "x" * 257])
async def test_command_descriptions_are_checked(bot: Bot, description: str) -> None:
    with pytest.raises(TelegramBadRequest, match="BOT_COMMAND_DESCRIPTION_INVALID"):
        await bot.set_my_commands([BotCommand(command="help", description=description)])
