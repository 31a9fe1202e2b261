"""The lease to poll: of the processes that share a database, one at a time receives updates."""

import asyncio
import math
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

# Seconds. The clock of asyncio's pauses stands still on a computer that sleeps.
LOOK_EVERY = 1.0
# On macOS that of `time.monotonic` stands still, too, but this one does not.
CLOCK = getattr(time, "CLOCK_BOOTTIME", getattr(time, "CLOCK_MONOTONIC", None))


def steady() -> float:
    """Return seconds that also pass while the process is stopped and while the computer sleeps."""
    return time.monotonic() if CLOCK is None else time.clock_gettime(CLOCK)


class Term:
    """A time for which this process holds the lease; it may be extended until it is over."""

    def __init__(self, until: float = math.inf, clock: Callable[[], float] = steady) -> None:
        """Begin a term that is over at a time of the clock."""
        self._until = until
        self._clock = clock
        self._ended = asyncio.Event()

    @property
    def is_endless(self) -> bool:
        """True if the term is over only when this process ends it."""
        return self._until == math.inf

    @property
    def is_over(self) -> bool:
        """True once another process may hold the lease; it never becomes False again."""
        if self._clock() >= self._until:
            self._ended.set()
        return self._ended.is_set()

    def extend(self, until: float) -> None:
        """Extend the term to a time of the clock, unless it is over."""
        if not self.is_over:
            self._until = until

    def end(self) -> None:
        self._ended.set()

    async def over(self) -> None:
        """Wait until the term is over."""
        while not self.is_over:
            left = None
            if not self.is_endless:
                left = max(min(self._until - self._clock(), LOOK_EVERY), 0)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._ended.wait(), left)


class Lease(Protocol):
    """The lease to poll, as a store has it."""

    @property
    def is_held(self) -> bool:
        """True while this process holds the lease, as `Term.is_over` of its term tells."""

    @property
    def is_waiting(self) -> bool:
        """True while this process waits because another one holds the lease."""

    async def take(self) -> Term:
        """Wait until this process holds the lease, and return its term, which may run already."""

    async def give_up(self) -> None:
        """End the term of this process, if it has one, and leave the lease to another at once."""


class Unshared:
    """The lease of a database that only one process records to: it holds it for ever."""

    is_held = True
    is_waiting = False

    def __init__(self) -> None:
        self._term = Term()

    async def take(self) -> Term:
        return self._term

    async def give_up(self) -> None:
        """Do nothing: nobody waits."""
