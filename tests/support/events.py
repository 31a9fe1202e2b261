"""Events by the words of them: a command with its slash, a block or unblock, None for no event."""

from collections.abc import Iterable
from pathlib import Path

from analytics.events import Event, EventKind
from tests.support.second_connection import select


def events_of(words: Iterable[str | None]) -> list[tuple[Event, ...]]:
    return [(event_of(word),) if word else () for word in words]


def event_of(word: str) -> Event:
    if word.startswith("/"):
        return Event(EventKind.COMMAND, word.removeprefix("/"))
    return Event(EventKind.MEMBERSHIP, word)


def counted(database: Path, kind: EventKind) -> dict[str, int]:
    """Return the words of a kind that the file has, with how often each was counted."""
    rows = "SELECT event, sum(count) FROM daily_events WHERE kind = ? GROUP BY 1"
    return dict(select(database, rows, (kind.value,)))
