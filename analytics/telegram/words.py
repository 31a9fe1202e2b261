"""Tell which words an update is counted by: declared ones, none of them a person's.

Whatever is odd in an update gives `other` or nothing.
"""

import dataclasses
from collections.abc import Collection, Iterator, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any

from aiogram.enums import ChatMemberStatus, ChatType
from aiogram.types import Update
from babel import Locale

from analytics import InteractionType
from analytics.events import ChatKind, Event, EventKind, Membership
from analytics.events.outcome_words import button_subject, command_subject
from analytics.telegram.button_table import Buttons, button_of
from analytics.telegram.buttons import Right
from analytics.telegram.classify import interaction_type
from analytics.telegram.contents import any_command, clicked, field, kind_and_content, user_of

OTHER = InteractionType.OTHER.value
INLINE_KINDS = frozenset({"inline_query", "chosen_inline_result"})
CHAT_KINDS: Mapping[str, ChatKind] = MappingProxyType(
    {
        ChatType.PRIVATE.value: ChatKind.PRIVATE,
        ChatType.GROUP.value: ChatKind.GROUP,
        ChatType.SUPERGROUP.value: ChatKind.GROUP,
        ChatType.CHANNEL.value: ChatKind.CHANNEL,
    }
)
# Made once, as each interaction has one.
CHATS = {kind: Event(EventKind.CHAT, kind.value) for kind in ChatKind}
# What it is called where the bot is gone, and where it is there.
MEMBERSHIPS: Mapping[str, tuple[Membership, Membership]] = MappingProxyType(
    {
        ChatType.PRIVATE.value: (Membership.BLOCKED, Membership.UNBLOCKED),
        ChatType.GROUP.value: (Membership.REMOVED_FROM_GROUP, Membership.ADDED_TO_GROUP),
        ChatType.SUPERGROUP.value: (Membership.REMOVED_FROM_GROUP, Membership.ADDED_TO_GROUP),
        ChatType.CHANNEL.value: (Membership.REMOVED_FROM_CHANNEL, Membership.ADDED_TO_CHANNEL),
    }
)
IS_THERE: Mapping[str, bool] = MappingProxyType(
    {
        ChatMemberStatus.CREATOR.value: True,
        ChatMemberStatus.ADMINISTRATOR.value: True,
        ChatMemberStatus.MEMBER.value: True,
        ChatMemberStatus.LEFT.value: False,
        ChatMemberStatus.KICKED.value: False,
    }
)


@dataclasses.dataclass(frozen=True, slots=True)
class Vocabulary:
    """The words of one bot: no update of it is counted by any other."""

    commands: Collection[str] = frozenset()
    """Commands in small letters, without the slash."""
    buttons: Buttons = dataclasses.field(default_factory=dict)
    start_links: Collection[str] = frozenset()
    """The codes of the links that are live."""
    count_languages: bool = False


def events_of(update: Update, vocabulary: Vocabulary, username: str | None) -> tuple[Event, ...]:
    """Return the events that the interaction of an update counts as; `username` is the bot's."""
    kind, content = kind_and_content(update)
    events = [CHATS[_chat_kind(kind, content)]]
    match kind:
        case "message":
            events += _of_command(update, vocabulary, username)
        case "callback_query":
            if button := button_of(clicked(update) or "", vocabulary.buttons):
                events.append(Event(EventKind.BUTTON, button))
        case "my_chat_member":
            if membership := _membership(content):
                events.append(Event(EventKind.MEMBERSHIP, membership.value))
    if vocabulary.count_languages:
        language = _language(field(user_of(kind, content), "language_code"))
        events.append(Event(EventKind.NEW_BY_LANGUAGE, language, of_new=True))
    return tuple(events)


def subject_of(update: Update, vocabulary: Vocabulary, username: str | None) -> str:
    """Return what an update is about: a command or button of the vocabulary, else its kind.

    `username` is the bot's.
    """
    kind, _ = kind_and_content(update)
    command, _ = any_command(update, username)
    if command is not None and command in vocabulary.commands:
        return command_subject(command)
    name = button_of(clicked(update) or "", vocabulary.buttons)
    return button_subject(name) if name else kind


def start_code(update: Update, username: str | None) -> str | None:
    """Return what follows /start, None for anything else; `username` is the bot's."""
    try:
        command, argument = any_command(update, username)
    # An odd update is looked at where its interaction is classified.
    except Exception:
        return None
    return argument if command == "start" else None


def _of_command(update: Update, vocabulary: Vocabulary, username: str | None) -> Iterator[Event]:
    command, argument = any_command(update, username)
    if command is None or interaction_type(update) is not InteractionType.COMMAND:
        return
    if command in vocabulary.commands:
        yield Event(EventKind.COMMAND, command)
    # The argument "privacy" is that of the analytics' own links.
    if command == "start" and argument and argument != Right.PRIVACY:
        code = argument if argument in vocabulary.start_links else OTHER
        yield Event(EventKind.START_LINK, code)
        yield Event(EventKind.NEW_BY_LINK, code, of_new=True)


def _chat_kind(kind: str, content: Any) -> ChatKind:
    if kind in INLINE_KINDS:
        return ChatKind.INLINE
    if kind.endswith("business_message"):
        return ChatKind.PRIVATE
    if kind == "callback_query":
        if field(content, "inline_message_id"):
            return ChatKind.INLINE
        content = field(content, "message")
    chat_type = field(field(content, "chat"), "type")
    kind_of_chat = CHAT_KINDS.get(chat_type) if isinstance(chat_type, str) else None
    return kind_of_chat or ChatKind.OTHER


def _membership(change: Any) -> Membership | None:
    """Return what happened to the bot's place in a chat, None for a change of its rights."""
    where = field(field(change, "chat"), "type")
    words = MEMBERSHIPS.get(where) if isinstance(where, str) else None
    is_there = _is_there(field(change, "new_chat_member"))
    if words is None or is_there is None:
        return None
    # In a private chat there is no other change than blocking and unblocking.
    if where != ChatType.PRIVATE:
        was_there = _is_there(field(change, "old_chat_member"))
        if was_there is None or was_there is is_there:
            return None
    return words[is_there]


def _is_there(member: Any) -> bool | None:
    """Return whether a member is in the chat, None if that is not known."""
    status = field(member, "status")
    if status == ChatMemberStatus.RESTRICTED:
        is_member = field(member, "is_member")
        return is_member if isinstance(is_member, bool) else None
    return IS_THERE.get(status) if isinstance(status, str) else None


def _language(code: Any) -> str:
    """Return the language of a code such as "pt-br", `other` if it is on no list."""
    language = code.partition("-")[0].lower() if isinstance(code, str) else ""
    return language if language in _languages() else OTHER


@cache
def _languages() -> frozenset[str]:
    """Return the codes of ISO 639-1, which have two letters."""
    names: Mapping[str, str] = Locale("en").languages
    return frozenset(each for each in names if len(each) == 2)
