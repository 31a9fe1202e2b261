"""Interactions: as handed over (who, what kind, when), as stored, and as their person sees them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from analytics.marking import N_

# Telegram: a user identifier has at most 52 significant bits.
MAX_TELEGRAM_ID = 2**52
# Telegram's own accounts, which are no single person: service messages, anonymous administrators
# of groups, and channels.
SERVICE_ACCOUNTS = frozenset({777000, 1087968824, 136817688})


class InteractionType(StrEnum):
    """The closed list of interaction types: our own words or Telegram's, never a person's."""

    MESSAGE = "message"
    COMMAND = "command"
    BUTTON_CLICK = "button_click"
    EDITED_MESSAGE = "edited_message"
    BUSINESS_CONNECTION = "business_connection"
    BUSINESS_MESSAGE = "business_message"
    EDITED_BUSINESS_MESSAGE = "edited_business_message"
    GUEST_MESSAGE = "guest_message"
    MESSAGE_REACTION = "message_reaction"
    INLINE_QUERY = "inline_query"
    CHOSEN_INLINE_RESULT = "chosen_inline_result"
    SHIPPING_QUERY = "shipping_query"
    PRE_CHECKOUT_QUERY = "pre_checkout_query"
    PURCHASED_PAID_MEDIA = "purchased_paid_media"
    POLL_ANSWER = "poll_answer"
    MY_CHAT_MEMBER = "my_chat_member"
    CHAT_MEMBER = "chat_member"
    CHAT_JOIN_REQUEST = "chat_join_request"
    CHAT_BOOST = "chat_boost"
    MANAGED_BOT = "managed_bot"
    SUBSCRIPTION = "subscription"
    OTHER = "other"


# Their names in the plural, wherever people read a report.
TYPE_NAMES: Mapping[str, str] = MappingProxyType(
    {
        InteractionType.MESSAGE: N_("messages"),
        InteractionType.COMMAND: N_("commands"),
        InteractionType.BUTTON_CLICK: N_("button clicks"),
        InteractionType.EDITED_MESSAGE: N_("edited messages"),
        InteractionType.BUSINESS_CONNECTION: N_("business connections"),
        InteractionType.BUSINESS_MESSAGE: N_("business messages"),
        InteractionType.EDITED_BUSINESS_MESSAGE: N_("edited business messages"),
        InteractionType.GUEST_MESSAGE: N_("guest messages"),
        InteractionType.MESSAGE_REACTION: N_("reactions"),
        InteractionType.INLINE_QUERY: N_("inline queries"),
        InteractionType.CHOSEN_INLINE_RESULT: N_("chosen inline results"),
        InteractionType.SHIPPING_QUERY: N_("shipping queries"),
        InteractionType.PRE_CHECKOUT_QUERY: N_("checkouts"),
        InteractionType.PURCHASED_PAID_MEDIA: N_("paid media purchases"),
        InteractionType.POLL_ANSWER: N_("poll answers"),
        InteractionType.MY_CHAT_MEMBER: N_("bot status changes"),
        InteractionType.CHAT_MEMBER: N_("member status changes"),
        InteractionType.CHAT_JOIN_REQUEST: N_("join requests"),
        InteractionType.CHAT_BOOST: N_("boosts"),
        InteractionType.MANAGED_BOT: N_("managed bots"),
        InteractionType.SUBSCRIPTION: N_("subscriptions"),
        InteractionType.OTHER: N_("other types"),
    }
)


def type_of_word(word: str) -> InteractionType:
    """Return the interaction type of a word that is stored; OTHER for one of a newer version."""
    return InteractionType(word) if word in TYPE_NAMES else InteractionType.OTHER


@dataclass(frozen=True, slots=True)
class Interaction:
    """One interaction of one person, to be recorded.

    `telegram_id` is 1 to 2^52; it becomes a reference before it is stored. `timestamp` is aware;
    it is rounded down to the precision before it is stored.
    Raises ValueError for an id outside that range, and for a naive timestamp.
    """

    telegram_id: int = field(repr=False)  # a repr ends up in logs
    interaction_type: InteractionType
    timestamp: datetime

    def __post_init__(self) -> None:
        if not 1 <= self.telegram_id <= MAX_TELEGRAM_ID:
            raise ValueError("telegram_id is not a person's: Telegram's lie in 1 to 2^52")
        if self.timestamp.tzinfo is None:
            raise ValueError("timestamp has no time zone: give an aware datetime")


@dataclass(frozen=True, slots=True)
class UserInteraction:
    """Interactions as they are stored: `count` alike ones of the person numbered `user_id`.

    `user_id` is an internal random number, not a Telegram ID. `timestamp` is aware, UTC.
    """

    user_id: int
    interaction_type: InteractionType
    timestamp: datetime
    count: int


@dataclass(frozen=True, slots=True)
class StartLink:
    """A link to the bot whose starts are counted by day, until it is retired.

    `code` is in the link, `name` is whatever an owner gave it. Times are rounded down to the hour.
    """

    code: str
    name: str
    created: datetime
    retired: datetime | None = None


@dataclass(frozen=True, slots=True)
class OwnRow:
    """Interactions as their person sees them: UserInteraction without `user_id`.

    With two accounts and the file, someone could find other people by the numbers of theirs.
    """

    interaction_type: InteractionType
    timestamp: datetime
    count: int
