"""Faults a test plans: what happens to a call instead of, or after, being carried out."""

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
    """`answer` takes the place of Telegram's; None lets the call go on as if nothing had been.

    `times` calls meet the fault (None: all of them), until it is lifted.
    `after` carries the call out first, so that only the answer is lost.
    """

    method: str
    answer: Answer
    times: int | None = 1
    after: bool = False
    lifted: asyncio.Event = field(default_factory=asyncio.Event)

    def lift(self) -> None:
        self.lifted.set()

    def meets(self, method: str) -> bool:
        """Uses up one of `times` if it does."""
        if self.lifted.is_set() or self.times == 0:
            return False
        if self.method not in (EVERY_METHOD, method):
            return False
        if self.times is not None:
            self.times -= 1
        return True


def refuses(code: int, description: str, **parameters: int) -> Answer:
    """An error as Telegram words it: 502 with `Bad Gateway`, or a `retry_after` in seconds."""

    async def answer(fault: Fault, request: web.Request) -> web.StreamResponse:
        return web.json_response(Refused(code, description, **parameters).body(), status=code)

    return answer


def floods(retry_after: int) -> Answer:
    description = f"Too Many Requests: retry after {retry_after}"
    return refuses(429, description, retry_after=retry_after)


def answers(body: str, status: int = 200, **headers: str) -> Answer:
    """Anything at all: invalid JSON, or a redirect with `Location`."""

    async def answer(fault: Fault, request: web.Request) -> web.StreamResponse:
        return web.Response(text=body, status=status, headers=headers)

    return answer


def delays(seconds: float) -> Answer:
    async def answer(fault: Fault, request: web.Request) -> None:
        await asyncio.sleep(seconds)

    return answer


def hangs() -> Answer:
    """No answer until the fault is lifted; then the call goes on."""

    async def answer(fault: Fault, request: web.Request) -> None:
        await fault.lifted.wait()

    return answer


def resets() -> Answer:
    """The connection ends with RST."""

    async def answer(fault: Fault, request: web.Request) -> web.StreamResponse:
        if request.transport is not None:
            connection = request.transport.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            request.transport.abort()
        return web.Response()

    return answer
