"""Keep a database in order: clean up what is past retention, compact, and renew what is kept."""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from math import ceil

from analytics import known_time, time_zones
from analytics.backlog import Request
from analytics.clock import GuardedClock, from_unix
from analytics.errors import AnalyticsError
from analytics.open_database import OpenDatabase
from analytics.privacy import kept_outside
from analytics.privacy.retention import check_days, cutoff, day_of, delete_older
from analytics.recording import forget_updates
from analytics.statistics.report_models import MAX_HISTORY
from analytics.statistics.reports import Reports
from analytics.store_types import Setting

logger = logging.getLogger(__name__)

NOTE_TIME_EVERY = timedelta(hours=1)


class Maintenance:
    """Work that is done regularly, and what an operator asks for."""

    def __init__(self, database: OpenDatabase, reports: Reports) -> None:
        self._database = database
        self._reports = reports
        self._cleaning_up = asyncio.Lock()
        self._noted_time: datetime | None = None

    async def clean_up(
        self, days: int | None, dry_run: bool, progress: Callable[[int], None] | None
    ) -> int:
        """Delete the interactions older than `days`, by default the retention; return how many.

        With `dry_run` they are only counted. `progress` is called with the number deleted so far.
        Raises ValueError for `days` outside 1 to 3650, and AnalyticsError if the database fails.
        """
        database, store = self._database, self._database.store
        days = database.retention_days if days is None else check_days(days)
        now = database.clock()
        before = cutoff(now, days)
        if dry_run:
            return await store.count_before(before.timestamp())
        async with self._cleaning_up:
            deleted = 0
            oldest_backup = cutoff(now, database.retention_days)
            # Notes stay as long as a chart may show them, whatever the retention is.
            oldest_note = int((now - MAX_HISTORY).timestamp())
            listed = int(before.timestamp()), day_of(oldest_backup), oldest_note
            # The database is compacted only if there is anything to delete.
            if await store.count_before(before.timestamp()) or await store.has_listed(*listed):
                async with database.deletion():
                    await self._reports.keep_trends(before)
                    deleted = await delete_older(store, before, progress)
                    await store.forget_listed(*listed)
            day = database.calendar.day
            # Of a day that is deleted in part they would tell of that part.
            await store.forget_events(day(ceil(before.timestamp()) - 1) + 1)
            await store.forget_active_people(day(int(before.timestamp())))
            await store.forget_start_links(before.timestamp())
            await forget_updates(store, now)
            if days <= database.retention_days:
                await store.put_setting(Setting.LAST_CLEANUP, int(now.timestamp()))
                await store.put_setting(Setting.LAST_CLEANUP_DELETED, deleted)
        await kept_outside.keep(database)
        logger.info("cleaned up %d interactions older than %d days", deleted, days)
        await database.compact_if_due()
        return deleted

    async def take_turn(self, job: str, moment: datetime, since: datetime) -> bool:
        """Take the turn of a job; False if a process at this database has taken one since a moment.

        While the database cannot be written nobody can tell: True.
        """
        moments = int(moment.timestamp()), ceil(since.timestamp())
        try:
            return await self._database.store.take_turn(job, *moments)
        except AnalyticsError:
            # Each replica then runs it, which is better than none: cleanup and upkeep done twice
            # change nothing, an alert may be about this very failure, and a turn may have been
            # taken though its answer was lost, which nobody would make up for before the next day.
            return True

    async def last_cleanup(self) -> datetime | None:
        """Return when the retention was last enforced, by the clock of that moment; None if never.

        Raises AnalyticsError if the database cannot be read.
        """
        seconds = await self._database.store.get_setting(Setting.LAST_CLEANUP)
        return None if seconds is None else from_unix(int(seconds))

    async def compact_if_due(self, large_too: bool = False) -> bool:
        """Remove from the disk what was deleted, if that is quick, or overdue, or `large_too`.

        Return True if nothing is left to be removed.
        Raises AnalyticsError if the database fails.
        """
        return await self._database.compact_if_due(large_too)

    async def run(self, large_too: bool = False) -> None:
        """Commit what was collected, and compact if due.

        Renew the key file, the reserve, the report and the noted time.

        Call this regularly. With `large_too`, also compact a large file, and have the whole file
        checked for damage before the next write.
        Raises AnalyticsError if the database fails.
        """
        if self._database.recorder:
            self._database.recorder.commit_collected()
        await self._follow_zones()
        self._database.keyring.keep_file()
        self._database.store.keep_reserve()
        await self._note_time()
        await self._reports.keep_snapshot()
        await self.compact_if_due(large_too)
        if large_too:
            # Last: a file under suspicion is not compacted.
            await self._database.store.check()

    async def _follow_zones(self) -> None:
        """Count days in the zones of the database: another process may have changed to one."""
        zones = await time_zones.read(self._database.store)
        if zones != self._database.calendar.zones:
            time_zones.calendar_of(zones)  # which says in a sentence what is unknown here
            self._database.calendar.change(zones)
            logger.warning(
                "days are counted in %s from now on, as at another process", zones[-1][1]
            )

    async def _note_time(self) -> None:
        """Note hourly the time by Telegram's dates: commands compare their clock with it."""
        clock = self._database.clock
        if not isinstance(clock, GuardedClock) or not clock.knows_telegram_time:
            return
        now = clock()
        if self._noted_time is None or abs(now - self._noted_time) >= NOTE_TIME_EVERY:
            await known_time.note(self._database.store, now)
            self._noted_time = now

    async def clock_doubt(self) -> str | None:
        """Return how the clock contradicts the file, in words; None if it does not.

        While it does, nothing should be deleted by age.
        Raises AnalyticsError if the database cannot be read.
        """
        now, store = self._database.clock(), self._database.store
        known = await known_time.contradicting(store, now)
        if known is None:
            return None
        return (
            f"the clock of this computer shows {now:%Y-%m-%d %H:%M} UTC, and the newest time "
            f"that {store.name} knows is {known:%Y-%m-%d %H:%M} UTC"
        )

    async def rotate_key(self) -> bytes:
        """Replace the pseudonym key, also in the key file if it is there, and return the new one.

        What was recorded before can no longer be linked to anyone, and people are counted as new;
        opt-outs stay valid. Nothing may be recorded meanwhile. The old references leave the disk
        with the next compaction.
        Raises RotationRefused if there is no key, or other databases share its file; DatabaseInUse
        for any but the owner; and what a failed write raises.
        """
        rotating = asyncio.ensure_future(self._rotate_key())
        try:
            return await asyncio.shield(rotating)
        finally:
            # A cancellation waits: the file and the key file must not disagree.
            await asyncio.wait({rotating})

    async def _rotate_key(self) -> bytes:
        key = await self._database.replace_key()
        self._reports.forget()
        return key

    async def note_backup(self) -> None:
        """Note that a backup begins: erasures are listed from now on, for a restore.

        Call this before each backup.
        Raises DatabaseUnavailable if the database cannot be written at the moment.
        """
        database = self._database
        now = int(max(database.clock(), await database.likely_now()).timestamp())
        note = partial(database.store.put_setting, Setting.LAST_BACKUP, now)
        if not await database.in_turn(Request(note)):
            raise database.unavailable()
