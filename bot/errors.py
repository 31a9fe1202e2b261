"""What stops the bot or a command, apart from its analytics: an operator can do something."""

from typing import ClassVar, NamedTuple


class Remark(NamedTuple):
    """What is wrong, or may be, and what to do about it."""

    problem: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.problem}: {self.remedy}"


class OperatorError(Exception):
    """Base class: holds one or more remarks, which quote nobody and may be logged and shown."""

    is_transient: ClassVar[bool] = False
    """Whether the next start may succeed without anybody changing a setting or a file."""

    def __init__(self, *remarks: Remark) -> None:
        super().__init__(*remarks)
        self.remarks = remarks

    def __str__(self) -> str:
        return "\n".join(map(str, self.remarks))


class WrongSettings(OperatorError):
    """Raised for settings that are missing or wrong, with a remark for each."""


class Unavailable(OperatorError):
    """Raised where something around the bot is not there now, and may be at the next start."""

    is_transient = True
