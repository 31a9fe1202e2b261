"""What docs/webhook.md shows for Caddy and nginx is accepted by them, where they are installed."""

import re
import shutil
from pathlib import Path

import pytest

from tests.support import ROOT
from tests.support.environments import run

PAGE = (ROOT / "docs" / "webhook.md").read_text("utf-8")
PROGRAMS = ("nginx", "openssl")


def block(language: str) -> str:
    [code] = re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    return str(code)


@pytest.mark.skipif(not shutil.which("caddy"), reason="caddy is not installed")
def test_caddy_accepts_its_configuration(tmp_path: Path) -> None:
    (tmp_path / "Caddyfile").write_text(block("caddy"))

    run("caddy", "validate", "--config", "Caddyfile", cwd=tmp_path, HOME=str(tmp_path))


@pytest.mark.skipif(not all(map(shutil.which, PROGRAMS)), reason="nginx is not installed")
def test_nginx_accepts_its_configuration(tmp_path: Path) -> None:
    for name in ("fullchain.pem", "privkey.pem"):
        assert f"/etc/letsencrypt/live/bot.example.org/{name};" in block("nginx")
    run(
        *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=example.org"),
        *("-keyout", "privkey.pem", "-out", "fullchain.pem"),
        cwd=tmp_path,
    )
    server = block("nginx").replace("/etc/letsencrypt/live/bot.example.org", str(tmp_path))
    (tmp_path / "nginx.conf").write_text(
        f"pid {tmp_path}/nginx.pid;\nevents {{}}\nhttp {{\naccess_log off;\n{server}}}\n"
    )

    run("nginx", "-t", "-c", tmp_path / "nginx.conf", "-e", tmp_path / "errors", cwd=tmp_path)
