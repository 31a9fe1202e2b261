"""Updates of every kind as Telegram sends them, full of what must never be stored."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st

Raw = dict[str, Any]

# When tests receive them. Telegram keeps an update for a day.
RECEIVED = datetime(2026, 6, 1, 12, 34, 56, tzinfo=UTC)
DATES = st.integers(int(RECEIVED.timestamp()) - 86_400, int(RECEIVED.timestamp()))
# Numbers whose bytes, unlike those of 1 or of 2^40, are not in any file by chance.
PEOPLE = st.integers(0, 2**32 - 1).map(lambda number: 0x5A3C_71E2_B6D4_F ^ number)
# Long enough not to be found in a file by chance; every script and every quote.
WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=6, max_size=30)


@dataclass(frozen=True)
class Sent:
    """An update and what it says."""

    raw: Raw
    kind: str
    person: int | None  # who is recorded for it, if anyone
    date: int | None  # when it occurred, if it says so
    secrets: frozenset[str]  # nothing of this may be stored


def user(user_id: int, name: str, *, is_bot: bool = False) -> Raw:
    return {
        "id": user_id,
        "is_bot": is_bot,
        "first_name": name,
        "last_name": name,
        "username": name,
        "language_code": "xx-" + name,
    }


def private_chat(user_id: int, name: str) -> Raw:
    return {"id": user_id, "type": "private", "first_name": name, "username": name}


def message(sender: Raw, text: str, date: int, **extra: Any) -> Raw:
    return {
        "message_id": 1,
        "date": date,
        "chat": private_chat(sender["id"], sender["first_name"]),
        "from": sender,
        "text": text,
        **extra,
    }


def command(sender: Raw, text: str, date: int) -> Raw:
    text = f"/{text}"
    entity = {"type": "bot_command", "offset": 0, "length": len(text.split()[0])}
    return message(sender, text, date, entities=[entity])


def contents(sender: Raw, word: str, date: int) -> list[Raw]:
    """Messages that carry everything but a text."""
    bare = {key: value for key, value in message(sender, "", date).items() if key != "text"}
    file = {"file_id": word, "file_unique_id": word}
    return [
        bare | {"caption": word, "photo": [file | {"width": 1, "height": 1}]},
        bare | {"contact": {"phone_number": word, "first_name": word, "user_id": sender["id"]}},
        bare | {"location": {"latitude": 12.3456789, "longitude": 98.7654321}},
        bare
        | {
            "venue": {
                "location": {"latitude": 12.3456789, "longitude": 98.7654321},
                "title": word,
                "address": word,
            }
        },
        bare | {"document": file | {"file_name": word}},
    ]


def events(sender: Raw, word: str, date: int) -> dict[str, Raw]:
    """One event of every kind that has a person, in the form Telegram documents."""
    chat = private_chat(sender["id"], word)
    text = message(sender, word, date)
    edited = message(sender, word, date - 100, edit_date=date)
    member = {"user": sender, "status": "member"}
    kicked = {"user": sender, "status": "kicked", "until_date": 0}
    change = {
        "chat": chat,
        "from": sender,
        "date": date,
        "old_chat_member": member,
        "new_chat_member": kicked,
    }
    address = {
        "country_code": "XX",
        "state": word,
        "city": word,
        "street_line1": word,
        "street_line2": word,
        "post_code": word,
    }
    return {
        "message": text,
        "edited_message": edited,
        "business_connection": {
            "id": word,
            "user": sender,
            "user_chat_id": sender["id"],
            "date": date,
            "is_enabled": True,
        },
        "business_message": text | {"business_connection_id": word},
        "edited_business_message": edited | {"business_connection_id": word},
        "guest_message": text,
        "message_reaction": {
            "chat": chat,
            "message_id": 1,
            "user": sender,
            "date": date,
            "old_reaction": [],
            "new_reaction": [{"type": "custom_emoji", "custom_emoji_id": word}],
        },
        "inline_query": {"id": word, "from": sender, "query": word, "offset": word},
        "chosen_inline_result": {"result_id": word, "from": sender, "query": word},
        "callback_query": {
            "id": word,
            "from": sender,
            "chat_instance": word,
            "data": word,
            "message": text,
        },
        "shipping_query": {
            "id": word,
            "from": sender,
            "invoice_payload": word,
            "shipping_address": address,
        },
        "pre_checkout_query": {
            "id": word,
            "from": sender,
            "currency": "XTR",
            "total_amount": 1,
            "invoice_payload": word,
            "order_info": {"name": word, "phone_number": word, "email": word},
        },
        "purchased_paid_media": {"from": sender, "paid_media_payload": word},
        "poll_answer": {
            "poll_id": word,
            "user": sender,
            "option_ids": [1],
            "option_persistent_ids": [word],
        },
        "my_chat_member": change,
        "chat_member": change,
        "chat_join_request": {
            "chat": chat,
            "from": sender,
            "user_chat_id": sender["id"],
            "date": date,
            "bio": word,
        },
        "chat_boost": {
            "chat": chat,
            "boost": {
                "boost_id": word,
                "add_date": date,
                "expiration_date": date,
                "source": {"source": "premium", "user": sender},
            },
        },
        "managed_bot": {"user": sender, "bot": user(sender["id"] + 1, word, is_bot=True)},
        "subscription": {"user": sender, "invoice_payload": word, "state": "active"},
    }


def nobodys(sender: Raw, word: str, date: int) -> dict[str, Raw]:
    """Kinds in which no person acted."""
    channel = {"id": -(10**12), "type": "channel", "title": word}
    post = {"message_id": 1, "date": date, "chat": channel, "text": word}
    return {
        "channel_post": post,
        "edited_channel_post": post | {"edit_date": date},
        "poll": {
            "id": word,
            "question": word,
            "options": [{"persistent_id": word, "text": word, "voter_count": 1}],
            "total_voter_count": 1,
            "is_closed": False,
            "is_anonymous": True,
            "type": "regular",
            "allows_multiple_answers": False,
            "allows_revoting": False,
            "members_only": False,
        },
        "deleted_business_messages": {
            "business_connection_id": word,
            "chat": private_chat(sender["id"], word),
            "message_ids": [1],
        },
        "message_reaction_count": {
            "chat": channel,
            "message_id": 1,
            "date": date,
            "reactions": [{"type": {"type": "emoji", "emoji": "👍"}, "total_count": 1}],
        },
        "removed_chat_boost": {
            "chat": channel,
            "boost_id": word,
            "remove_date": date,
            "source": {"source": "premium", "user": sender},
        },
        "stopped_message_generation": {
            "chat": private_chat(sender["id"], word),
            "draft_id": 1,
        },
    }


# The other kinds carry no time, or not that of what happened.
DATED = {
    "message",
    "edited_message",
    "business_message",
    "edited_business_message",
    "guest_message",
    "message_reaction",
    "my_chat_member",
    "chat_member",
    "chat_join_request",
}
SERVICE_ACCOUNTS = (777000, 1087968824, 136817688)


@st.composite
def sent(draw: st.DrawFn) -> Sent:
    """Any update of any kind, from anyone, with anything in it."""
    person, date = draw(PEOPLE), draw(DATES)
    name, word = (f"canary {draw(WORDS)}" for _ in range(2))
    sender = user(person, name)
    secrets = frozenset({name, word, "12.3456789", "98.7654321"})
    of_people, of_nobody = events(sender, word, date), nobodys(sender, word, date)
    kind = draw(
        st.sampled_from([*of_people, *of_nobody, "command", "start", "content", "service", "new"])
    )
    dated: int | None = date
    match kind:
        case "command":
            raw, kind = {"message": command(sender, word, date)}, "message"
        case "start":
            raw, kind = {"message": command(sender, f"start {word}", date)}, "message"
        case "content":
            raw, kind = {"message": draw(st.sampled_from(contents(sender, word, date)))}, "message"
        case "service":
            account = user(draw(st.sampled_from(SERVICE_ACCOUNTS)), name)
            raw, kind, person = {"message": message(account, word, date)}, "message", 0
        case "new":
            raw = {kind: {"from": sender, "text": word}}
        case _ if kind in of_nobody:
            raw, person = {kind: of_nobody[kind]}, 0
        case _:
            raw = {kind: of_people[kind]}
    return Sent(raw, kind, person or None, dated if kind in DATED else None, secrets)


def traces(number: int) -> set[bytes]:
    """The forms in which SQLite, JSON or a log could hold a number above 2^32."""
    decimal, hexadecimal = str(number), f"{number:x}"
    found = {number.to_bytes(size, "big") for size in (6, 8) if number < 2 ** (8 * size)}
    found.add(varint(number))
    for text in (decimal, hexadecimal):
        found |= words_traces(text)
    return found


def words_traces(text: str) -> set[bytes]:
    """The forms in which a file could hold a text."""
    escaped = json.dumps(text)[1:-1]
    return {
        text.encode("utf-8"),
        text.encode("utf-16-le"),
        text.encode("utf-16-be"),
        escaped.encode(),
        text.encode("utf-8").hex().encode(),
    }


def varint(number: int) -> bytes:
    """SQLite's form of a row number: seven bits a byte, the first byte the most significant."""
    digits = [number & 0x7F]
    while number := number >> 7:
        digits.append(number & 0x7F | 0x80)
    return bytes(reversed(digits))
