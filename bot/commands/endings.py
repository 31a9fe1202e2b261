"""How a command ends: its exit status, and a sentence for what an operator can cause."""

from collections.abc import Iterator
from contextlib import contextmanager

import typer

from analytics import CannotOpen
from bot.settings import WrongSettings

FAILED = 1
WRONG_USE = 2


class WrongUse(Exception):
    """What was typed: what is wrong with it, and what to type instead."""


@contextmanager
def sentences() -> Iterator[None]:
    """What an operator can cause ends in a sentence on stderr and exit status 2."""
    try:
        yield
    except (WrongUse, WrongSettings, CannotOpen) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(WRONG_USE) from None
