"""Read updates: those that aiogram decoded, and raw ones that it could not decode."""

import dataclasses
from typing import Any

from aiogram.enums import ChatType
from aiogram.filters import Command
from aiogram.types import TelegramObject, Update
from aiogram.types.update import UpdateTypeLookupError

# The name of the unknown field in which `decode` puts content that aiogram cannot decode.
UNDECODED = "undecoded"


@dataclasses.dataclass(frozen=True, slots=True)
class Undecoded:
    """Content of an update that aiogram cannot decode; its repr contains no personal data."""

    kind: str
    event: Any = dataclasses.field(repr=False)


def kind_and_content(update: Update) -> tuple[str, Any]:
    """Return the kind of an update and its content, decoded or raw; "" and None for no content."""
    try:
        return update.event_type, update.event
    except UpdateTypeLookupError:
        unknown = update.model_extra or {}
    undecoded = unknown.get(UNDECODED)
    if isinstance(undecoded, Undecoded):
        return undecoded.kind, undecoded.event
    return next((each for each in unknown.items() if isinstance(each[1], dict)), ("", None))


def field(event: Any, name: str) -> Any:
    """Return a field of decoded or raw content, None if there is none."""
    if isinstance(event, TelegramObject):
        name = "from_user" if name == "from" else name
        # `getattr` takes 2 microseconds for what is not there, this 0.1.
        found = event.__dict__.get(name)
        unknown = event.__pydantic_extra__
        return unknown.get(name) if found is None and unknown else found
    return event.get(name) if isinstance(event, dict) else None


def user_of(kind: str, event: Any) -> Any:
    """Return the user who acted in an update of a kind, decoded or raw; None if there is none."""
    if kind != "chat_boost":
        return field(event, "from") or field(event, "user")
    source = field(field(event, "boost"), "source")
    # In a boost from any other source the user did not give it, but got it.
    return field(source, "user") if field(source, "source") == "premium" else None


def private_command(update: Update, username: str | None) -> str | None:
    """Return the command of a message in a private chat, in small letters and without the slash.

    None for anything else, and for a command meant for another bot than `username`.
    """
    kind, message = kind_and_content(update)
    if kind != "message" or field(field(message, "chat"), "type") != ChatType.PRIVATE:
        return None
    return _command(message, username)[0]


def clicked(update: Update) -> str | None:
    """Return the callback data of a clicked button, None if the update is no click."""
    kind, click = kind_and_content(update)
    data = field(click, "data") if kind == "callback_query" else None
    return data if isinstance(data, str) else None


def any_command(update: Update, username: str | None) -> tuple[str | None, str | None]:
    """Return the command of a message in any chat, and its arguments.

    The command is in small letters and without the slash. Both are None for anything else, and for
    a command meant for another bot than `username`. The filters of handlers read commands in the
    same way.
    """
    kind, message = kind_and_content(update)
    return _command(message, username) if kind == "message" else (None, None)


def _command(message: Any, username: str | None) -> tuple[str | None, str | None]:
    text = field(message, "text") or field(message, "caption")
    if not isinstance(text, str) or not text.lstrip().startswith("/"):
        return None, None
    command = Command.extract_command(text)
    if command.mention and command.mention.lower() != (username or "").lower():
        return None, None
    return command.command.casefold(), command.args
