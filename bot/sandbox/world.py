"""The state on Telegram's side: chats, clicks, and updates that wait for the bot."""

import asyncio
import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bot.sandbox.calls import Call, Refused, bad_request
from bot.sandbox.chats import Chat
from bot.sandbox.updates import Updates

# How long a click can be answered.
CLICK_LIFETIME = timedelta(seconds=150)


@dataclass(slots=True)
class Click:
    """A button press that waits for its answer."""

    chat: Chat
    message: dict[str, Any]
    at: datetime


class Telegram:
    """Telegram's state for one bot; `bot` is its User object.

    `chats` are those that the bot knows, by id: a private one exists once the person has written.
    """

    def __init__(
        self, bot: dict[str, Any], first_update_id: int, clock: Callable[[], datetime]
    ) -> None:
        self.bot = bot
        self.clock = clock
        self.chats: dict[int, Chat] = {}
        self._clicks: dict[str, Click] = {}
        self._click_ids = itertools.count(1)
        self.updates = Updates(first_update_id, clock)

    def now(self) -> int:
        return int(self.clock().timestamp())

    def private_chat(self, user: Mapping[str, Any]) -> Chat:
        """Return a person's private chat, and make it if there is none: the bot may write there."""
        if user["id"] not in self.chats:
            facts = {key: user[key] for key in ("first_name", "username") if key in user}
            self.chats[user["id"]] = Chat({"id": user["id"], "type": "private", **facts})
        return self.chats[user["id"]]

    def chat_of(self, call: Call) -> Chat:
        """Return the chat that a call is about. Raises Refused if the bot does not know it."""
        if "chat_id" not in call.parameters:
            raise bad_request("chat_id is empty")
        if (chat := self.chats.get(call.integer("chat_id"))) is None:
            raise bad_request("chat not found")
        return chat

    def writable_chat_of(self, call: Call) -> Chat:
        chat = self.chat_of(call)
        if chat.is_blocked:
            raise Refused(403, "Forbidden: bot was blocked by the user")
        return chat

    async def happens(self, update: Mapping[str, Any], *, forced: bool = False) -> int | None:
        """Queue an update and return its id, None if the bot did not ask for its kind.

        `forced` queues it all the same. An update with an `update_id` keeps it.
        """
        update_id = self.updates.create(update, forced=forced)
        # Let the server run, also if the caller does this in a loop.
        await asyncio.sleep(0)
        return update_id

    def open_click(self, chat: Chat, message: dict[str, Any]) -> str:
        """Note a click on a message, and return the id with which the bot can answer it."""
        click_id = str(next(self._click_ids))
        self._clicks[click_id] = Click(chat, message, self.clock())
        return click_id

    def close_click(self, click_id: str) -> Click:
        """Return a click that the bot answers, and forget it.

        Raises Refused if it was answered before, or is older than 150 seconds.
        """
        click = self._clicks.pop(click_id, None)
        if click is None or self.clock() - click.at > CLICK_LIFETIME:
            raise bad_request(
                "query is too old and response timeout expired or query ID is invalid"
            )
        return click
