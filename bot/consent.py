"""What a person chooses about being counted; it has its turn among what is recorded.

It takes effect on receipt, before the handler that answers: what the person sends next may wait
in the same batch.
"""

from enum import StrEnum

from aiogram.types import Update


class Choice(StrEnum):
    """The command, and what its button carries."""

    OPT_OUT = "optout"
    OPT_IN = "optin"


def choice(update: Update) -> Choice | None:
    if update.callback_query is not None:
        word = update.callback_query.data
    elif update.message is not None and update.message.chat.type == "private":
        word = _command(update.message.text or "")
    else:
        word = None
    return Choice(word) if word in set(Choice) else None


def _command(text: str) -> str | None:
    """The command that a text begins with, also where it names the bot: /command@bot."""
    first, *_ = text.split(maxsplit=1) or [""]
    return first[1:].partition("@")[0] if first.startswith("/") else None
