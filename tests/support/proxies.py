"""Small proxies on the loopback: HTTP CONNECT, with and without TLS, and SOCKS5.

Each leads to one place, whatever name it is asked for: names are resolved by the proxy.
"""

import asyncio
import base64
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

USER, PASSWORD = "somebody", "p@ss:word/nobody-knows"


@dataclass
class Proxy:
    port: int = 0
    asked_for: list[str] = field(default_factory=list)  # host:port of each connection
    refused: int = 0


Handshake = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[str | None]]


async def http_handshake(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> str | None:
    """What a CONNECT asks for, None without the right password."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    given = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    if f"Proxy-Authorization: Basic {given}" not in head:
        writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")
        return None
    writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
    return head.split()[1]


async def socks_handshake(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> str | None:
    """What SOCKS5 with user and password asks for (RFC 1928 and 1929)."""
    _, methods = await reader.readexactly(2)
    await reader.readexactly(methods)
    writer.write(b"\x05\x02")
    _, length = await reader.readexactly(2)
    user = await reader.readexactly(length)
    [length] = await reader.readexactly(1)
    password = await reader.readexactly(length)
    if (user.decode(), password.decode()) != (USER, PASSWORD):
        writer.write(b"\x01\x01")
        return None
    writer.write(b"\x01\x00")
    *_, kind = await reader.readexactly(4)
    assert kind == 3, "a name is to be resolved by the proxy"
    [length] = await reader.readexactly(1)
    host = (await reader.readexactly(length)).decode()
    port = int.from_bytes(await reader.readexactly(2), "big")
    writer.write(b"\x05\x00\x00\x01" + bytes(6))
    return f"{host}:{port}"


HANDSHAKES: dict[str, Handshake] = {
    "http": http_handshake,
    "https": http_handshake,
    "socks5": socks_handshake,
    "socks5h": socks_handshake,
}


@asynccontextmanager
async def proxy(
    scheme: str, to_port: int, context: ssl.SSLContext | None = None
) -> AsyncIterator[Proxy]:
    """One that leads to a port of this machine."""
    found = Proxy()
    open_now: set[asyncio.StreamWriter] = set()

    async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while part := await reader.read(65536):
                writer.write(part)
                await writer.drain()
        writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        open_now.add(writer)
        with suppress(OSError, asyncio.IncompleteReadError):
            asked = await HANDSHAKES[scheme](reader, writer)
            if asked is None:
                found.refused += 1
            else:
                found.asked_for.append(asked)
                far_reader, far_writer = await asyncio.open_connection("127.0.0.1", to_port)
                open_now.add(far_writer)
                await asyncio.gather(copy(reader, far_writer), copy(far_reader, writer))
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    found.port = server.sockets[0].getsockname()[1]
    try:
        yield found
    finally:
        server.close()
        for writer in open_now:
            writer.transport.abort()
