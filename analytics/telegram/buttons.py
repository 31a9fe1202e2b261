"""Callback data of the analytics' buttons, with a prefix that no other button of a bot has."""

from enum import StrEnum

from aiogram.filters.callback_data import CallbackData

PREFIX = "analytics-"

# What a person confirms or cancels; a cleanup by hand is followed by its days.
ERASE = "erase"
DELETE = "delete-"


class Right(StrEnum):
    """A command about one's own data, and a button that does the same."""

    PRIVACY = "privacy"
    MY_DATA = "mydata"
    FORGET_ME = "forgetme"
    OPT_OUT = "optout"
    OPT_IN = "optin"


class Ask(CallbackData, prefix=f"{PREFIX}ask"):
    right: Right


class Confirm(CallbackData, prefix=f"{PREFIX}yes"):
    """Made and checked by `Confirmations`; 61 bytes at most."""

    action: str
    issued: int
    signature: str


class Cancel(CallbackData, prefix=f"{PREFIX}no"):
    action: str


def asked(data: str | None) -> Right | None:
    """The right that a button asks for."""
    try:
        return Ask.unpack(data or "").right
    except (TypeError, ValueError):
        return None


def is_of_rights(data: str | None) -> bool:
    """Tell whether a button asks for a right of its person, or confirms or cancels an erasure."""
    return asked(data) is not None or (data or "").startswith(
        tuple(f"{button.__prefix__}:{ERASE}" for button in (Confirm, Cancel))
    )
