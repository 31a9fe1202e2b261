"""Keep the newest time by Telegram's dates, for commands, which cannot ask Telegram."""

from datetime import datetime

from analytics.clock import MAX_STEP, from_unix
from analytics.store import Store
from analytics.store_types import Setting


async def note(store: Store, now: datetime) -> None:
    """Note a time by Telegram's dates; the first one is noted as the beginning of recording, too.

    Raises AnalyticsError if the database cannot be written.
    """
    seconds = int(now.timestamp())
    await store.put_setting_once(Setting.BEGAN, seconds)
    await store.put_setting(Setting.TELEGRAM_TIME, seconds)


async def contradicting(store: Store, now: datetime) -> datetime | None:
    """Return the newest time in the database if a clock that shows `now` contradicts it, else None.

    It does if it is more than a day behind; and, where Telegram's time has been noted, also if it
    is more than a day ahead. Raises AnalyticsError if the database cannot be read.
    """
    telegrams, newest = await store.known_times()
    if telegrams is None and newest is None:
        return None
    known = from_unix(max(telegrams or 0, newest or 0))
    # Where no bot notes Telegram's time, the newest interaction may be old.
    is_ahead = telegrams is not None and now - known > MAX_STEP
    return known if is_ahead or known - now > MAX_STEP else None
