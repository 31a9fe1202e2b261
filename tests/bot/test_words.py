"""The words that an update is counted by: declared ones, never a person's."""

from collections.abc import Callable

import pytest
from aiogram import Bot
from aiogram.types import ChatMemberAdministrator, ChatMemberRestricted, Update
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics import ChatKind, Event, EventKind
from analytics.telegram.contents import UNDECODED, Undecoded
from analytics.telegram.decode import decode
from analytics.telegram.words import OTHER, Vocabulary, events_of
from tests.support import raw_updates
from tests.support.examples import examples
from tests.support.raw_updates import RECEIVED, Raw, Sent
from tests.support.words import OF_NEW, VOCABULARY, WORDS

DATE = int(RECEIVED.timestamp()) - 60
ME = "sandbox_bot"
BOT = Bot("123456789:" + "A" * 35)
PERSON = raw_updates.user(2**41, "Somebody")
GROUP = {"id": -(10**12), "type": "supergroup", "title": "Somewhere"}
CHATS = ["private", "group", "supergroup", "channel"]
Read = Callable[[Raw], Update]


def decoded(raw: Raw) -> Update:
    update = decode({"update_id": 1} | raw, BOT)
    assert update is not None
    assert UNDECODED not in (update.model_extra or {})
    return update


def undecoded(raw: Raw) -> Update:
    """The same, as if aiogram could not decode it."""
    [(kind, content)] = raw.items()
    return Update.model_validate({"update_id": 1, UNDECODED: Undecoded(kind, content)})


@pytest.fixture(params=[decoded, undecoded], ids=["decoded", "raw"])
def read(request: pytest.FixtureRequest) -> Read:
    way: Read = request.param
    return way


def words(update: Update, kind: EventKind, vocabulary: Vocabulary = VOCABULARY) -> list[str]:
    return [each.word for each in events_of(update, vocabulary, ME) if each.kind is kind]


def command(text: str) -> Raw:
    return {"message": raw_updates.command(PERSON, text, DATE)}


def click(data: str, **more: object) -> Raw:
    of_kind = raw_updates.events(PERSON, "x", DATE)["callback_query"]
    return {"callback_query": of_kind | {"data": data} | more}


def member(status: str, **more: object) -> Raw:
    names = {**ChatMemberAdministrator.model_fields, **ChatMemberRestricted.model_fields}
    rights = {each: False for each in names if each.startswith(("can_", "is_anonymous"))}
    gone = {"until_date": 0} if status in ("kicked", "restricted") else {}
    # aiogram decodes these only with their rights.
    rights = rights if status in ("administrator", "restricted") else {}
    return {"user": PERSON, "status": status} | rights | gone | more


def change(where: object, old: Raw, new: Raw) -> Raw:
    chat = {"id": PERSON["id"], "type": where}
    members = {"old_chat_member": old, "new_chat_member": new}
    return {"my_chat_member": {"chat": chat, "from": PERSON, "date": DATE} | members}


def only_declared(events: tuple[Event, ...]) -> bool:
    return all(
        each.word in WORDS[each.kind] and each.of_new is (each.kind in OF_NEW) for each in events
    )


@given(sent=raw_updates.sent(), raw=st.booleans())
def test_every_word_is_a_declared_one_and_where_it_was_is_always_counted(
    sent: Sent, raw: bool
) -> None:
    events = events_of((undecoded if raw else decoded)(sent.raw), VOCABULARY, ME)

    assert only_declared(events)
    assert [each.kind for each in events].count(EventKind.CHAT) == 1
    assert not {each.word for each in events} & sent.secrets


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(max_size=64),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
FIELDS = (
    *("chat", "type", "status", "is_member", "old_chat_member", "new_chat_member", "data"),
    *("message", "text", "caption", "from", "entities", "offset", "inline_message_id"),
    *("language_code", "user", "boost", "source"),
)
ODD = st.recursive(
    ANYTHING | st.sampled_from([*CHATS, "/start x", "restricted", "left", "member", "bot_command"]),
    lambda inner: (
        st.dictionaries(st.sampled_from(FIELDS), inner, max_size=6) | st.lists(inner, max_size=2)
    ),
    max_leaves=20,
)
ODD_VALUES: tuple[object, ...] = (None, 5, True, 1.5, [], {}, [{}], {"type": "private"}, "of later")


@pytest.mark.parametrize("odd", ODD_VALUES, ids=repr)
def test_each_field_that_is_read_may_be_odd(odd: object) -> None:
    start = command("start abc234")["message"]
    clicked = click("menu")["callback_query"]
    added = change("group", LEFT, MEMBER)["my_chat_member"]
    for raw in (
        *({"message": start | {name: odd}} for name in ("chat", "text", "caption", "entities")),
        {"message": start | {"chat": {"type": odd}}},
        {"message": start | {"from": PERSON | {"language_code": odd}}},
        {"message": start | {"from": odd}},
        *({"callback_query": clicked | {name: odd}} for name in ("data", "message")),
        {"callback_query": clicked | {"message": {"chat": {"type": odd}}}},
        {"my_chat_member": added | {"chat": {"type": odd}}},
        *(
            {"my_chat_member": added | {f"{when}_chat_member": member}}
            for when in ("old", "new")
            for member in (odd, {"status": odd}, {"status": "restricted", "is_member": odd})
        ),
    ):
        assert only_declared(events_of(undecoded(raw), VOCABULARY, ME))


KINDS = st.sampled_from([*raw_updates.events(PERSON, "", DATE), "a_new_kind", ""])


@settings(max_examples=examples(500))
@given(kind=KINDS, content=ODD)
def test_whatever_is_odd_in_an_update_gives_a_declared_word_or_none(
    kind: str, content: object
) -> None:
    update = Update.model_validate({"update_id": 1, UNDECODED: Undecoded(kind, content)})

    assert only_declared(events_of(update, VOCABULARY, ME))


# --- Commands and start links


@pytest.mark.parametrize(
    ("text", "commands", "links"),
    [
        ("help", ["help"], []),
        (f"HELP@{ME} me", ["help"], []),
        ("help@other_bot", [], []),
        ("weather", [], []),
        ("start", ["start"], []),
        ("start abc234", ["start"], ["abc234"]),
        (f"start@{ME} abc234", ["start"], ["abc234"]),
        ("start ABC234", ["start"], [OTHER]),
        ("start abc234 more", ["start"], [OTHER]),
        ("start retired", ["start"], [OTHER]),
        ("start " + "\u202e" * 64, ["start"], [OTHER]),
        ("start privacy", ["start"], []),
        ("help abc234", ["help"], []),
        ("start@other_bot abc234", [], []),
    ],
)
def test_a_start_counts_by_its_link_if_that_is_live(
    read: Read, text: str, commands: list[str], links: list[str]
) -> None:
    update = read(command(text))

    assert words(update, EventKind.COMMAND) == commands
    assert words(update, EventKind.START_LINK) == links
    assert words(update, EventKind.NEW_BY_LINK) == links


@settings(max_examples=examples(300))
@given(payload=st.binary(max_size=64).map(lambda raw: raw.decode("latin-1")) | st.text())
def test_any_payload_is_other_or_none(payload: str) -> None:
    update = decoded(command("start " + payload))

    assert words(update, EventKind.START_LINK) in ([], [OTHER])


def test_a_text_that_telegram_calls_no_command_counts_as_none(read: Read) -> None:
    update = read({"message": raw_updates.message(PERSON, "/start abc234", DATE)})

    assert words(update, EventKind.COMMAND) == words(update, EventKind.START_LINK) == []


# --- Buttons


@pytest.mark.parametrize(
    ("data", "names"),
    [
        ("menu", ["menu"]),
        ("page", ["page"]),
        ("page:2:7000000001", ["page"]),
        ("page:1", ["page:1"]),
        ("shop|7", ["shop"]),
        ("shop:7", []),
        ("menu:2", []),
        ("pages:2", []),
        ("", []),
        ("\0" * 64, []),
    ],
)
def test_a_click_counts_by_the_name_of_its_button(read: Read, data: str, names: list[str]) -> None:
    assert words(read(click(data)), EventKind.BUTTON) == names


def test_a_button_in_a_message_is_no_click(read: Read) -> None:
    assert (
        words(read({"message": raw_updates.message(PERSON, "menu", DATE)}), EventKind.BUTTON) == []
    )


# --- Where it was


@pytest.mark.parametrize(
    ("chat_type", "kind"),
    [
        ("private", ChatKind.PRIVATE),
        ("group", ChatKind.GROUP),
        ("supergroup", ChatKind.GROUP),
        ("channel", ChatKind.CHANNEL),
    ],
)
@pytest.mark.parametrize(
    "update",
    ["message", "edited_message", "message_reaction", "chat_member", "chat_boost", "click"],
)
def test_an_interaction_counts_by_the_kind_of_its_chat(
    read: Read, chat_type: str, kind: ChatKind, update: str
) -> None:
    chat = {"id": -(10**12), "type": chat_type, "title": "x"}
    events = raw_updates.events(PERSON, "x", DATE)
    if update == "click":
        raw = click("x", message=events["message"] | {"chat": chat})
    else:
        raw = {update: events[update] | {"chat": chat}}

    assert words(read(raw), EventKind.CHAT) == [kind]


@pytest.mark.parametrize(
    ("update", "kind"),
    [
        ("inline_query", ChatKind.INLINE),
        ("chosen_inline_result", ChatKind.INLINE),
        ("business_message", ChatKind.PRIVATE),
        ("edited_business_message", ChatKind.PRIVATE),
        ("poll_answer", ChatKind.OTHER),
        ("pre_checkout_query", ChatKind.OTHER),
        ("business_connection", ChatKind.OTHER),
    ],
)
def test_an_interaction_outside_of_a_chat_counts_as_what_it_is(
    read: Read, update: str, kind: ChatKind
) -> None:
    raw = {update: raw_updates.events(PERSON, "x", DATE)[update]}

    assert words(read(raw), EventKind.CHAT) == [kind]


def test_a_click_below_a_message_that_was_sent_inline_is_inline(read: Read) -> None:
    raw = click("x", inline_message_id="1")
    del raw["callback_query"]["message"]

    assert words(read(raw), EventKind.CHAT) == [ChatKind.INLINE]


# --- The bot's place in a chat

LEFT, KICKED, MEMBER = (member(status) for status in ("left", "kicked", "member"))
ADMIN, MUTED = member("administrator"), member("restricted", is_member=True)
MUTED_AND_GONE = member("restricted", is_member=False)


@pytest.mark.parametrize(
    ("group", "word"), [("group", "group"), ("supergroup", "group"), ("channel", "channel")]
)
@pytest.mark.parametrize("outside", [LEFT, KICKED, MUTED_AND_GONE])
@pytest.mark.parametrize("inside", [MEMBER, ADMIN, MUTED])
def test_being_added_and_removed_counts(
    read: Read, group: str, word: str, outside: Raw, inside: Raw
) -> None:
    added, removed = read(change(group, outside, inside)), read(change(group, inside, outside))

    assert words(added, EventKind.MEMBERSHIP) == [f"added_to_{word}"]
    assert words(removed, EventKind.MEMBERSHIP) == [f"removed_from_{word}"]


@pytest.mark.parametrize("group", ["group", "supergroup", "channel"])
@pytest.mark.parametrize(
    ("old", "new"),
    [(MEMBER, ADMIN), (ADMIN, MEMBER), (MEMBER, MUTED), (LEFT, KICKED), (KICKED, LEFT)],
)
def test_a_change_of_rights_counts_as_nothing(read: Read, group: str, old: Raw, new: Raw) -> None:
    assert words(read(change(group, old, new)), EventKind.MEMBERSHIP) == []


@pytest.mark.parametrize(
    ("old", "new", "word"),
    [(MEMBER, KICKED, "blocked"), (KICKED, MEMBER, "unblocked"), (LEFT, KICKED, "blocked")],
)
def test_blocking_and_unblocking_count(read: Read, old: Raw, new: Raw, word: str) -> None:
    assert words(read(change("private", old, new)), EventKind.MEMBERSHIP) == [word]


@pytest.mark.parametrize("status", ["of_later", None, 5, []])
@pytest.mark.parametrize("where", [*CHATS, "of_later", None])
def test_a_status_that_is_not_known_counts_as_nothing(where: object, status: object) -> None:
    update = undecoded(change(where, LEFT, {"user": PERSON, "status": status}))

    assert words(update, EventKind.MEMBERSHIP) == []


def test_other_members_of_a_chat_count_as_nothing(read: Read) -> None:
    raw = {"chat_member": change("group", LEFT, MEMBER)["my_chat_member"]}

    assert words(read(raw), EventKind.MEMBERSHIP) == []


# --- Languages


@pytest.mark.parametrize(
    ("code", "word"),
    [
        ("de", "de"),
        ("pt-br", "pt"),
        ("zh-Hans-CN", "zh"),
        ("EN", "en"),
        ("tlh", OTHER),
        ("xx", OTHER),
        ("Somebody", OTHER),
        ("", OTHER),
        ("-", OTHER),
        (None, OTHER),
    ],
)
def test_a_language_is_one_of_a_closed_list(read: Read, code: str | None, word: str) -> None:
    update = read({"message": raw_updates.message(PERSON | {"language_code": code}, "x", DATE)})

    assert words(update, EventKind.NEW_BY_LANGUAGE) == [word]


def test_without_the_setting_no_language_is_counted(read: Read) -> None:
    update = read({"message": raw_updates.message(PERSON, "x", DATE)})

    assert words(update, EventKind.NEW_BY_LANGUAGE, Vocabulary()) == []


def test_the_list_of_languages_is_iso_639_1() -> None:
    assert len(WORDS[EventKind.NEW_BY_LANGUAGE]) == 185  # 184 languages, and `other`
