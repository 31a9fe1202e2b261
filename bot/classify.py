"""Update -> UserInteraction, or None where no person acted."""

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

from aiogram.dispatcher.middlewares.user_context import UserContextMiddleware
from aiogram.enums import ChatMemberStatus, ChatType, MessageEntityType
from aiogram.types import Message, Update
from aiogram.types.update import UpdateTypeLookupError

from analytics import InteractionType, UserInteraction
from analytics.interactions import LARGEST_USER_ID, SERVICE_ACCOUNTS
from analytics.windows import BLOCKED, UNBLOCKED

# Kinds that tell of something Telegram or a bot did to a person, not of what the person did,
# have no user in aiogram's event context and so no type here.
TYPES = {str(interaction_type): interaction_type for interaction_type in InteractionType}


def classify(update: Update, received: datetime) -> UserInteraction | None:
    """What is recorded of an update; `received` is its time where the update has none."""
    user_id = _person(update)
    if user_id is None:
        return None
    return UserInteraction(user_id, interaction_type(update), _occurred(update) or received)


def interaction_type(update: Update) -> InteractionType:
    """A word of our vocabulary, never the person's."""
    try:
        kind = update.event_type
    except UpdateTypeLookupError:
        return InteractionType.OTHER
    if kind == "message":
        is_command = update.message is not None and _begins_with_command(update.message)
        return InteractionType.COMMAND if is_command else InteractionType.MESSAGE
    if kind == "callback_query":
        return InteractionType.BUTTON_CLICK
    return TYPES.get(kind, InteractionType.OTHER)


def event(update: Update, commands: Collection[str]) -> str | None:
    """What is counted by day, of nobody: a command of `commands`, or that the bot was (un)blocked.

    A word of the bot's own, never the person's.
    """
    if update.message is not None:
        command = command_of(update.message.text or "")
        return f"/{command}" if command in commands else None
    change = update.my_chat_member
    if change is None or change.chat.type != ChatType.PRIVATE:
        return None
    return BLOCKED if change.new_chat_member.status == ChatMemberStatus.KICKED else UNBLOCKED


def command_of(text: str) -> str | None:
    """The command that a text begins with, also where it names the bot: /command@bot."""
    first, *_ = text.split(maxsplit=1) or [""]
    return first[1:].partition("@")[0] if first.startswith("/") else None


def _begins_with_command(message: Message) -> bool:
    return any(
        entity.type == MessageEntityType.BOT_COMMAND and entity.offset == 0
        for entity in message.entities or ()
    )


def _person(update: Update) -> int | None:
    """The Telegram ID of the person who acted."""
    user = UserContextMiddleware.resolve_event_context(update).user
    if user is not None:
        user_id, is_bot = user.id, user.is_bot
    else:
        user_id, is_bot = _person_of_unknown_kind(update)
    if is_bot or user_id in SERVICE_ACCOUNTS or not 1 <= user_id <= LARGEST_USER_ID:
        return None
    return user_id


def _person_of_unknown_kind(update: Update) -> tuple[int, bool]:
    """Id and whether it is a bot's, from a kind that aiogram keeps as it came; id 0 for nobody."""
    for event in (update.model_extra or {}).values():
        for field in ("from", "user"):
            user = event.get(field) if isinstance(event, dict) else None
            if isinstance(user, dict) and type(user.get("id")) is int:
                return user["id"], bool(user.get("is_bot"))
    return 0, False


def _occurred(update: Update) -> datetime | None:
    """When it occurred, as Telegram says; for an edit, when it was edited."""
    try:
        event: Any = update.event
    except UpdateTypeLookupError:
        return None
    if update.event_type.startswith("edited_") and event.edit_date:
        return datetime.fromtimestamp(event.edit_date, UTC)
    date = getattr(event, "date", None)
    return date.astimezone(UTC) if isinstance(date, datetime) else None
