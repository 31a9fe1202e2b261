"""Waiting for something to become true, without asking again and again."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class Waiting:
    """A place to wait; whoever changes what is waited for calls `changed`."""

    def __init__(self) -> None:
        self._change = asyncio.Event()

    def changed(self) -> None:
        self._change.set()
        self._change = asyncio.Event()

    async def until(self, look: Callable[[], T | None], within: float, what: str) -> T:
        """The first true value that `look` returns; `TimeoutError` names `what` did not happen."""
        try:
            async with asyncio.timeout(within):
                while True:
                    if found := look():
                        return found
                    await self._change.wait()
        except TimeoutError:
            raise TimeoutError(f"{what}: not within {within:g} s") from None
