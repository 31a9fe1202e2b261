"""What a fault did: one row of the table that the README shows."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Counts of interactions, except `injected`; `longest_wait` of a person, in seconds."""

    injected: int  # how often the fault was
    acknowledged: int  # what Telegram considers delivered
    recorded: int
    lost: int  # acknowledged, and not recorded
    counted_twice: int
    longest_wait: float | None = None  # None where nobody waits for an answer


@dataclass(frozen=True, slots=True)
class Fault:
    """An entry of the catalogue. `inject` is told how many times."""

    name: str
    inject: Callable[[int], Awaitable[Row]]
    short: int  # how often in the tests
    long: int  # how often in `python -m tests.faults`
