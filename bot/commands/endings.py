"""How a command ends: its exit status, and a sentence for what an operator can cause."""

from collections.abc import Iterator
from contextlib import contextmanager

import typer

from analytics import CannotOpen
from bot.settings import WrongSettings, remarks

FAILED = 1
WRONG_USE = 2


class WrongUse(Exception):
    """What was typed: what is wrong with it, and what to type instead."""


@contextmanager
def sentences(*, remarking: bool = True) -> Iterator[None]:
    """What an operator can cause ends in a sentence on stderr and exit status 2.

    What is remarkable about the settings is said before, unless not `remarking`.
    """
    try:
        for remark in remarks() if remarking else ():
            typer.echo(remark, err=True)
        yield
    except (WrongUse, WrongSettings, CannotOpen) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(WRONG_USE) from None
