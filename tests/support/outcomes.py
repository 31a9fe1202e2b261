"""What a file has counted of outcomes and of events of the bot's own."""

from collections import Counter
from pathlib import Path

from analytics.events import Event, EventKind
from analytics.events.outcome_words import BUCKETS, event_of, subject_and_bucket
from tests.support.second_connection import select

OUTCOMES = (EventKind.HANDLED, EventKind.FAILED, EventKind.UNANSWERED)


def handled(subject: str, seconds: float) -> Event:
    return event_of(EventKind.HANDLED, subject, seconds)


def failed(subject: str) -> Event:
    return event_of(EventKind.FAILED, subject, 0)


def unanswered(subject: str) -> Event:
    return event_of(EventKind.UNANSWERED, subject, 0)


def counted(path: Path, *kinds: EventKind) -> dict[str, int]:
    """Return how often each word of the kinds was counted."""
    rows = select(path, "SELECT kind, event, count FROM daily_events")
    counts = Counter[str]()
    for kind, word, count in rows:
        if kind in kinds:
            counts[word] += count
    return dict(counts)


def outcomes(path: Path) -> dict[str, int]:
    """Return how often each outcome was counted, such as `handled help`, however long it took."""
    rows = select(path, "SELECT kind, event, count FROM daily_events")
    counts = Counter[str]()
    for kind, word, count in rows:
        if kind == EventKind.HANDLED:
            word, bucket = subject_and_bucket(word)
            assert bucket in BUCKETS
        if kind in OUTCOMES:
            counts[f"{kind} {word}"] += count
    return dict(counts)


def at_least(path: Path, kind: EventKind) -> dict[str, int]:
    """Return how many people, at least, each word of a kind was counted of."""
    rows = select(path, "SELECT event, people FROM daily_events WHERE kind = ?", (kind,))
    return dict(rows)
