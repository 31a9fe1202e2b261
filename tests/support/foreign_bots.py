"""Bots that are not ours, each a copy in a folder of its own, in an environment with the wheel."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from bot.sandbox import Person, Sandbox
from tests.support import ROOT
from tests.support.processes import Forks, Process, from_its_first_call, launch
from tests.support.webhooks import SECRET, free_port

BOTS = ROOT / "tests" / "foreign"
# What the bots import, so that each starts at once; the analytics need no module of a bot.
FORKS = """
import runpy, socket, sys
import aiogram.utils.i18n, aiogram.webhook.aiohttp_server, analytics.telegram, apscheduler
if taken := {"bot", "main", "scheduler", "tests"} & set(sys.modules):
    sys.exit(f"the analytics import {taken}")
sys.path.insert(0, sys.argv[2])
from fork_server import serve
sys.path.pop(0)
requests = socket.socket(fileno=int(sys.argv[1]))
serve(requests, lambda: runpy.run_path("main.py", run_name="__main__"))
"""


def forks_of(python: Path, folder: Path) -> Forks:
    """What runs the bots in the environment of a Python, outside this repository."""
    return Forks(python, FORKS, folder, str(ROOT / "tests" / "support"))


@dataclass(frozen=True)
class Foreign:
    """A copy of a bot that is not ours; its process runs in its folder."""

    folder: Path
    sandbox: Sandbox
    forks: Forks
    environment: dict[str, str]

    @property
    def database(self) -> Path:
        return self.folder / "data" / "analytics.sqlite3"

    @asynccontextmanager
    async def running(self, python: Path | None = None, **more: str) -> AsyncIterator[Process]:
        """The bot from when it can receive updates; killed at the end, if it still runs.

        With `python`, nothing is imported before.
        """
        environment = self.environment | more
        if python:
            starting = launch([python, "main.py"], self.folder, environment)
        else:
            starting = self.forks.start(self.folder, [], environment)
        async with from_its_first_call(self.sandbox, environment, starting) as process:
            yield process


def copy_of(name: str, to: Path, sandbox: Sandbox, admin: Person, forks: Forks) -> Foreign:
    """Copy a bot, and compile its translations."""
    shutil.copytree(BOTS / name, to, ignore=shutil.ignore_patterns("__pycache__"))
    for catalogue in to.rglob("*.po"):
        with catalogue.open("rb") as po, catalogue.with_suffix(".mo").open("wb") as mo:
            write_mo(mo, read_po(po))
    environment = {
        "BOT_TOKEN": sandbox.token,
        "BOT_API": sandbox.url,
        "ADMINS": str(admin.user["id"]),
        "LOG_LEVEL": "DEBUG",
    }
    if (to / "bot" / "webhook.py").exists():
        port = free_port()
        environment |= {
            "WEBHOOK_URL": f"http://127.0.0.1:{port}/webhook",
            "WEBHOOK_SECRET": SECRET,
            "PORT": str(port),
            "RATE_LIMIT": "0",
        }
    return Foreign(to, sandbox, forks, environment)
