"""Every test is a test of the log, too: whatever it does, at DEBUG, no line holds a person."""

import logging
import os
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from bot import environment
from bot.logs import PrivateFormatter
from tests.support.people_in_logs import people_in


@pytest.fixture(autouse=True)
def _nobodys_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who has a bot of their own in this folder wants no test to read its `.env`."""
    monkeypatch.setattr(environment, "BESIDE_MAIN", Path("no-such-file"))


# How long an example takes is the machine's affair. What else CI sets (the same examples each
# time) stays.
settings.register_profile(
    "any machine",
    settings.get_profile("ci" if "CI" in os.environ else "default"),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("any machine")


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
