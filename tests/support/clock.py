"""A clock that goes when a test says so."""

from datetime import UTC, datetime, timedelta

NOW = datetime(2026, 6, 1, 12, 34, 56, tzinfo=UTC)


class Clock:
    """A clock that stands still at NOW until it is moved; `now` can be set, too."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now

    def move(self, **by: float) -> None:
        """Move by `by`, the parts of a timedelta."""
        self.now += timedelta(**by)
