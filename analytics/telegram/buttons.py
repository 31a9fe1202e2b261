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
    """An act that a button confirms or cancels: erasing a person's data, or a cleanup by hand."""

    ERASE = "erase"
    DELETE = "delete"


class Ask(CallbackData, prefix=f"{PREFIX}ask"):
    right: Right


class Confirm(CallbackData, prefix=f"{PREFIX}yes"):
    """Callback data of a button that confirms, made and checked by `Confirmations`.

    It has 61 bytes at most. `days` belongs to `DELETE`: what is older is deleted.
    """

    action: Irreversible
    days: int
    issued: int
    signature: str


class Cancel(CallbackData, prefix=f"{PREFIX}no"):
    action: Irreversible


class Policy(CallbackData, prefix=f"{PREFIX}policy"):
    """Callback data of a button that shows all details of the privacy policy, or its one screen."""

    details: bool


def asked(data: str | None) -> Right | None:
    """Return the right that a button asks for, by its callback data; None for other buttons."""
    try:
        return Ask.unpack(data or "").right
    except (TypeError, ValueError):
        return None


def is_of_rights(data: str | None) -> bool:
    """Tell whether a button is about one's own data, by its callback data.

    Such a button asks for a `Right`, shows the privacy policy, or confirms or cancels an erasure.
    """
    return asked(data) is not None or (data or "").startswith(
        (
            f"{Policy.__prefix__}:",
            *(f"{button.__prefix__}:{Irreversible.ERASE}" for button in (Confirm, Cancel)),
        )
    )
