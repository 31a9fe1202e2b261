"""The person whose update is being handled, for what is counted meanwhile."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field


@dataclass(slots=True)
class Handling:
    """An update that is being handled."""

    telegram_id: int | None = field(repr=False)  # a repr ends up in logs
    """The person's Telegram ID, None for an update of no person, and once it is handled."""
    is_counted: bool = True
    """False if nothing that the person does is counted."""


_current: ContextVar[Handling | None] = ContextVar("handling", default=None)


def current() -> Handling:
    """Return the update that is being handled; outside of a handler, one of no person."""
    return _current.get() or Handling(None)


@contextmanager
def handling(telegram_id: int | None, *, is_counted: bool = True) -> Iterator[Handling]:
    """Have an update handled within the block.

    What was begun in it and goes on after it, such as a job that a handler plans, is of no person:
    a scheduler may run in its context what concerns somebody else.
    """
    handled = Handling(telegram_id, is_counted)
    token = _current.set(handled)
    try:
        yield handled
    finally:
        _current.reset(token)
        handled.telegram_id, handled.is_counted = None, True
