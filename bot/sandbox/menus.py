"""The command menus that a bot sets, by scope and language."""

import re
from collections.abc import Callable
from typing import Any

from bot.sandbox.calls import Call, bad_request
from bot.sandbox.world import Telegram

SCOPES = frozenset(
    {"default", "all_private_chats", "all_group_chats", "all_chat_administrators"}
    | {"chat", "chat_administrators", "chat_member"}
)
ABOUT_ONE_CHAT = frozenset({"chat", "chat_administrators", "chat_member"})

Command = dict[str, str]
Scope = tuple[str, int, int]


class Menus:
    """The bot's command menus, and the methods that set, get and delete them."""

    def __init__(self, telegram: Telegram) -> None:
        self._telegram = telegram
        self._menus: dict[tuple[Scope, str], list[Command]] = {}
        self.methods: dict[str, Callable[[Call], Any]] = {
            "setmycommands": self.set,
            "getmycommands": self.get,
            "deletemycommands": self.delete,
        }

    def set(self, call: Call) -> bool:
        commands = call.structure("commands")
        if not isinstance(commands, list) or len(commands) > 100:
            raise bad_request("can't parse list of commands")
        for command in commands:
            if not re.fullmatch(r"[a-z0-9_]{1,32}", command.get("command", "")):
                raise bad_request("BOT_COMMAND_INVALID")
            if not 1 <= len(command.get("description", "")) <= 256:
                raise bad_request("BOT_COMMAND_DESCRIPTION_INVALID")
        self._menus[self._place(call)] = commands
        return True

    def get(self, call: Call) -> list[Command]:
        return self._menus.get(self._place(call), [])

    def delete(self, call: Call) -> bool:
        self._menus.pop(self._place(call), None)
        return True

    def shown_to(self, user: dict[str, Any], chat_id: int) -> list[Command]:
        """Return the commands that a person's menu shows in a chat; `user` is Telegram's User.

        The narrowest scope wins, and in it the person's language.
        """
        private = chat_id == user["id"]
        scopes: list[Scope] = [
            *([] if private else [("chat_member", chat_id, user["id"])]),
            ("chat", chat_id, 0),
            ("all_private_chats" if private else "all_group_chats", 0, 0),
            ("default", 0, 0),
        ]
        for scope in scopes:
            for language in (user.get("language_code", ""), ""):
                if commands := self._menus.get((scope, language)):
                    return commands
        return []

    def _place(self, call: Call) -> tuple[Scope, str]:
        scope = call.structure("scope") or {"type": "default"}
        kind = scope.get("type")
        if kind not in SCOPES:
            raise bad_request("can't parse BotCommandScope: unsupported type specified")
        chat_id = int(scope.get("chat_id", 0))
        if kind in ABOUT_ONE_CHAT and chat_id not in self._telegram.chats:
            raise bad_request("chat not found")
        return (kind, chat_id, int(scope.get("user_id", 0))), call.text("language_code")
