"""Faults that a test plans: what happens to a call instead of, or after, being carried out."""

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from aiohttp import web

from bot.sandbox.calls import Refused

EVERY_METHOD = "*"

# SO_LINGER with a time of zero: closing sends RST, not FIN.
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)

Answer = Callable[["Fault", web.Request], Awaitable[web.StreamResponse | None]]


@dataclass(eq=False)
class Fault:
    """A fault that the next `times` calls of a method meet (None: all), until it is lifted.

    The response of `answer` replaces Telegram's; if it returns None, the call goes on as usual.
    `after` carries out the call first, so that only its answer is lost.
    """

    method: str
    answer: Answer
    times: int | None = 1
    after: bool = False
    lifted: asyncio.Event = field(default_factory=asyncio.Event)

    def lift(self) -> None:
        self.lifted.set()

    def meets(self, method: str) -> bool:
        """Tell whether a call of `method` meets the fault, and if so, use up one of `times`."""
        if self.lifted.is_set() or self.times == 0:
            return False
        if self.method not in (EVERY_METHOD, method):
            return False
        if self.times is not None:
            self.times -= 1
        return True


def refuses(code: int, description: str, **parameters: int) -> Answer:
    """Return the answer of an error in Telegram's form, such as 502 with `Bad Gateway`.

    `parameters` are those of the answer, such as `retry_after` in seconds.
    """

    async def answer(fault: Fault, request: web.Request) -> web.StreamResponse:
        return web.json_response(Refused(code, description, **parameters).body(), status=code)

    return answer


def floods(retry_after: int) -> Answer:
    description = f"Too Many Requests: retry after {retry_after}"
    return refuses(429, description, retry_after=retry_after)


def answers(body: str, status: int = 200, **headers: str) -> Answer:
    """Return an answer of any content, such as invalid JSON, or a redirect with `Location`."""

    async def answer(fault: Fault, request: web.Request) -> web.StreamResponse:
        return web.Response(text=body, status=status, headers=headers)

    return answer


def delays(seconds: float) -> Answer:
    async def answer(fault: Fault, request: web.Request) -> None:
        await asyncio.sleep(seconds)

    return answer


def hangs() -> Answer:
    """Return an answer that waits until the fault is lifted; then the call goes on."""

    async def answer(fault: Fault, request: web.Request) -> None:
        await fault.lifted.wait()

    return answer


def resets() -> Answer:
    """Return an answer that ends the connection with RST."""

    async def answer(fault: Fault, request: web.Request) -> web.StreamResponse:
        if request.transport is not None:
            connection = request.transport.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            request.transport.abort()
        return web.Response()

    return answer
