"""What a person chooses about being counted; it has its turn among what is recorded.

It takes effect on receipt, before the handler that answers: what the person sends next may wait
in the same batch.
"""

from enum import StrEnum

from aiogram.types import Update

from bot.buttons import asked
from bot.classify import clicked, private_command


class Choice(StrEnum):
    """The command, and the right that its button asks for."""

    OPT_OUT = "optout"
    OPT_IN = "optin"


def choice(update: Update, username: str | None) -> Choice | None:
    """What a person asks for; a command that names another bot than `username` is none of ours."""
    word = asked(clicked(update)) or private_command(update, username)
    return Choice(word) if word in set(Choice) else None
