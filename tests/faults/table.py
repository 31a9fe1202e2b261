"""What a fault did: one row of the table that docs/faults.md shows."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pytest


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Counts of interactions, except `injected`, and the longest wait in seconds.

    That is a person's for an answer, or on PostgreSQL the longest time without a commit.
    """

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
    few: int | None = None  # the same without the mark `long`


def few_and_often(faults: Sequence[Fault]) -> list[Any]:
    """Parameters of a test: each fault, and how often; `often` has the mark `long`."""
    parameters = []
    for fault in faults:
        few = fault.short if fault.few is None else fault.few
        parameters.append(pytest.param(fault, few, id=fault.name))
        if few < fault.short:
            often = (fault, fault.short)
            parameters.append(
                pytest.param(*often, id=f"{fault.name}, often", marks=pytest.mark.long)
            )
    return parameters
