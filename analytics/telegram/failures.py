"""Failures of requests to Telegram: transient, permanent, or caused by members of a chat."""

import re

from aiogram.exceptions import (
    ClientDecodeError,
    TelegramBadRequest,
    TelegramForbiddenError,
    TelegramMigrateToChat,
    TelegramNetworkError,
    TelegramRetryAfter,
    TelegramServerError,
)

# What may be over when it is tried again.
TRANSIENT = (ClientDecodeError, TelegramNetworkError, TelegramRetryAfter, TelegramServerError)
# What members of a chat can cause, by how Telegram words it: the bot may not write there, or what
# was to be answered, or where, is gone. Anything else that is refused is a fault of ours.
REFUSED_BY_CHAT = re.compile(
    r"rights|not found|no write access|deactivated|upgraded|kicked|blocked|not a member"
    r"|topic|thread|can't be (edited|deleted)|is not modified|is too old"
    r"|\b(CHAT|CHANNEL|USER|PEER|MESSAGE|VOICE|PRIVACY|PAYMENT)_\w*"
    r"(FORBIDDEN|RESTRICTED|REQUIRED|PRIVATE|ID_INVALID)\b",
    re.IGNORECASE,
)


def is_not_taken(error: Exception) -> bool:
    """Tell whether Telegram or the chat takes no answer now, through no fault of the bot's."""
    if isinstance(error, TelegramBadRequest):
        return REFUSED_BY_CHAT.search(error.message) is not None
    return isinstance(error, (*TRANSIENT, TelegramForbiddenError, TelegramMigrateToChat))


def is_unchanged(error: TelegramBadRequest) -> bool:
    """Tell whether an edit was refused only because the message says that already."""
    return "message is not modified" in error.message
