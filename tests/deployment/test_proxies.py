"""What the documents show for Caddy and nginx works in them, where they are installed."""

import asyncio
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession

from bot.web.limit import BURST
from tests.support.admin_pages import ADMIN, Client, served
from tests.support.clock import Clock
from tests.support.documents import code
from tests.support.environments import run

PROGRAMS = ("nginx", "openssl")
TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


@pytest.mark.skipif(not shutil.which("caddy"), reason="caddy is not installed")
def test_caddy_accepts_its_configuration(tmp_path: Path) -> None:
    (tmp_path / "Caddyfile").write_text(code("docs/webhook.md", "Caddy", "caddy"))

    run("caddy", "validate", "--config", "Caddyfile", cwd=tmp_path, HOME=str(tmp_path))


@pytest.mark.skipif(not all(map(shutil.which, PROGRAMS)), reason="nginx is not installed")
def test_nginx_accepts_its_configuration(tmp_path: Path) -> None:
    server = code("docs/webhook.md", "nginx", "nginx")
    for name in ("fullchain.pem", "privkey.pem"):
        assert f"/etc/letsencrypt/live/bot.example.org/{name};" in server
    run(
        *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=example.org"),
        *("-keyout", "privkey.pem", "-out", "fullchain.pem"),
        cwd=tmp_path,
    )
    server = server.replace("/etc/letsencrypt/live/bot.example.org", str(tmp_path))
    (tmp_path / "nginx.conf").write_text(
        f"pid {tmp_path}/nginx.pid;\nevents {{}}\nhttp {{\naccess_log off;\n{server}}}\n"
    )

    run("nginx", "-t", "-c", tmp_path / "nginx.conf", "-e", tmp_path / "errors", cwd=tmp_path)


@asynccontextmanager
async def background(start: list[str], stop: list[str], folder: Path) -> AsyncIterator[None]:
    """A program whose first command ends once it listens in the background."""

    async def carry_out(command: list[str]) -> None:
        nowhere = asyncio.subprocess.DEVNULL
        process = await asyncio.create_subprocess_exec(
            *command, cwd=folder, stdout=nowhere, stderr=nowhere, env={"HOME": str(folder)}
        )
        assert await process.wait() == 0

    await carry_out(start)
    try:
        yield
    finally:
        await carry_out(stop)


@asynccontextmanager
async def caddy(folder: Path, port: int, page: int) -> AsyncIterator[None]:
    sites = code("docs/web.md", "Caddy", "caddy").replace("127.0.0.1:8090", f"127.0.0.1:{page}")
    sites = sites.replace("bot.example.org {", f"http://bot.example.org:{port} {{")
    address = f"unix/{folder}/admin"
    (folder / "Caddyfile").write_text(f"{{\nadmin {address}\n}}\n{sites}")
    program = shutil.which("caddy") or ""
    start = [program, "start", "--config", "Caddyfile"]
    async with background(start, [program, "stop", "--address", address], folder):
        yield


@asynccontextmanager
async def nginx(folder: Path, port: int, page: int) -> AsyncIterator[None]:
    server = code("docs/web.md", "nginx", "nginx").replace("127.0.0.1:8090", f"127.0.0.1:{page}")
    server = server.replace("listen 443 ssl", f"listen 127.0.0.1:{port}")
    server = re.sub(r" *ssl_.*\n", "", server)
    own = "".join(f"{each}_temp_path {folder}/{each};\n" for each in TEMPORARY)
    (folder / "nginx.conf").write_text(
        f"pid {folder}/nginx.pid;\nevents {{}}\nhttp {{\naccess_log off;\n{own}{server}}}\n"
    )
    start = [shutil.which("nginx") or "", "-c", f"{folder}/nginx.conf", "-e", f"{folder}/errors"]
    async with background(start, [*start, "-s", "quit"], folder):
        yield


@pytest.mark.parametrize("proxy", [caddy, nginx])
async def test_an_admin_logs_in_through_a_proxy_that_says_who_asks(
    tmp_path: Path, clock: Clock, port: int, proxy: Any
) -> None:
    if not shutil.which(proxy.__name__):
        pytest.skip(f"{proxy.__name__} is not installed")
    (tmp_path / "proxy").mkdir()
    async with (
        served(tmp_path, clock, url="https://bot.example.org") as page,
        proxy(tmp_path / "proxy", port, page.links.port),
        ClientSession() as http,
    ):
        client = Client(f"http://127.0.0.1:{port}", http)
        host = {"Host": f"bot.example.org:{port}"}

        async def log_in(link: str, **headers: str) -> int:
            answer = await client.ask(
                "/session", method="POST", given={"link": link}, **host, **headers
            )
            return answer.status

        assert await log_in(await page.token(ADMIN)) == 200
        # A client cannot pass for many by a header of its own.
        failed = [await log_in("x", **{"X-Forwarded-For": f"{n}"}) for n in range(BURST + 1)]
        assert failed == [401] * BURST + [429]
