"""What a person chooses about being counted; it has its turn among what is recorded.

It takes effect on receipt, before the handler that answers: what the person sends next may wait
in the same batch.
"""

from enum import StrEnum

from aiogram.types import Update

from bot.classify import command_of


class Choice(StrEnum):
    """The command, and what its button carries."""

    OPT_OUT = "optout"
    OPT_IN = "optin"


def choice(update: Update) -> Choice | None:
    if update.callback_query is not None:
        word = update.callback_query.data
    elif update.message is not None and update.message.chat.type == "private":
        word = command_of(update.message.text or "")
    else:
        word = None
    return Choice(word) if word in set(Choice) else None
