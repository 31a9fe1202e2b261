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


def opting_out(update: Update, username: str | None) -> bool | None:
    """Tell whether the person opts out (True) or in (False) with this update.

    A command that names another bot than `username` is none of ours.
    """
    word = asked(clicked(update)) or private_command(update, username)
    return {Choice.OPT_OUT.value: True, Choice.OPT_IN.value: False}.get(word or "")
