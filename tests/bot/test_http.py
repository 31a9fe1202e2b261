"""Nobody makes the servers deaf: requests that never end are bounded in time and number."""

import asyncio
import errno
import io
import logging
import resource
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from analytics.telegram import webhook as webhook_handler
from analytics.telegram.webhook import SECRET_HEADER
from bot import http_server
from bot.errors import Unavailable, WrongSettings
from bot.sandbox import Sandbox
from bot.webhook import MAX_BODY_BYTES
from tests.support.processes import MAIN, PATIENCE, bot_program
from tests.support.running import running_bot
from tests.support.second_connection import total
from tests.support.webhooks import free_port, webhook_environment, webhook_settings

DESCRIPTORS = 200
HALF_OPEN = 260
# A process that may have this few descriptors, and is the bot.
FEW_DESCRIPTORS = f"""
import resource, runpy, sys
resource.setrlimit(resource.RLIMIT_NOFILE, ({DESCRIPTORS}, {DESCRIPTORS}))
sys.path.insert(0, {str(MAIN.parent)!r})
sys.argv = [{str(MAIN)!r}]
runpy.run_path({str(MAIN)!r}, run_name="__main__")
"""


def half_open(stack: ExitStack, port: int, number: int, begun: bytes) -> list[socket.socket]:
    """Connections that begin a request and never end it."""
    made = []
    for _ in range(number):
        connection = stack.enter_context(socket.create_connection(("127.0.0.1", port)))
        connection.sendall(begun)
        made.append(connection)
    return made


@pytest.mark.parametrize(
    "begun",
    [
        pytest.param(b"", id="nothing sent", marks=pytest.mark.long),
        pytest.param(b"POST /hook HTTP/1.1\r\nHost: a", id="half a head"),
        pytest.param(
            b"POST /hook HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n{",
            id="half a body",
            marks=pytest.mark.long,
        ),
    ],
)
async def test_updates_arrive_while_more_connections_hang_than_there_are_descriptors(
    sandbox: Sandbox, tmp_path: Path, begun: bytes
) -> None:
    if resource.getrlimit(resource.RLIMIT_NOFILE)[0] < HALF_OPEN + 100:
        pytest.skip("this process may not open enough connections")
    program = tmp_path / "few_descriptors.py"
    program.write_text(FEW_DESCRIPTORS)
    webhook = webhook_environment()
    database = tmp_path / "data" / "analytics.sqlite3"
    people = [sandbox.person() for _ in range(10)]
    path = webhook["WEBHOOK_URL"].rpartition("/")[2].encode()
    secret = f"\r\n{SECRET_HEADER}: {webhook['WEBHOOK_SECRET']}\r\nContent".encode()
    begun = begun.replace(b"/hook", b"/" + path).replace(b"\r\nContent", secret)
    async with bot_program(program, sandbox, database, webhook) as bot:
        with ExitStack() as stack:
            port = int(webhook["WEBHOOK_PORT"])
            try:
                await asyncio.to_thread(half_open, stack, port, HALF_OPEN, begun)
            except OSError:
                bot.send(signal.SIGKILL)
                raise AssertionError(await bot.ended()) from None
            for person in people:
                await person.says("good morning")
                await person.answer(within=PATIENCE)
            async with asyncio.timeout(PATIENCE):
                await sandbox.settled(within=PATIENCE)
        bot.send(signal.SIGTERM)
        status, _, log = await bot.ended()

    assert status == 0
    assert total(database) == 10
    assert len(log) < 20_000


HEAD = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


@pytest.mark.parametrize(
    "begun",
    [b"", HEAD[:-2], HEAD, HEAD + HEAD[:-2]],
    ids=["nothing sent", "half a head", "nothing after an answer", "half a head after an answer"],
)
async def test_a_head_that_never_ends_is_given_up(
    begun: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_server, "IDLE_SECONDS", 0.05)
    port = free_port()
    async with http_server.serving(web.Application(), "127.0.0.1", port, "HTTP", 1):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(begun)
        async with asyncio.timeout(PATIENCE):
            answers = await reader.read()
        writer.close()
        await writer.wait_closed()

    assert answers.count(b"HTTP/1.1 404") == begun.count(HEAD)


@asynccontextmanager
async def unread_answers(*lengths: int) -> AsyncIterator[list[Any]]:
    """The sockets of a server, in the order of requests that each have this long an answer."""
    port, answering, sockets = free_port(), asyncio.Queue[Any](), []

    async def answer(request: web.Request) -> web.Response:
        assert request.transport is not None
        connection = request.transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)
        answering.put_nowait(connection)
        return web.Response(body=bytes(int(request.path[1:])))

    application = web.Application()
    application.router.add_get("/{length}", answer)
    async with (
        asyncio.timeout(PATIENCE),
        http_server.serving(application, "127.0.0.1", port, "HTTP", 1),
    ):
        with ExitStack() as stack:
            for length in lengths:
                peer = stack.enter_context(socket.socket())
                peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
                peer.connect(("127.0.0.1", port))
                peer.sendall(b"GET /%d HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" % length)
                sockets.append(await answering.get())
            yield sockets
        await closed(sockets)


async def closed(connections: list[Any]) -> None:
    """Wait until sockets of a server are closed."""
    while any(connection.fileno() != -1 for connection in connections):  # noqa: ASYNC110 - no event
        await asyncio.sleep(0)


# aiohttp closes the connection after a short answer, which lasts until everything is sent; with a
# long one it waits before it closes.
@pytest.mark.parametrize("length", [50_000, 1_000_000], ids=["closing", "waiting"])
async def test_an_answer_that_nobody_reads_is_given_up(
    length: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_server, "IDLE_SECONDS", 0.05)
    async with unread_answers(length) as connections:
        await closed(connections)


async def test_a_connection_is_not_given_up_while_its_request_is_answered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(http_server, "IDLE_SECONDS", 0.05)
    port = free_port()

    async def slow(request: web.Request) -> web.Response:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        await reader.read()  # as long as an idle connection lasts
        writer.close()
        return web.Response(text="done")

    application = web.Application()
    application.router.add_get("/", slow)
    async with (
        asyncio.timeout(PATIENCE),
        http_server.serving(application, "127.0.0.1", port, "HTTP", 1),
        aiohttp.ClientSession() as session,
        session.get(f"http://127.0.0.1:{port}/") as answer,
    ):
        assert await answer.text() == "done"


async def test_answers_that_nobody_reads_make_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_server, "most_connections", lambda: 2)
    async with unread_answers(50_000, 1_000_000, 50_000, 1_000_000) as connections:
        still_open = [connection.fileno() != -1 for connection in connections]

    assert still_open == [False, False, True, True]


async def test_a_body_that_never_ends_is_given_up_and_sent_again(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook_handler, "BODY_SECONDS", 0.05)
    webhook = webhook_settings()

    async def never_ending() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.Event().wait()

    async with (
        running_bot(sandbox, tmp_path / "a.sqlite3", **webhook),
        aiohttp.ClientSession() as session,
        session.post(
            webhook["webhook_url"],
            data=never_ending(),
            headers={SECRET_HEADER: webhook["webhook_secret"]},
        ) as answer,
    ):
        assert answer.status == 408


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_body_over_the_limit_is_skipped_and_not_sent_again(
    sandbox: Sandbox, tmp_path: Path, chunked: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    webhook = webhook_settings()

    async def in_parts() -> AsyncIterator[bytes]:
        for _ in range(5):
            yield b" " * (MAX_BODY_BYTES // 4)

    async with (
        running_bot(sandbox, tmp_path / "a.sqlite3", **webhook),
        aiohttp.ClientSession() as session,
        session.post(
            webhook["webhook_url"],
            data=in_parts() if chunked else io.BytesIO(b" " * (MAX_BODY_BYTES + 1)),
            headers={SECRET_HEADER: webhook["webhook_secret"]},
        ) as answer,
    ):
        assert answer.status == 200

    assert "HTTPRequestEntityTooLarge" in capsys.readouterr().err


async def test_the_oldest_idle_connection_makes_room_and_those_in_use_stay(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(http_server, "most_connections", lambda: 3)
    port, asked, may_answer = free_port(), asyncio.Event(), asyncio.Event()

    async def slow(request: web.Request) -> web.Response:
        asked.set()
        await may_answer.wait()
        return web.Response(text="done")

    application = web.Application()
    application.router.add_get("/", slow)
    async with (
        asyncio.timeout(PATIENCE),
        http_server.serving(application, "127.0.0.1", port, "HTTP", 1),
        aiohttp.ClientSession() as session,
    ):
        answering = asyncio.create_task(session.get(f"http://127.0.0.1:{port}/"))
        await asked.wait()
        streams = [await asyncio.open_connection("127.0.0.1", port) for _ in range(4)]
        for reader, _ in streams[:2]:  # as many as are too many
            assert await reader.read() == b""
        may_answer.set()
        async with await answering as answer:
            assert await answer.text() == "done"
        for _, writer in streams[2:]:
            writer.write(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        answers = [await reader.read() for reader, _ in streams[2:]]
        for _, writer in streams:
            writer.close()

    assert all(answer.startswith(b"HTTP/1.1 200") for answer in answers)


async def test_what_cannot_be_accepted_is_logged_once_a_minute(
    caplog: pytest.LogCaptureFixture,
) -> None:
    now = 0.0
    handler = http_server.AcceptErrors(lambda: now)
    loop = asyncio.get_running_loop()
    full = {
        "message": "socket.accept() out of system resource",
        "exception": OSError(errno.EMFILE, "Too many open files"),
    }
    with caplog.at_level(logging.ERROR):
        for second in range(0, 120, 2):
            now = float(second)
            handler(loop, full)
        handler(loop, {"message": "something else"})

    said = [record.getMessage() for record in caplog.records if record.name == "bot.http_server"]
    assert len(said) == 2
    assert "EMFILE" in said[0]
    assert [record.message for record in caplog.records if record.name == "asyncio"] == [
        "something else"
    ]


@pytest.mark.parametrize(
    ("host", "kind"),
    [("127.0.0.1", Unavailable), ("192.0.2.1", Unavailable), ("a.invalid", None)],
    ids=["taken", "not there yet", "no address"],
)
async def test_an_address_that_may_come_back_is_no_wrong_setting(
    host: str, kind: type[Exception] | None
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(kind or WrongSettings, match=f"HTTP_PORT are {host} and {port}"):
            async with http_server.serving(web.Application(), host, port, "HTTP", 1):
                pass


def test_the_number_of_connections_is_below_that_of_descriptors() -> None:
    assert (
        sys.platform == "win32"
        or 2 * http_server.most_connections() < resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    )
