"""Chats with their messages, and a transcript that reads like the screen."""

import itertools
from collections import defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from bot.sandbox.condition import Waiting

BOT = "bot"

Event = Literal["message", "edit", "deletion", "click", "toast"]

NOT_CONTENT = frozenset(
    {"message_id", "from", "chat", "date", "edit_date", "caption", "caption_entities"}
    | {"reply_markup", "reply_to_message", "has_protected_content", "forward_origin"}
    | {"message_thread_id", "is_topic_message"}
)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a transcript.

    `who` is `BOT` or the person's first name; `buttons` are the labels, row by row;
    `message` is the message as Telegram had it at that moment.
    """

    who: str
    event: Event
    text: str
    buttons: tuple[tuple[str, ...], ...]
    message: dict[str, Any]


class Chat:
    """A chat with the bot.

    `facts` is Telegram's Chat object; `messages` are those not deleted, by id.
    """

    def __init__(self, facts: dict[str, Any]) -> None:
        self.facts = facts
        self.messages: dict[int, dict[str, Any]] = {}
        self.transcript: list[Line] = []
        self.is_blocked = False
        self._ids = itertools.count(1)
        self._unheard: defaultdict[Event, deque[Line]] = defaultdict(deque)
        self._waiting = Waiting()

    @property
    def id(self) -> int:
        return int(self.facts["id"])

    def add(
        self, sender: Mapping[str, Any], date: int, content: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Add a message to the chat and the transcript; return Telegram's Message object.

        `date` is in seconds since 1970.
        """
        message = {
            "message_id": next(self._ids),
            "from": dict(sender),
            "chat": self.facts,
            "date": date,
            **content,
        }
        self.messages[message["message_id"]] = message
        self.note(sender, "message", message)
        return message

    def note(
        self, who: Mapping[str, Any], event: Event, message: dict[str, Any], text: str | None = None
    ) -> None:
        labels = tuple(tuple(button["text"] for button in row) for row in keyboard(message))
        line = Line(
            BOT if who["is_bot"] else who["first_name"],
            event,
            message_text(message) if text is None else text,
            labels if event in ("message", "edit") else (),
            message,
        )
        self.transcript.append(line)
        if line.who == BOT:
            self._unheard[event].append(line)
            self._waiting.changed()

    async def hear(self, event: Event, within: float) -> Line:
        """Wait for a line of the bot, and return the oldest of this event not returned before.

        Raises TimeoutError after `within` seconds.
        """
        unheard = self._unheard[event]
        return await self._waiting.until(
            lambda: unheard.popleft() if unheard else None, within, f"a {event} from the bot"
        )


def in_topic(topic: int) -> dict[str, Any]:
    """Return the fields of a message that is in a topic of its chat."""
    return {"message_thread_id": topic, "is_topic_message": True}


def keyboard(message: Mapping[str, Any]) -> list[list[dict[str, Any]]]:
    rows: list[list[dict[str, Any]]] = message.get("reply_markup", {}).get("inline_keyboard", [])
    return rows


def message_text(message: Mapping[str, Any]) -> str:
    """Return the text of a message, or else its kind, in brackets, and its caption."""
    if "text" in message:
        return str(message["text"])
    kind = next((key for key in message if key not in NOT_CONTENT), "message")
    name = message.get("document", {}).get("file_name", "")
    return f"[{kind} {name}".rstrip() + f"] {message.get('caption', '')}".rstrip()
