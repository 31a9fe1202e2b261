"""A connection to a port of this machine that can be cut, so that neither side hears of it."""

import asyncio
import math
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self


class Cut:
    """A way to a port of this machine; use it as `async with Cut(port) as cut:`.

    While it is off, what is sent is kept back, in both directions, and nothing is closed.
    """

    def __init__(self, to_port: int) -> None:
        self.port = 0
        self._to_port = to_port
        self._is_on = asyncio.Event()
        self._is_on.set()
        self._serving: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    def off(self) -> None:
        self._is_on.clear()

    def on(self) -> None:
        self._is_on.set()

    def connected(self) -> Callable[[bytes], None]:
        """Return what is called with all that passes a new connection, b"" at its end."""
        return lambda part: None

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        assert self._server is not None
        self._server.close()
        serving = list(self._serving)
        for each in serving:
            each.cancel()
        await asyncio.gather(*serving, return_exceptions=True)

    def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._connect(reader, writer))
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers = [writer]
        passes = self.connected()
        try:
            await self._is_on.wait()
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._to_port)
            writers.append(far_writer)
            await asyncio.gather(
                self._copy(reader, far_writer, passes), self._copy(far_reader, writer, passes)
            )
        except OSError:
            pass
        finally:
            passes(b"")
            for each in writers:
                each.transport.abort()

    async def _copy(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        passes: Callable[[bytes], None],
    ) -> None:
        while part := await reader.read(65536):
            passes(part)
            await self._is_on.wait()
            writer.write(part)
            await writer.drain()
        passes(b"")
        await self._is_on.wait()
        writer.write_eof()


class Polls(Cut):
    """A way of a bot to the sandbox, which notes when it polls."""

    def __init__(self, to_port: int) -> None:
        super().__init__(to_port)
        self.times: list[tuple[float, float]] = []
        """When each poll began and ended, by the monotonic clock; the end of one is infinity."""

    def connected(self) -> Callable[[bytes], None]:
        polling: int | None = None

        def passes(part: bytes) -> None:
            nonlocal polling
            if polling is not None:  # an answer, or the end
                self.times[polling] = self.times[polling][0], time.monotonic()
                polling = None
            if b"/getUpdates" in part:
                polling = len(self.times)
                self.times.append((time.monotonic(), math.inf))

        return passes
