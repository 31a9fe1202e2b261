"""Errors that stop the bot or a command and that an operator can resolve.

The errors of the analytics are in `analytics`.
"""

from typing import ClassVar, NamedTuple


class Remark(NamedTuple):
    """A problem, or a possible one, and its remedy."""

    problem: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.problem}: {self.remedy}"


class OperatorError(Exception):
    """Base class of errors that hold one or more remarks.

    Remarks contain nothing that a person wrote, and may be logged and shown.
    """

    is_transient: ClassVar[bool] = False
    """True if the next start may succeed without a change of settings or files."""

    def __init__(self, *remarks: Remark) -> None:
        super().__init__(*remarks)
        self.remarks = remarks

    def __str__(self) -> str:
        return "\n".join(map(str, self.remarks))


class WrongSettings(OperatorError):
    """Raised if settings are missing or wrong, with a remark for each."""


class Unavailable(OperatorError):
    """Raised if something the bot depends on is not available now, but may be at the next start."""

    is_transient = True
