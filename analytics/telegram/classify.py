"""Classify updates: which person acted, how, and when.

The same rules read updates that aiogram decoded and raw ones that it could not decode.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from aiogram.enums import ChatMemberStatus, ChatType, MessageEntityType
from aiogram.filters import Command
from aiogram.filters.command import CommandException
from aiogram.types import Update
from aiogram.types.update import UpdateTypeLookupError

from analytics import Interaction, InteractionType
from analytics.clock import from_unix
from analytics.models import MAX_TELEGRAM_ID, SERVICE_ACCOUNTS
from analytics.statistics.period_reports import BLOCKED, UNBLOCKED

# The name of the unknown field in which `decode` puts content that aiogram cannot decode.
UNDECODED = "undecoded"
# Telegram keeps an update for 24 hours; a date further back is not when somebody acted.
MAX_UPDATE_AGE = timedelta(hours=25)
TYPES = {str(interaction_type): interaction_type for interaction_type in InteractionType}
# Kinds of updates about something that Telegram or a bot did, not a person.
WITHOUT_PERSON = frozenset(
    {
        "channel_post",
        "edited_channel_post",
        "deleted_business_messages",
        "message_reaction_count",
        "poll",
        "removed_chat_boost",
        "stopped_message_generation",
    }
)
# Kinds whose date is not when it happened: a connection's is when it was first made.
UNDATED = frozenset({"business_connection"})


@dataclass(frozen=True, slots=True)
class Undecoded:
    """Content of an update that aiogram cannot decode; its repr contains no personal data."""

    kind: str
    event: Any = field(repr=False)


def classify(update: Update, received: datetime) -> Interaction | None:
    """Return the interaction to record for an update, None if no person acted.

    `received` is its time if the update has none, or one more than 25 hours before.
    """
    kind, event = _event(update)
    telegram_id = _person(kind, event)
    if telegram_id is None:
        return None
    date = date_of(update)
    if date is None or received - date > MAX_UPDATE_AGE:
        # An old edit comes again for a reaction or a link preview, and nobody acted.
        if kind.startswith("edited_"):
            return None
        date = received
    return Interaction(telegram_id, interaction_type(update), date)


def interaction_type(update: Update) -> InteractionType:
    """Return the type of an update: a member of the vocabulary, never a word of the person."""
    kind, event = _event(update)
    if kind == "message":
        return InteractionType.COMMAND if _begins_with_command(event) else InteractionType.MESSAGE
    if kind == "callback_query":
        return InteractionType.BUTTON_CLICK
    return TYPES.get(kind, InteractionType.OTHER)


def date_of(update: Update) -> datetime | None:
    """Return the date of an update in UTC, for an edit that of the edit.

    None if the update has no date, or one that is not when somebody acted.
    """
    kind, event = _event(update)
    if kind in UNDATED:
        return None
    date = _of(event, "edit_date" if kind.startswith("edited_") else "date")
    if isinstance(date, datetime):
        return date.astimezone(UTC)
    try:
        return from_unix(date) if type(date) is int else None
    except (OverflowError, OSError, ValueError):
        return None


def event(update: Update, commands: Collection[str], username: str | None) -> str | None:
    """Return the event that an update counts as, None for no event.

    Events are counted by day, without identity: a command of `commands` with its slash, or a block
    or unblock of the bot; never a word of the person. `username` is the bot's.
    """
    kind, happened = _event(update)
    if kind == "message":
        command = command_of(happened, username)
        return f"/{command}" if command in commands else None
    if kind != "my_chat_member" or _of(_of(happened, "chat"), "type") != ChatType.PRIVATE:
        return None
    status = _of(_of(happened, "new_chat_member"), "status")
    return BLOCKED if status == ChatMemberStatus.KICKED else UNBLOCKED


def private_command(update: Update, username: str | None) -> str | None:
    """Return the command of a message in a private chat, in small letters and without the slash.

    None for anything else, and for a command meant for another bot than `username`.
    """
    kind, message = _event(update)
    if kind != "message" or _of(_of(message, "chat"), "type") != ChatType.PRIVATE:
        return None
    return command_of(message, username)


def clicked(update: Update) -> str | None:
    """Return the callback data of a clicked button, None if the update is no click."""
    kind, click = _event(update)
    data = _of(click, "data") if kind == "callback_query" else None
    return data if isinstance(data, str) else None


def command_of(message: Any, username: str | None) -> str | None:
    """Return the command that a text or caption begins with, in small letters, without the slash.

    None if there is none, or it is meant for another bot than `username`. The filters of handlers
    read commands in the same way.
    """
    return _command(message, username)[0]


def any_command(update: Update, username: str | None) -> tuple[str | None, str | None]:
    """Return the command of a message in any chat, and its arguments.

    The command is in small letters and without the slash. Both are None for anything else, and for
    a command meant for another bot than `username`.
    """
    kind, message = _event(update)
    return _command(message, username) if kind == "message" else (None, None)


def _command(message: Any, username: str | None) -> tuple[str | None, str | None]:
    text = _of(message, "text") or _of(message, "caption")
    try:
        command = Command.extract_command(text if isinstance(text, str) else "")
    except CommandException:
        return None, None
    mention = command.mention
    if command.prefix != "/" or (mention and mention.lower() != (username or "").lower()):
        return None, None
    return command.command.casefold(), command.args


def _event(update: Update) -> tuple[str, Any]:
    """Return the kind of an update and its content, decoded or raw; "" and None for no content."""
    try:
        return update.event_type, update.event
    except UpdateTypeLookupError:
        unknown = update.model_extra or {}
    undecoded = unknown.get(UNDECODED)
    if isinstance(undecoded, Undecoded):
        return undecoded.kind, undecoded.event
    return next((each for each in unknown.items() if isinstance(each[1], dict)), ("", None))


def _of(event: Any, name: str) -> Any:
    """Return a field of decoded or raw content, None if there is none."""
    if isinstance(event, dict):
        return event.get(name)
    return getattr(event, "from_user" if name == "from" else name, None)


def _begins_with_command(message: Any) -> bool:
    entities = _of(message, "entities") or _of(message, "caption_entities")
    return any(
        _of(entity, "type") == MessageEntityType.BOT_COMMAND and _of(entity, "offset") == 0
        for entity in (entities if isinstance(entities, list) else ())
    )


def _person(kind: str, event: Any) -> int | None:
    """Return the Telegram ID of the person who acted, None if nobody did."""
    if kind in WITHOUT_PERSON:
        return None
    # Written by a bot for its owner, or sent by Telegram for somebody who is away.
    if _of(event, "sender_business_bot") or _of(event, "is_from_offline"):
        return None
    if kind == "chat_boost":
        source = _of(_of(event, "boost"), "source")
        # In a boost from any other source the user did not give it, but got it.
        user = _of(source, "user") if _of(source, "source") == "premium" else None
    else:
        user = _of(event, "from") or _of(event, "user")
    telegram_id = _of(user, "id")
    if type(telegram_id) is not int or _of(user, "is_bot") or telegram_id in SERVICE_ACCOUNTS:
        return None
    return telegram_id if 1 <= telegram_id <= MAX_TELEGRAM_ID else None
