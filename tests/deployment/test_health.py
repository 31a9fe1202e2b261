"""`health` asks the bot where its settings say that it answers."""

import asyncio
import signal
import socket
import subprocess
import sys
from http.client import HTTPException
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from bot.cli.health import address, ask
from bot.errors import WrongSettings
from bot.sandbox import Sandbox
from tests.support import ROOT, processes
from tests.support.settings import some_settings

WEBHOOK = {"webhook_url": "https://localhost/hook", "webhook_secret": "s" * 32}


@pytest.mark.parametrize(
    ("settings", "where"),
    [
        ({"metrics_port": 9}, ("127.0.0.1", 9)),
        ({"metrics_port": 9, "metrics_host": "0.0.0.0"}, ("127.0.0.1", 9)),
        ({"metrics_port": 9, "metrics_host": "::"}, ("::1", 9)),
        ({"metrics_port": 9, "metrics_host": "10.0.0.1"}, ("10.0.0.1", 9)),
        ({"metrics_port": 9, **WEBHOOK}, ("127.0.0.1", 9)),
        ({"webhook_host": "::", **WEBHOOK}, ("::1", 8080)),
        ({"webhook_port": 7, **WEBHOOK}, ("127.0.0.1", 7)),
    ],
)
def test_it_asks_where_the_bot_answers(settings: dict[str, Any], where: tuple[str, int]) -> None:
    assert address(some_settings(**settings)) == where


def test_a_bot_that_answers_nowhere_cannot_be_asked() -> None:
    with pytest.raises(WrongSettings, match="METRICS_PORT is missing"):
        address(some_settings())


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (200, '{"receiving": true, "recording": true}', ""),
        (503, '{"receiving": false, "recording": true}', "unhealthy: not receiving"),
        (503, '{"receiving": false, "recording": false}', "not receiving and not recording"),
        (502, "<html>", "unhealthy"),
        (503, "[]", "unhealthy"),
    ],
)
async def test_it_says_what_is_wrong(host: str, status: int, body: str, said: str) -> None:
    async def health(request: web.Request) -> web.Response:
        return web.Response(status=status, text=body)

    application = web.Application()
    application.router.add_get("/healthz", health)
    runner = web.AppRunner(application)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, 0).start()
        answer = await asyncio.to_thread(ask, host, runner.addresses[0][1])
    finally:
        await runner.cleanup()

    assert bool(answer) == bool(said)
    assert said in answer


def test_what_is_not_http_is_an_error_that_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises((OSError, HTTPException)):
        ask("127.0.0.1", port)


async def test_the_command_ends_with_0_beside_a_bot_that_is_well_and_with_1_after_it(
    sandbox: Sandbox,
    tmp_path: Path,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    database = tmp_path / "data" / "a.sqlite3"
    environment = processes.settings(sandbox, database, METRICS_PORT=port)
    async with processes.bot_process(
        sandbox, database, METRICS_PORT=port, METRICS_HOST="0.0.0.0"
    ) as bot:
        person = sandbox.person()
        await person.says("good morning")
        await person.answer()
        well = await processes.run(tmp_path, "health", **environment)
        bot.send(signal.SIGTERM)
        await bot.ended()
    ill = await processes.run(tmp_path, "health", **environment)

    assert well == (0, "healthy\n", "")
    assert (ill[0], ill[1]) == (1, "")
    assert ill[2].startswith("the bot does not answer (ConnectionRefusedError)")


def test_it_loads_neither_aiogram_nor_a_server() -> None:
    code = (
        "import sys, main; from bot.cli.health import health;"
        "sys.exit(bool({'aiogram', 'aiohttp'} & set(sys.modules)))"
    )

    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
