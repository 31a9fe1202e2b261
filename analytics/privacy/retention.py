"""Delete what is past retention, in steps so small that recording is not held up."""

import asyncio
import time
from collections.abc import Callable
from datetime import datetime, timedelta

from analytics.option_checks import check_numbers
from analytics.store import Store

# Days that interactions are kept.
DEFAULT_RETENTION_DAYS = 90
MIN_RETENTION_DAYS = 1
MAX_RETENTION_DAYS = 3650

# Rows deleted in one statement: 1 to 10 ms, the longest that recording waits for it.
STEP = 1_000
# After each step, cleanup rests so many times as long as that took: recording, however busy, keeps
# at least seven tenths of its speed, and a day of 100,000 interactions still takes a second.
REST = 3


def check_days(days: int) -> int:
    """Return `days`. Raises ValueError outside 1 to 3650 days, TypeError for no whole number."""
    check_numbers(days=days)
    if not MIN_RETENTION_DAYS <= days <= MAX_RETENTION_DAYS:
        raise ValueError(
            f"{days} days: give a whole number of days "
            f"from {MIN_RETENTION_DAYS} to {MAX_RETENTION_DAYS}"
        )
    return days


def cutoff(now: datetime, days: int) -> datetime:
    """Return the oldest moment still kept: an interaction at the cutoff itself stays."""
    return now - timedelta(days=days)


def day_of(moment: datetime) -> int:
    """Return the day of a moment, in days since 1970, UTC, by which erasures are listed."""
    return int(moment.timestamp()) // 86_400


async def delete_older(
    store: Store, before: datetime, progress: Callable[[int], None] | None = None
) -> int:
    """Delete the interactions older than `before`, and the people with nothing left.

    Return how many interactions; after each step `progress` is called with how many so far.
    Raises AnalyticsError if the database cannot be written.
    """
    deleted = 0
    while True:
        began = time.monotonic()
        step = await store.delete_before(before.timestamp(), STEP)
        if not step:
            return deleted
        deleted += step
        if progress:
            progress(deleted)
        await asyncio.sleep(REST * (time.monotonic() - began))
