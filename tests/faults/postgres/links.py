"""TCP proxies that can be cut: from then on nothing passes, and neither end is told."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

PART = 65_536


class Link:
    """Leads from its own port of 127.0.0.1 to another; use `link`.

    Cut, it accepts connections and passes nothing on, not even their ends. What was sent meanwhile
    arrives once it is healed, as TCP would send it again.
    """

    def __init__(self, to_port: int) -> None:
        self.port = 0
        self.to_port = to_port
        self._passing = asyncio.Event()
        self._passing.set()

    def cut(self) -> None:
        self._passing.clear()

    def heal(self) -> None:
        self._passing.set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.CancelledError):
            await self._passing.wait()
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.to_port)
            there = self._copy(reader, far_writer)
            back = self._copy(far_reader, writer)
            try:
                await asyncio.gather(there, back)
            finally:
                far_writer.transport.abort()
        writer.transport.abort()

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while part := await reader.read(PART):
                await self._passing.wait()
                writer.write(part)
                await writer.drain()
        await self._passing.wait()
        writer.close()


@asynccontextmanager
async def link(to_port: int, port: int = 0) -> AsyncIterator[Link]:
    """Open a link to a port, from a given one or any."""
    found = Link(to_port)
    serving: set[asyncio.Task[None]] = set()

    def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(found.serve(reader, writer))
        serving.add(task)
        task.add_done_callback(serving.discard)

    server = await asyncio.start_server(serve, "127.0.0.1", port)
    found.port = server.sockets[0].getsockname()[1]
    try:
        yield found
    finally:
        server.close()
        for task in serving:
            task.cancel()
        await asyncio.gather(*serving)
