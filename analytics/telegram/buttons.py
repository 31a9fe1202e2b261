"""Callback data of the analytics' buttons, with a prefix that keeps them apart from others."""

from enum import StrEnum

from aiogram.filters.callback_data import CallbackData

PREFIX = "analytics-"


class Right(StrEnum):
    """A command about one's own data, and a button that does the same."""

    PRIVACY = "privacy"
    MY_DATA = "mydata"
    FORGET_ME = "forgetme"
    OPT_OUT = "optout"
    OPT_IN = "optin"


class Irreversible(StrEnum):
    """An act that a button confirms or cancels.

    That is erasing a person's data, a cleanup by hand, retiring a start link, or removing a note.
    """

    ERASE = "erase"
    DELETE = "delete"
    RETIRE = "retire"
    NOTE = "note"


class Ask(CallbackData, prefix=f"{PREFIX}ask"):
    right: Right


class Confirm(CallbackData, prefix=f"{PREFIX}yes"):
    """Callback data of a button that confirms, made and checked by `Confirmations`.

    It has 64 bytes at most. `subject` is the number of days after which `DELETE` deletes, the code
    of the link to `RETIRE`, or the id of the `NOTE` to remove.
    """

    action: Irreversible
    subject: str
    issued: int
    signature: str


class Cancel(CallbackData, prefix=f"{PREFIX}no"):
    action: Irreversible


class Policy(CallbackData, prefix=f"{PREFIX}policy"):
    """Callback data of a button that shows all details of the privacy policy, or its one screen."""

    details: bool


# How callback data about one's own data begin, except for those that ask for a right.
OF_RIGHTS = (
    f"{Policy.__prefix__}:",
    *(f"{button.__prefix__}:{Irreversible.ERASE}" for button in (Confirm, Cancel)),
)


def asked(data: str | None) -> Right | None:
    """Return the right that a button asks for, by its callback data; None for other buttons."""
    if data is None:
        return None
    try:
        return Ask.unpack(data).right
    except (TypeError, ValueError):
        return None


def is_of_rights(data: str | None) -> bool:
    """Tell whether a button is about one's own data, by its callback data.

    Such a button asks for a `Right`, shows the privacy policy, or confirms or cancels an erasure.
    """
    return data is not None and (asked(data) is not None or data.startswith(OF_RIGHTS))
