"""The HTTP servers of the bot: time and connections are limited, so that nobody can block them."""

import asyncio
import errno
import logging
import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from bot.errors import Remark, Unavailable, WrongSettings

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]

logger = logging.getLogger(__name__)

# Seconds until a connection is closed whose request has no complete head, or that has no request.
HEAD_SECONDS = 30.0
# The body of an update arrives at once; Telegram gives up after a minute.
BODY_SECONDS = 10.0
# Telegram opens up to 40 connections; a proxy may open more.
MOST_CONNECTIONS = 256
FEWEST_CONNECTIONS = 16
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
        return MOST_CONNECTIONS
    descriptors, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if descriptors == resource.RLIM_INFINITY:
        return MOST_CONNECTIONS
    return max(FEWEST_CONNECTIONS, min(MOST_CONNECTIONS, descriptors // SHARE_OF_DESCRIPTORS))


@asynccontextmanager
async def serving(
    application: web.Application, host: str, port: int, name: str, shutdown_timeout: float
) -> AsyncIterator[None]:
    """Serve an application; requests open at the end may take `shutdown_timeout` seconds.

    `name`_HOST and `name`_PORT are the settings that errors refer to. Raises Unavailable if the
    address or the port is not available now, WrongSettings if they cannot be used.
    """
    connections = Connections(most_connections())
    application.middlewares.append(connections.in_use)
    runner = web.AppRunner(
        application,
        access_log=None,
        shutdown_timeout=shutdown_timeout,
        # aiohttp also counts it from the start of a connection, before the first request.
        keepalive_timeout=HEAD_SECONDS,
    )
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
            yield
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
        self._new = 0  # accepted, and not yet known to the server
        self._in_use: set[asyncio.BaseProtocol | None] = set()

    def __call__(self) -> RequestHandler:
        connected = [  # the oldest first
            (each, each.transport)
            for each in self.server.connections
            if each.transport is not None and not each.transport.is_closing()
        ]
        if connected and len(connected) + self._new >= self.most:
            idle = (transport for each, transport in connected if each not in self._in_use)
            next(idle, connected[0][1]).abort()
        self._new += 1
        asyncio.get_running_loop().call_soon(self._made)
        return self.server()

    def _made(self) -> None:
        self._new -= 1

    @web.middleware
    async def in_use(self, request: web.Request, handler: Any) -> web.StreamResponse:
        """Mark the connection as in use while its request is answered, so that it is not idle."""
        self._in_use.add(request.protocol)
        try:
            response: web.StreamResponse = await handler(request)
            return response
        finally:
            self._in_use.discard(request.protocol)


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
        logger.error("connections cannot be accepted (%s): raise the limit of open files", name)
