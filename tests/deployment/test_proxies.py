"""What docs/webhook.md shows for Caddy and nginx is accepted by them, where they are installed."""

import shutil
from pathlib import Path

import pytest

from tests.support.documents import code
from tests.support.environments import run

PROGRAMS = ("nginx", "openssl")


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
