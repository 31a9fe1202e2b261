"""Failures of requests to Telegram, and how to log failures without personal data."""

import re
from pathlib import Path
from traceback import extract_tb

from aiogram.exceptions import (
    ClientDecodeError,
    TelegramBadRequest,
    TelegramForbiddenError,
    TelegramMigrateToChat,
    TelegramNetworkError,
    TelegramRetryAfter,
    TelegramServerError,
)

# Errors that may be over at the next try.
TRANSIENT = (ClientDecodeError, TelegramNetworkError, TelegramRetryAfter, TelegramServerError)
# Telegram's words for refusals that members of a chat can cause: the bot may not write there, or
# the message to answer, the chat or the topic is gone. Any other refusal is a fault of the bot.
REFUSED_BY_CHAT = re.compile(
    r"rights|not found|no write access|deactivated|upgraded|kicked|blocked|not a member"
    r"|topic|thread|can't be (edited|deleted)|is not modified|is too old"
    r"|\b(CHAT|CHANNEL|USER|PEER|MESSAGE|VOICE|PRIVACY|PAYMENT)_\w*"
    r"(FORBIDDEN|RESTRICTED|REQUIRED|PRIVATE|ID_INVALID)\b",
    re.IGNORECASE,
)


def is_not_taken(error: Exception) -> bool:
    """Tell whether an answer could not be sent for a reason that is not a fault of the bot."""
    if isinstance(error, TelegramBadRequest):
        return REFUSED_BY_CHAT.search(error.message) is not None
    return isinstance(error, (*TRANSIENT, TelegramForbiddenError, TelegramMigrateToChat))


def is_unchanged(error: TelegramBadRequest) -> bool:
    """Tell whether an edit was refused because the message is the same already."""
    return "message is not modified" in error.message


def traced(error: BaseException) -> str:
    """Return the type of an error and its traceback in one line, for the log.

    Its message is left out, which may quote a person.
    """
    frames = extract_tb(error.__traceback__)
    lines = (f"{Path(each.filename).name}:{each.lineno}" for each in frames)
    return f"{type(error).__name__} in {' > '.join(lines)}"
