"""Requests about one's own data, as far as recording has to know them.

An opt-out takes effect on receipt, before the handler that answers: the person's next update may
be in the same batch.
"""

from collections.abc import Collection

from aiogram.types import Update

from analytics.telegram.buttons import Right, asked, is_of_rights
from analytics.telegram.contents import any_command, clicked, private_command

ALL_RIGHTS = frozenset(Right)


def opting_out(
    update: Update, username: str | None, rights: Collection[str] = ALL_RIGHTS
) -> bool | None:
    """Return True if the person opts out with this update, False if they opt in, else None.

    A command meant for another bot than `username`, or that is not one of `rights`, does not count.
    """
    command = private_command(update, username)
    word = asked(clicked(update)) or (command if command in rights else None)
    return {Right.OPT_OUT.value: True, Right.OPT_IN.value: False}.get(word or "")


def is_right(update: Update, username: str | None, rights: Collection[str] = ALL_RIGHTS) -> bool:
    """Tell whether an update is about the person's own data, in any chat.

    Such updates are not recorded: from the last interaction of each person, anyone who reads the
    file could tell who opted out.
    """
    command, arguments = any_command(update, username)
    if command == "start" and arguments == Right.PRIVACY:
        command = arguments
    return command in rights or is_of_rights(clicked(update))
