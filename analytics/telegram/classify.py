"""Classify updates: which person acted, how, and when.

The same rules read updates that aiogram decoded and raw ones that it could not decode.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from aiogram.enums import MessageEntityType
from aiogram.types import Update

from analytics import Interaction, InteractionType
from analytics.clock import from_unix
from analytics.models import MAX_TELEGRAM_ID, SERVICE_ACCOUNTS
from analytics.telegram.contents import field, kind_and_content, user_of

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


def classify(update: Update, received: datetime) -> Interaction | None:
    """Return the interaction to record for an update, None if no person acted.

    `received` is its time if the update has none, or one more than 25 hours before.
    """
    kind, event = kind_and_content(update)
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


def person_of(update: Update) -> int | None:
    """Return the Telegram ID of the person who acted, None if nobody did."""
    return _person(*kind_and_content(update))


def interaction_type(update: Update) -> InteractionType:
    """Return the type of an update: a member of the vocabulary, never a word of the person."""
    kind, event = kind_and_content(update)
    if kind == "message":
        return InteractionType.COMMAND if _begins_with_command(event) else InteractionType.MESSAGE
    if kind == "callback_query":
        return InteractionType.BUTTON_CLICK
    return TYPES.get(kind, InteractionType.OTHER)


def date_of(update: Update) -> datetime | None:
    """Return the date of an update in UTC, for an edit that of the edit.

    None if the update has no date, or one that is not when somebody acted.
    """
    kind, event = kind_and_content(update)
    if kind in UNDATED:
        return None
    date = field(event, "edit_date" if kind.startswith("edited_") else "date")
    if isinstance(date, datetime):
        return date.astimezone(UTC)
    try:
        return from_unix(date) if type(date) is int else None
    except (OverflowError, OSError, ValueError):
        return None


def _begins_with_command(message: Any) -> bool:
    entities = field(message, "entities") or field(message, "caption_entities")
    return any(
        field(entity, "type") == MessageEntityType.BOT_COMMAND and field(entity, "offset") == 0
        for entity in (entities if isinstance(entities, list) else ())
    )


def _person(kind: str, event: Any) -> int | None:
    """Return the Telegram ID of the person who acted, None if nobody did."""
    if kind in WITHOUT_PERSON:
        return None
    # Written by a bot for its owner, or sent by Telegram for somebody who is away.
    if field(event, "sender_business_bot") or field(event, "is_from_offline"):
        return None
    user = user_of(kind, event)
    telegram_id = field(user, "id")
    if type(telegram_id) is not int or field(user, "is_bot") or telegram_id in SERVICE_ACCOUNTS:
        return None
    return telegram_id if 1 <= telegram_id <= MAX_TELEGRAM_ID else None
