"""Events: words counted by day, without identity. Their kinds are a closed list."""

from enum import StrEnum
from typing import NamedTuple


class EventKind(StrEnum):
    """The kinds of events, and where the words of each come from; never a word of a person."""

    COMMAND = "command"
    """A command that the bot registers, without the slash."""
    BUTTON = "button"
    """The prefix of a registered `CallbackData`, or a literal callback data of a handler."""
    MEMBERSHIP = "membership"
    """A member of `Membership`."""
    CHAT = "chat"
    """A member of `ChatKind`: the kind of chat that an interaction took place in."""
    START_LINK = "start_link"
    """The code of a start link, or `other` for any other payload of /start."""
    NEW_BY_LINK = "new_by_link"
    """The code of a start link, or `other`; counted once, when the person is new."""
    NEW_BY_LANGUAGE = "new_by_language"
    """A language code of a closed list, or `other`; counted once, when the person is new."""
    OWN = "own"
    """A word that the developer declared, counted by `AnalyticsService.count`."""
    HANDLED = "handled"
    """A subject and the bucket of the time that its handler took, as `/help 0.3`."""
    FAILED = "failed"
    """A subject whose handler raised an exception."""
    UNANSWERED = "unanswered"
    """A subject that no handler took."""
    ERROR = "error"
    """The class of an exception and the place that raised it, as `KeyError at shop.py:12`."""


class Membership(StrEnum):
    """The changes of the bot's place in a chat."""

    BLOCKED = "blocked"
    UNBLOCKED = "unblocked"
    ADDED_TO_GROUP = "added_to_group"
    REMOVED_FROM_GROUP = "removed_from_group"
    ADDED_TO_CHANNEL = "added_to_channel"
    REMOVED_FROM_CHANNEL = "removed_from_channel"


class ChatKind(StrEnum):
    """The kinds of chat that an interaction takes place in; a supergroup is a group."""

    PRIVATE = "private"
    GROUP = "group"
    CHANNEL = "channel"
    INLINE = "inline"
    OTHER = "other"


class Event(NamedTuple):
    """A word to be counted; with `of_new`, only if the person was not known before."""

    kind: EventKind
    word: str
    of_new: bool = False
