"""Decode updates from JSON, so that an odd one does not keep the others of its batch away."""

import json
import logging
import re
from collections.abc import Iterator
from typing import Any

from aiogram import Bot
from aiogram.types import Update

from analytics.telegram.contents import UNDECODED, Undecoded

logger = logging.getLogger(__name__)

# Every kind of update: Telegram keeps only the kinds that a bot asks for, and aiogram asks only for
# those with a handler.
ALL_UPDATES = [kind for kind in Update.model_fields if kind != "update_id"]
# Far above what Telegram nests, and below what Python's decoder can follow.
MAX_DEPTH = 100
# Digits. Python converts no number of more than 4,300; none of Telegram's has more than 20.
MAX_DIGITS = 100
# A string, or the beginning or end of an object or a list.
TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+"|[\[\]{}]', re.DOTALL)


def loads(text: str | bytes) -> Any:
    """Decode JSON like `json.loads`, however deep it is, and whatever its numbers and bytes are.

    If `json.loads` fails, values deeper than 100 levels and numbers of more than 100 digits become
    null. Invalid UTF-8 is replaced. Raises ValueError if it is not JSON.
    """
    if isinstance(text, bytes):
        text = text.decode("utf-8", "replace")
    try:
        return json.loads(text)
    except (RecursionError, ValueError):
        return json.loads(_shallow(text), parse_int=_number)


def _shallow(text: str) -> str:
    kept: list[str] = []
    depth = end = 0
    for token in TOKEN.finditer(text):
        match token[0]:
            case "{" | "[":
                if depth == MAX_DEPTH:
                    kept += text[end : token.start()], "null"
                depth += 1
            case "}" | "]":
                depth -= 1
                if depth == MAX_DEPTH:
                    end = token.end()
    return "".join(kept) + text[end:]


def _number(digits: str) -> int | None:
    return int(digits) if len(digits) <= MAX_DIGITS else None


def is_number(update_id: Any) -> bool:
    """Tell whether an update ID can be acknowledged: a whole number from 0, of up to 100 digits.

    A negative one would acknowledge other updates.
    """
    return type(update_id) is int and 0 <= update_id < 10**MAX_DIGITS


def decode(raw: Any, bot: Bot) -> Update | None:
    """Return an update from its JSON, None if it has no valid update ID.

    An update that aiogram cannot decode is returned without content, so that polling acknowledges
    it; otherwise Telegram would send it again for a day. Its raw content is kept for `classify`,
    and handlers do not see it.
    """
    try:
        return Update.model_validate(raw, context={"bot": bot})
    # aiogram means to raise ValidationError, but raises others for some nested values and dates.
    except Exception:
        update_id = raw.get("update_id") if isinstance(raw, dict) else None
        if not is_number(update_id):
            logger.warning("skipped an update without an update_id")
            return None
    known = [kind for kind in ALL_UPDATES if kind in raw]
    logger.warning("update %d cannot be decoded and is not handled: %s", update_id, known)
    kind = next(iter(known or raw.keys() - {"update_id"}), "")
    content = {"update_id": update_id, UNDECODED: Undecoded(kind, raw.get(kind))}
    return Update.model_validate(content, context={"bot": bot})


def decode_one_by_one(answer: Any, bot: Bot) -> Iterator[Update]:
    """Yield the updates of an answer to getUpdates that aiogram refused because of one of them."""
    batch = answer.get("result") if isinstance(answer, dict) else None
    for raw in batch if isinstance(batch, list) else []:
        update = decode(raw, bot)
        if update is not None:
            yield update
