"""The end of a command: its exit status, and a sentence for an error that an operator can cause."""

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from analytics import AnalyticsError
from bot.errors import OperatorError
from bot.settings import remarks

FAILED = 1
WRONG_USE = 2


class WrongUse(Exception):
    """Raised for wrong arguments; the message says what is wrong, and what to type instead."""


def one_of(option: str, text: str, choices: Iterable[str]) -> str:
    """Return the value of an option unchanged; raises WrongUse if it is none of the choices."""
    if text not in (allowed := list(choices)):
        raise WrongUse(f'{option} is "{text}": give one of {", ".join(allowed)}')
    return text


def whole_number(option: str, text: str, smallest: int, largest: int) -> int:
    """Return the value of an option as a number; raises WrongUse outside of the limits."""
    # Python does not convert a number of thousands of digits.
    if text.isascii() and text.isdigit() and len(text) < 20 and smallest <= int(text) <= largest:
        return int(text)
    raise WrongUse(f'{option} is "{text}": give a whole number from {smallest} to {largest}')


def shown(path: Path) -> str:
    """Return a path as text; bytes that are not UTF-8 are shown with backslashes."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


@contextmanager
def user_errors(*, remarking: bool = True) -> Iterator[None]:
    """Turn errors of an operator, or of the bot's surroundings, into a sentence on stderr.

    The exit status is 2 if only a person can resolve it, 1 if it may be over at the next try, or if
    received interactions could not be recorded. With `remarking`, remarks about the settings are
    printed first.
    """
    try:
        for remark in remarks() if remarking else ():
            print(remark, file=sys.stderr)
        yield
    except (AnalyticsError, OperatorError) as error:
        print(error, file=sys.stderr)
        sys.exit(FAILED if error.is_transient else WRONG_USE)
    except WrongUse as error:
        print(error, file=sys.stderr)
        sys.exit(WRONG_USE)
