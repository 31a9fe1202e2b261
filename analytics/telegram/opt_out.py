"""Requests about one's own data, in so far as recording has to know them.

An opt-out takes effect on receipt, before the handler that answers: what the person sends next may
wait in the same batch.
"""

from aiogram.types import Update

from analytics.telegram.buttons import Right, asked, is_of_rights
from analytics.telegram.classify import any_command, clicked, private_command


def opting_out(update: Update, username: str | None) -> bool | None:
    """Tell whether the person opts out (True) or in (False) with this update.

    A command that names another bot than `username` is none of ours.
    """
    word = asked(clicked(update)) or private_command(update, username)
    return {Right.OPT_OUT.value: True, Right.OPT_IN.value: False}.get(word or "")


def is_right(update: Update, username: str | None) -> bool:
    """Tell whether somebody asks about their own data, in whatever chat.

    None of that is recorded: from the last thing that each person did, whoever reads the file
    could tell who opted out.
    """
    command, arguments = any_command(update, username)
    by_link = command == "start" and arguments == Right.PRIVACY
    return by_link or command in set(Right) or is_of_rights(clicked(update))
