"""A service with a clock and a key of its own, and a second connection to look at its file."""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from analytics import AnalyticsService, Interaction, InteractionType
from tests.support.second_connection import second_connection

NAME = "analytics.sqlite3"
KEY = bytes(range(32))
NOW = datetime(2026, 6, 1, 12, 34, 56, tzinfo=UTC)
SOMEBODY = 6_000_000_001


def open_service(folder: Path, **options: Any) -> AbstractAsyncContextManager[AnalyticsService]:
    """Exact to the second, at NOW, unless told otherwise."""
    defaults: dict[str, Any] = {"key": KEY, "timestamp_precision": 1, "clock": lambda: NOW}
    return AnalyticsService.open(folder / NAME, **(defaults | options))


def interaction(
    ago: timedelta = timedelta(0),
    person: int = SOMEBODY,
    interaction_type: InteractionType = InteractionType.MESSAGE,
) -> Interaction:
    return Interaction(person, interaction_type, NOW - ago)


def days_ago(days: float, count: int = 1, people: int = 1) -> list[Interaction]:
    """No two in the same second."""
    return [
        interaction(timedelta(days=days, seconds=number), SOMEBODY + number % people)
        for number in range(count)
    ]


def select(
    folder: Path, sql: str, parameters: Sequence[Any] | Mapping[str, Any] = ()
) -> list[tuple[Any, ...]]:
    with closing(second_connection(folder / NAME)) as database:
        return database.execute(sql, parameters).fetchall()


def total(folder: Path) -> int:
    [(count,)] = select(folder, "SELECT coalesce(sum(count), 0) FROM interactions")
    return int(count)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Another program keeps the file from being written."""
    with closing(sqlite3.connect(folder / NAME, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield


@contextmanager
def being_read(folder: Path) -> Iterator[None]:
    """Another program reads: what it sees may not leave the write-ahead log."""
    with closing(sqlite3.connect(folder / NAME, isolation_level=None)) as other:
        other.execute("BEGIN")
        other.execute("SELECT count(*) FROM users").fetchall()
        yield
