"""The public face of the analytics."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path

from analytics.database import Access, CannotOpen, Database
from analytics.interactions import InteractionType, UserInteraction, utc_now
from analytics.pseudonyms import PlainIds, Pseudonyms, References, create_key, read_key
from analytics.recording import Recorder, forget_updates
from analytics.reports import AdminReport, report
from analytics.retention import (
    DEFAULT_RETENTION_DAYS,
    check_days,
    count_older,
    cutoff,
    delete_older,
)

DEFAULT_TIMESTAMP_PRECISION = 3600
# Compacting a smaller file takes a fraction of a second and is done at once, a larger one at night.
SMALL_FILE_BYTES = 64 * 1024 * 1024
# What is deleted leaves the disk within this time, also where no night ever comes.
COMPACTION_DEADLINE = timedelta(hours=24)

SETTING = "SELECT value FROM file_settings WHERE name = ?"
SET = """
    INSERT INTO file_settings (name, value) VALUES (?, ?)
    ON CONFLICT DO UPDATE SET value = excluded.value
"""
SET_ONCE = "INSERT INTO file_settings (name, value) VALUES (?, ?) ON CONFLICT DO NOTHING"
UNSET = "DELETE FROM file_settings WHERE name = ?"
VOCABULARY = "INSERT OR IGNORE INTO interaction_types (name) SELECT value FROM json_each(?)"


class AnalyticsService:
    """Records interactions, reports on them, and deletes them. Made by `AnalyticsService.open`."""

    def __init__(
        self,
        database: Database,
        recorder: Recorder | None,
        retention_days: int,
        clock: Callable[[], datetime],
    ) -> None:
        self.retention_days = retention_days
        self._database = database
        self._recorder = recorder
        self._clock = clock
        self._deleting = asyncio.Lock()

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        path: Path | str,
        *,
        access: Access = Access.OWN,
        key: bytes | None = None,
        pseudonymise: bool = True,
        retention_days: int = DEFAULT_RETENTION_DAYS,
        timestamp_precision: int = DEFAULT_TIMESTAMP_PRECISION,
        clock: Callable[[], datetime] = utc_now,
    ) -> AsyncIterator["AnalyticsService"]:
        """Open the database at `path`, and write what is still in memory when leaving.

        `key` has 32 bytes; without one it is read from a file beside the database, which is
        made on first use. `timestamp_precision` is in seconds, `clock` gives aware datetimes.
        Raises CannotOpen, and ValueError for a wrong `retention_days`.
        """
        path = Path(path)
        check_days(retention_days)
        async with Database.open(path, access) as database:
            recorder = None
            if access is Access.OWN:
                await database.write(VOCABULARY, (json.dumps(list(InteractionType)),))
                references = await _references(database, key, pseudonymise)
                recorder = Recorder(database, references, timestamp_precision, clock)
            try:
                yield cls(database, recorder, retention_days, clock)
            finally:
                if recorder:
                    await recorder.close()

    async def record(
        self, interactions: Sequence[UserInteraction], update_ids: Sequence[int] | None = None
    ) -> bool:
        """Commit the interactions in one transaction; each update id is counted once, ever again.

        `update_ids`, if given, has one for each interaction. True if all is committed; False if
        it waits in memory because the database fails or takes longer than two seconds.
        """
        if self._recorder is None:
            raise RuntimeError("only the owner of the database records")
        return await self._recorder.record(interactions, update_ids)

    async def get_admin_analytics_report(self) -> AdminReport:
        """The aggregates as of now."""
        recorder = self._recorder
        return await report(
            self._database,
            self._clock(),
            self.retention_days,
            backlog=recorder.backlog if recorder else 0,
            dropped=recorder.dropped if recorder else 0,
        )

    async def cleanup_old_interactions(
        self,
        days: int | None = None,
        dry_run: bool = False,
        progress: Callable[[int], None] | None = None,
    ) -> int:
        """Delete the interactions older than `days`, or than the retention; returns how many.

        With `dry_run` they are only counted. `progress` is told how many are deleted so far.
        Raises ValueError for days outside 1 to 3650.
        """
        days = self.retention_days if days is None else check_days(days)
        now = self._clock()
        before = cutoff(now, days)
        if dry_run:
            return await count_older(self._database, before)
        async with self._deleting:
            deleted = 0
            if await count_older(self._database, before):
                # Noted first: whatever stops the process, what is deleted will leave the disk.
                await self._database.write(SET_ONCE, ("compaction_due", int(now.timestamp())))
                deleted = await delete_older(self._database, before, progress)
            await forget_updates(self._database, now)
            if days <= self.retention_days:
                await self._database.write(SET, ("last_cleanup", int(now.timestamp())))
                await self._database.write(SET, ("last_cleanup_deleted", deleted))
        await self.compact_if_due()
        return deleted

    async def compact_if_due(self, large_too: bool = False) -> bool:
        """Remove from the disk what was deleted, if that is quick, or overdue, or `large_too`.

        True if nothing is pending when this returns.
        """
        async with self._deleting:
            due = await self._setting("compaction_due")
            if due is None:
                return True
            waited = self._clock().timestamp() - int(due)
            small = self._database.size() < SMALL_FILE_BYTES
            if not (small or large_too or waited >= COMPACTION_DEADLINE.total_seconds()):
                return False
            if not await self._database.compact():
                return False
            await self._database.write(UNSET, ("compaction_due",))
            return True

    async def last_cleanup(self) -> datetime | None:
        """When the retention was last enforced, by the clock of that moment."""
        return (await self.get_admin_analytics_report()).last_cleanup

    async def _setting(self, name: str) -> str | int | None:
        rows = await self._database.read(SETTING, (name,))
        return rows[0][0] if rows else None


async def _references(database: Database, key: bytes | None, pseudonymise: bool) -> References:
    """The references this file was written with, or new ones for a new file. Raises CannotOpen."""
    rows = await database.read(SETTING, ("references",))
    written_with = rows[0][0] if rows else None
    references = _choose_references(database.path, key, pseudonymise, is_new=written_with is None)
    if written_with is None:
        await database.write(SET, ("references", references.fingerprint))
    elif written_with != references.fingerprint:
        raise CannotOpen(_mismatch(database.path, written_with, references))
    return references


def _choose_references(
    path: Path, key: bytes | None, pseudonymise: bool, is_new: bool
) -> References:
    if not pseudonymise:
        return PlainIds()
    key_file = path.with_suffix(".key")
    try:
        key = key or read_key(key_file)
    except ValueError as error:
        raise CannotOpen(f"{key_file} holds no key ({error}): restore it from a backup") from None
    if key is None:
        if not is_new:
            raise CannotOpen(
                f"{key_file} is missing and USER_ID_KEY is not set, but {path} was written with a "
                "key: restore it, or move the database away to start anew"
            )
        key = create_key(key_file)
    return Pseudonyms(key)


def _mismatch(path: Path, written_with: str, references: References) -> str:
    if PlainIds.fingerprint in (written_with, references.fingerprint):
        mode = "false" if written_with == PlainIds.fingerprint else "true"
        return f"{path} was written with PSEUDONYMISE_USER_IDS={mode}: set it back, or move it away"
    return (
        f"{path} was written with another key: "
        "set USER_ID_KEY, or restore the key file, as it was when the file was made"
    )
