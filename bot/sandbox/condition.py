"""Wait for a condition without polling."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class Waiting:
    """Wait until a condition holds; code that may change the condition calls `changed`."""

    def __init__(self) -> None:
        self._change = asyncio.Event()

    def changed(self) -> None:
        self._change.set()
        self._change = asyncio.Event()

    async def until(self, look: Callable[[], T | None], within: float, what: str) -> T:
        """Call `look` at once and after each change, and return its first true value.

        Raises TimeoutError after `within` seconds; its message says that `what` did not happen.
        """
        try:
            async with asyncio.timeout(within):
                while True:
                    if found := look():
                        return found
                    await self._change.wait()
        except TimeoutError:
            raise TimeoutError(f"{what}: not within {within:g} s") from None
