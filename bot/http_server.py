"""The HTTP servers of the bot: time and connections are limited, so that nobody can block them."""

import asyncio
import errno
import logging
import os
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, nullcontext
from typing import Any

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from bot.errors import Remark, Unavailable, WrongSettings

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]

logger = logging.getLogger(__name__)

# Seconds until a connection is ended that is idle: no request has a complete head, or nobody reads
# the answer. aiohttp has no limit for the second.
IDLE_SECONDS = 30.0
# Telegram opens up to 40 connections; a proxy may open more.
MAX_CONNECTIONS = 256
MIN_CONNECTIONS = 16
# One in so many of the process's file descriptors is for connections; the others are for Telegram
# and the database.
SHARE_OF_DESCRIPTORS = 8
# Seconds between two log lines about connections that cannot be accepted.
ONCE_IN = 60.0
# Errors that may be over after a minute or a restart: the address comes with the network, another
# program gives up the port.
PASSING = (errno.EADDRINUSE, errno.EADDRNOTAVAIL, errno.ENETDOWN, errno.ENETUNREACH)


def most_connections() -> int:
    """Return how many connections a server keeps open.

    That is an eighth of the file descriptors that the process may have, from 16 to 256, and 256 if
    there is no limit of them.
    """
    if resource is None:
        return MAX_CONNECTIONS
    descriptors, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if descriptors == resource.RLIM_INFINITY:
        return MAX_CONNECTIONS
    return max(MIN_CONNECTIONS, min(MAX_CONNECTIONS, descriptors // SHARE_OF_DESCRIPTORS))


@asynccontextmanager
async def serving(
    application: web.Application, host: str, port: int, name: str, shutdown_timeout: float
) -> AsyncIterator[int]:
    """Serve an application; requests open at the end may take `shutdown_timeout` seconds.

    The block gets the port, which is a free one for 0. `name`_HOST and `name`_PORT are the settings
    that errors refer to. Raises Unavailable if the address or the port is not available now,
    WrongSettings if they cannot be used.
    """
    connections = Connections(most_connections())
    application.middlewares.append(connections.in_use)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=shutdown_timeout)
    await runner.setup()
    loop = asyncio.get_running_loop()
    handle_before = loop.get_exception_handler()
    loop.set_exception_handler(AcceptErrors())
    try:
        assert runner.server is not None
        connections.server = runner.server
        try:
            listener = await loop.create_server(
                connections,
                host,
                port,
                # asyncio accepts so many at a time, before the first of them can be closed.
                backlog=connections.most,
            )
        except OSError as error:
            # Since Python 3.13 asyncio says in words alone that no address is there yet.
            not_there = error.errno is None
            kind = Unavailable if not_there or error.errno in PASSING else WrongSettings
            reason = os.strerror(errno.EADDRNOTAVAIL) if not_there else error.strerror
            problem = (
                f"{name}_HOST and {name}_PORT are {host} and {port}, where the bot cannot listen "
                f"({reason})"
            )
            remedy = "give an address of this machine and a free port"
            raise kind(Remark(problem, remedy)) from None
        try:
            yield listener.sockets[0].getsockname()[1]
        finally:
            listener.close()
    finally:
        await runner.cleanup()
        loop.set_exception_handler(handle_before)


class Connections:
    """Protocol factory of a server that keeps at most `most` connections.

    A connection beyond that ends the oldest idle one, or the oldest one if none is idle.
    """

    server: web.Server

    def __init__(self, most: int) -> None:
        self.most = most
        self._open: dict[asyncio.BaseProtocol, Connection] = {}  # the oldest first

    def __call__(self) -> "Connection":
        connected = [each for each in self._open.values() if each.transport is not None]
        if connected and len(self._open) >= self.most:
            idle = (each for each in connected if not each.is_answering)
            next(idle, connected[0]).end()
        protocol = self.server()
        connection = Connection(protocol, lambda: self._open.pop(protocol, None))
        self._open[protocol] = connection
        return connection

    @web.middleware
    async def in_use(self, request: web.Request, handler: Any) -> web.StreamResponse:
        """Let the connection not be idle while its request is answered."""
        connection = self._open.get(request.protocol)  # None if it has just been lost
        with connection.answering() if connection else nullcontext():
            response: web.StreamResponse = await handler(request)
            return response


class Connection(asyncio.Protocol):
    """A connection to aiohttp's `protocol` that is ended when it is idle for IDLE_SECONDS.

    `on_end` may be called more than once.
    """

    def __init__(self, protocol: RequestHandler, on_end: Callable[[], object]) -> None:
        self.transport: asyncio.Transport | None = None
        self.is_answering = False
        self._protocol = protocol
        self._on_end = on_end
        self._limit: asyncio.TimerHandle | None = None

    @contextmanager
    def answering(self) -> Iterator[None]:
        """Let the connection not be idle meanwhile."""
        self.is_answering = True
        self._restart_limit()
        try:
            yield
        finally:
            self.is_answering = False
            self._restart_limit()

    def end(self) -> None:
        """End the connection whatever waits to be sent."""
        assert self.transport is not None
        self._on_end()
        self.transport.abort()

    def _restart_limit(self) -> None:
        if self._limit is not None:
            self._limit.cancel()
            self._limit = None
        if self.transport is not None and not self.is_answering:
            self._limit = asyncio.get_running_loop().call_later(IDLE_SECONDS, self.end)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self._restart_limit()
        self._protocol.connection_made(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self.transport = None
        self._restart_limit()
        self._on_end()
        self._protocol.connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._protocol.data_received(data)

    def eof_received(self) -> None:
        self._protocol.eof_received()

    def pause_writing(self) -> None:
        self._protocol.pause_writing()

    def resume_writing(self) -> None:
        self._protocol.resume_writing()


class AcceptErrors:
    """Exception handler of a loop that logs at most once a minute that accepting fails.

    asyncio would log it 100 times a second. Any other exception goes to the default handler.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._last = float("-inf")

    def __call__(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        if not context["message"].startswith("socket.accept()"):
            loop.default_exception_handler(context)
            return
        now = self._monotonic()
        if now - self._last < ONCE_IN:
            return
        self._last = now
        name = errno.errorcode.get(getattr(context.get("exception"), "errno", 0), "unknown")
        logger.error("connections cannot be accepted (%s): raise the limit on open files", name)
