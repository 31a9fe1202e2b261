"""What tests of several hours share."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from analytics import recording
from analytics.sqlite import database
from bot.sandbox import Sandbox
from tests.support.hours import Hours


@pytest.fixture
async def hours(tmp_path: Path) -> AsyncIterator[Hours]:
    async with Sandbox(clock=lambda: tale.now) as sandbox:
        tale = Hours(sandbox, tmp_path / "analytics.sqlite3")
        yield tale


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is kept from writing finds out at once."""
    monkeypatch.setattr(database, "BUSY_MS_OWN", 10)
    monkeypatch.setattr(recording, "RETRY_SECONDS", 0.01)
