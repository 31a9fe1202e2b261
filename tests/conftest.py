"""The fixtures, each once; and every test is a test of the log, too.

Whatever a test does, at DEBUG, no line of the log holds a person.
"""

import logging
import os
import warnings
from collections.abc import AsyncIterator, Iterator
from functools import cache
from pathlib import Path
from ssl import SSLContext
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest
from aiohttp import ClientSession
from hypothesis import HealthCheck, settings

from analytics import backlog, recording
from analytics.clock import utc_now
from bot import environment, outgoing
from bot.logs import PrivateFormatter
from bot.sandbox import Sandbox
from tests.support.client import Client
from tests.support.clock import Clock
from tests.support.examples import USUAL
from tests.support.people_in_logs import people_in
from tests.support.processes import PATIENCE
from tests.support.service import failing_at_once
from tests.support.webhooks import free_port, webhook_settings

# What imports aiogram is imported where it is used: that takes seconds.
if TYPE_CHECKING:
    from aiogram import Bot
    from playwright.async_api import Browser

    from tests.support.hours import Hours
    from tests.support.two_clocks import Tale
    from tests.support.workers import Workers


def pytest_xdist_auto_num_workers() -> int:
    """Run two more than there are processors: most tests wait for the disk or for a process."""
    return (os.cpu_count() or 1) + 2


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what waits or takes long, so that no worker is left with it at the end."""
    items.sort(
        key=lambda item: not {"waits", "thorough"} & {mark.name for mark in item.iter_markers()}
    )


@pytest.fixture(autouse=True)
def _nobodys_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who has a bot of their own in this folder wants no test to read its `.env`."""
    monkeypatch.setattr(environment, "BESIDE_MAIN", Path("no-such-file"))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def sandbox(request: pytest.FixtureRequest) -> AsyncIterator[Sandbox]:
    """A Bot API server; it goes by the `clock` of a test that has one."""
    clock = request.getfixturevalue("clock") if "clock" in request.fixturenames else utc_now
    async with Sandbox(clock=clock, first_update_id=1000, webhook_retry=0.001) as sandbox:
        yield sandbox


@pytest.fixture
async def client(sandbox: Sandbox) -> AsyncIterator[Client]:
    async with ClientSession() as http:
        yield Client(sandbox, http)


@pytest.fixture
async def bot(sandbox: Sandbox) -> AsyncIterator["Bot"]:
    """aiogram's own."""
    from aiogram import Bot
    from aiogram.client.session.aiohttp import AiohttpSession
    from aiogram.client.telegram import TelegramAPIServer

    class Session(AiohttpSession):
        """aiogram's own waits for the end of TLS, which the loopback has not."""

        async def close(self) -> None:
            if self._session is not None:
                await self._session.close()

    session = Session(api=TelegramAPIServer.from_base(sandbox.url))
    async with Bot(sandbox.token, session=session) as bot:
        yield bot


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """Where there is no database yet, nor a folder for it."""
    return tmp_path / "data" / "analytics.sqlite3"


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def webhook() -> dict[str, Any]:
    return webhook_settings()


@pytest.fixture
async def hours(tmp_path: Path) -> AsyncIterator["Hours"]:
    from tests.support.hours import Hours

    async with Sandbox(clock=lambda: running.now) as sandbox:
        running = Hours(sandbox, tmp_path / "analytics.sqlite3")
        yield running


@pytest.fixture
async def browser() -> AsyncIterator["Browser"]:
    from tests.support import browsers

    async with browsers.chromium() as browser:
        yield browser


@pytest.fixture
def workers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> "Workers":
    from tests.support.workers import Workers

    return Workers(tmp_path, monkeypatch)


@pytest.fixture
def tale(database: Path) -> "Tale":
    from tests.support.two_clocks import Tale

    return Tale(database)


@pytest.fixture
def impatient() -> Iterator[None]:
    """Whatever is kept from writing finds out at once."""
    with failing_at_once():
        yield


# How long an example takes is the machine's affair. What else CI sets (the same examples each
# time) stays.
ANY_MACHINE = settings(
    settings.get_profile("ci" if "CI" in os.environ else "default"),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("any machine", ANY_MACHINE)
settings.register_profile("few", ANY_MACHINE, max_examples=USUAL // 4)
settings.register_profile("many", ANY_MACHINE, max_examples=USUAL * 10)
settings.load_profile("any machine")


@pytest.fixture(autouse=True, scope="session")
def _time_to_record() -> Iterator[None]:
    """Let recording take its time on a busy machine; tests of its time limits set them.

    What has not reached the disk within them may be lost in a kill.
    """
    with (
        patch.object(recording, "COMMIT_TIMEOUT", PATIENCE),
        patch.object(backlog, "SPOOL_TIMEOUT", PATIENCE),
    ):
        yield


@pytest.fixture(autouse=True, scope="session")
def _certificates_once() -> Iterator[None]:
    """Read the certificates once for all bots of this process: that is a fifth of a start."""

    def kept() -> SSLContext:
        return by_environment(*map(os.environ.get, ("SSL_CERT_FILE", "SSL_CERT_DIR")))

    read = outgoing.trusted
    by_environment = cache(lambda *_: read())
    with patch.object(outgoing, "trusted", kept):
        yield


@pytest.fixture(autouse=True)
def _no_person_in_the_log(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Of the bots that run in this process; tests/support/processes.py looks at the others.

    A bot takes the log over, loggers of libraries included; afterwards it is as it was.
    """
    root = logging.getLogger()
    handlers, show = root.handlers[:], warnings.showwarning
    loggers = [root, *map(logging.getLogger, logging.root.manager.loggerDict)]
    levels = [logger.level for logger in loggers]
    lines: list[str] = []
    write = PrivateFormatter.format

    def note(formatter: PrivateFormatter, record: logging.LogRecord) -> str:
        lines.append(write(formatter, record))
        return lines[-1]

    monkeypatch.setattr(PrivateFormatter, "format", note)
    yield
    root.handlers[:] = handlers
    for logger, level in zip(loggers, levels, strict=True):
        logger.setLevel(level)
    warnings.showwarning = show
    assert people_in("\n".join(lines)) == []
