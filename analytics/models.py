"""The data that is recorded: who, what kind of interaction, when. There is no fourth field."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

# Telegram: a user identifier has at most 52 significant bits.
LARGEST_USER_ID = 2**52
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


@dataclass(frozen=True, slots=True)
class UserInteraction:
    """One interaction of one person.

    `user_id` is the Telegram ID, 1 to 2^52; it becomes a reference before it reaches the file.
    `timestamp` is aware; it is rounded down to the precision before it reaches the file.
    Raises ValueError for an id outside that range, and for a naive timestamp.
    """

    user_id: int = field(repr=False)  # a repr ends up in logs
    interaction_type: InteractionType
    timestamp: datetime

    def __post_init__(self) -> None:
        if not 1 <= self.user_id <= LARGEST_USER_ID:
            raise ValueError("user_id is not a person's: Telegram's lie in 1 to 2^52")
        if self.timestamp.tzinfo is None:
            raise ValueError("timestamp has no time zone: give an aware datetime")
