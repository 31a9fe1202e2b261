"""Keep the newest time by Telegram's dates in the file, for commands, which cannot ask Telegram."""

from datetime import datetime

from analytics.clock import LARGEST_STEP, from_unix
from analytics.sqlite import metadata
from analytics.sqlite.database import Database
from analytics.statistics.queries import BEGAN

TELEGRAM_TIME = "telegram_time"
KNOWN = f"""
    SELECT
        (SELECT value FROM file_settings WHERE name = '{TELEGRAM_TIME}'),
        (SELECT max(timestamp) FROM interactions)
"""


async def note(database: Database, now: datetime) -> None:
    """Note a time by Telegram's dates; the first one is noted as the beginning of recording, too.

    Raises AnalyticsError if the database cannot be written.
    """
    seconds = int(now.timestamp())
    await metadata.put_once(database, BEGAN, seconds)
    await metadata.put(database, TELEGRAM_TIME, seconds)


async def contradicting(database: Database, now: datetime) -> datetime | None:
    """Return the newest time that the file knows if a clock showing `now` may be wrong, else None.

    It may be wrong if it is more than a day off Telegram's last time, or more than a day before
    what is recorded. Raises AnalyticsError if the database cannot be read.
    """
    [(told, newest)] = await database.read(KNOWN)
    if told is None and newest is None:
        return None
    known = from_unix(max(told or 0, newest or 0))
    # Where no bot notes Telegram's time, the newest interaction may be old.
    is_ahead = told is not None and now - known > LARGEST_STEP
    return known if is_ahead or known - now > LARGEST_STEP else None
