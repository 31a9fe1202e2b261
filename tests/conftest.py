"""Every test is a test of the log, too: whatever it does, at DEBUG, no line holds a person."""

import logging
import warnings
from collections.abc import Iterator

import pytest

from bot.logs import PrivateFormatter
from tests.people_in_logs import people_in


@pytest.fixture(autouse=True)
def _no_person_in_the_log(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Of the bots that run in this process; tests/processes.py looks at the others.

    A bot takes the log over; afterwards it is as it was.
    """
    root = logging.getLogger()
    handlers, level, show = root.handlers[:], root.level, warnings.showwarning
    lines: list[str] = []
    write = PrivateFormatter.format

    def note(formatter: PrivateFormatter, record: logging.LogRecord) -> str:
        lines.append(write(formatter, record))
        return lines[-1]

    monkeypatch.setattr(PrivateFormatter, "format", note)
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    warnings.showwarning = show
    assert people_in("\n".join(lines)) == []
