"""Invented people who use the bot."""

from datetime import datetime
from typing import Any

from bot.sandbox import markup
from bot.sandbox.chats import Chat, Line, in_topic, keyboard
from bot.sandbox.world import Telegram

NAMES = (
    *("Ada", "Bela", "Cora", "Dov", "Edda", "Finn", "Gita", "Hugo", "Inga", "Jun", "Kiri", "Lars"),
    *("Mina", "Nuno", "Olga", "Paco", "Qian", "Rosa", "Sami", "Tove", "Ugo", "Vera", "Wim", "Zeno"),
)
FIRST_USER_ID = 5_000_000_001
# Seconds.
ANSWER_TIMEOUT = 60.0


class Group:
    """A chat of several people and the bot."""

    def __init__(self, chat: Chat) -> None:
        self.facts = chat.facts
        self.chat = chat


class Person:
    """An invented person; `user` is Telegram's User object.

    Actions return the update's id, or None if the bot did not ask for updates of that kind. They
    take place in the group `chat`, or without one in the private chat with the bot. Methods that
    wait raise TimeoutError after `within` seconds.
    """

    def __init__(self, telegram: Telegram, user: dict[str, Any]) -> None:
        self.user = user
        self._telegram = telegram

    async def says(
        self,
        text: str,
        *,
        date: datetime | None = None,
        chat: Group | None = None,
        topic: int | None = None,
    ) -> int | None:
        """Send a text, written at `date` (by default now), to the `topic` of the chat."""
        content: dict[str, Any] = {"text": text} | (in_topic(topic) if topic else {})
        if entities := markup.commands(text):
            content["entities"] = entities
        return await self.sends(date=date, chat=chat, **content)

    async def sends(
        self, *, date: datetime | None = None, chat: Group | None = None, **content: Any
    ) -> int | None:
        """Send a message of any content, as fields of Message: `contact={...}`, `location={...}`.

        `date` is when it is written, by default now.
        """
        moment = self._telegram.now() if date is None else int(date.timestamp())
        message = self._chat(chat).add(self.user, moment, content)
        return await self._telegram.happens({"message": message})

    async def edits(self, text: str, *, chat: Group | None = None) -> int | None:
        """Edit the text of the person's last message in the chat."""
        place = self._chat(chat)
        own = [each for each in place.messages.values() if each["from"]["id"] == self.user["id"]]
        edited = {**own[-1], "text": text, "edit_date": self._telegram.now()}
        edited.pop("entities", None)
        if entities := markup.commands(text):
            edited["entities"] = entities
        place.messages[edited["message_id"]] = edited
        place.note(self.user, "edit", edited)
        return await self._telegram.happens({"edited_message": edited})

    async def clicks(self, button: str, *, chat: Group | None = None) -> int | None:
        """Click on the newest button with this label or callback data.

        Raises LookupError if there is none.
        """
        place = self._chat(chat)
        message, found = _find_button(place, button)
        place.note(self.user, "click", message, found["text"])
        return await self._telegram.happens(
            {
                "callback_query": {
                    "id": self._telegram.open_click(place, message),
                    "from": self.user,
                    "message": message,
                    "chat_instance": str(place.id),
                    "data": found["callback_data"],
                }
            },
        )

    async def blocks_bot(self) -> int | None:
        return await self._changes_membership("member", "kicked")

    async def unblocks_bot(self) -> int | None:
        return await self._changes_membership("kicked", "member")

    async def answer(self, *, chat: Group | None = None, within: float = ANSWER_TIMEOUT) -> Line:
        """Wait for the bot's next message in the chat that was not returned before."""
        return await self._chat(chat).hear("message", within)

    async def sees_edit(self, *, chat: Group | None = None, within: float = ANSWER_TIMEOUT) -> Line:
        return await self._chat(chat).hear("edit", within)

    async def toast(self, *, chat: Group | None = None, within: float = ANSWER_TIMEOUT) -> Line:
        """Wait for the bot's answer to a click; its text may be empty."""
        return await self._chat(chat).hear("toast", within)

    @property
    def transcript(self) -> list[Line]:
        return self._chat(None).transcript

    def _chat(self, group: Group | None) -> Chat:
        return self._telegram.private_chat(self.user) if group is None else group.chat

    async def _changes_membership(self, before: str, after: str) -> int | None:
        chat = self._chat(None)
        chat.is_blocked = after == "kicked"
        return await self._telegram.happens(
            {
                "my_chat_member": {
                    "chat": chat.facts,
                    "from": self.user,
                    "date": self._telegram.now(),
                    "old_chat_member": self._membership(before),
                    "new_chat_member": self._membership(after),
                }
            },
        )

    def _membership(self, status: str) -> dict[str, Any]:
        until = {"until_date": 0} if status == "kicked" else {}
        return {"user": self._telegram.bot, "status": status, **until}


def _find_button(chat: Chat, button: str) -> tuple[dict[str, Any], dict[str, Any]]:
    for message in reversed(chat.messages.values()):
        for each in (each for row in keyboard(message) for each in row):
            if "callback_data" in each and button in (each["text"], each["callback_data"]):
                return message, each
    raise LookupError(f"no button {button!r} to click")
