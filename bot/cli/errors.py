"""How a command ends: its exit status, and a sentence for what an operator can cause."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import typer

from analytics import AnalyticsError
from bot.errors import OperatorError
from bot.settings import remarks

FAILED = 1
WRONG_USE = 2


class WrongUse(Exception):
    """What was typed: what is wrong with it, and what to type instead."""


def shown(path: Path) -> str:
    """Return a path as text, also where its bytes are none."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


@contextmanager
def user_errors(*, remarking: bool = True) -> Iterator[None]:
    """End what an operator can cause, or what happens around the bot, in a sentence on stderr.

    The status is 2 for what only a person can mend, 1 for what may be over at the next try, and for
    what was received and could not be recorded. What is remarkable about the settings is said
    before, unless not `remarking`.
    """
    try:
        for remark in remarks() if remarking else ():
            typer.echo(str(remark), err=True)
        yield
    except (AnalyticsError, OperatorError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(FAILED if error.is_transient else WRONG_USE) from None
    except WrongUse as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(WRONG_USE) from None
