"""The public face of the analytics."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path

from analytics.clock import utc_now
from analytics.database import Database
from analytics.files import CannotOpen
from analytics.interactions import InteractionType, UserInteraction
from analytics.locks import Access
from analytics.notices import DatabaseSetAside, Notice
from analytics.pseudonyms import (
    PlainIds,
    Pseudonyms,
    References,
    new_key,
    read_key,
    write_key,
)
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
        notices: asyncio.Queue[Notice],
        retention_days: int,
        clock: Callable[[], datetime],
    ) -> None:
        self.retention_days = retention_days
        self.notices = notices
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
        notices: asyncio.Queue[Notice] = asyncio.Queue()
        references: References | None = None

        async def prepare(database: Database) -> None:
            nonlocal references
            while database.set_aside:
                notices.put_nowait(DatabaseSetAside(database.set_aside.pop()))
            await database.write(VOCABULARY, (json.dumps(list(InteractionType)),))
            if access is Access.OWN:
                references = await _agree(database, references, key, pseudonymise)

        async with Database.open(path, access, prepare) as database:
            recorder = None
            if references is not None:
                recorder = Recorder(
                    database, references, timestamp_precision, clock, notices.put_nowait
                )
            try:
                yield cls(database, recorder, notices, retention_days, clock)
            finally:
                await database.stop_compacting()
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
        return await report(
            self._database, self._clock(), self.retention_days, self.backlog, self.dropped
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

    async def maintain(self, large_too: bool = False) -> None:
        """What is to be done now and then: compact if it is due, keep the reserve.

        With `large_too`, also have the whole file checked for damage.
        """
        self._database.keep_reserve()
        await self.compact_if_due(large_too)
        if large_too:
            # Last: a file under suspicion is not compacted.
            self._database.suspect()

    @property
    def is_recording(self) -> bool:
        """False while the database fails and interactions wait in memory."""
        return self._recorder is not None and not self._recorder.failing

    @property
    def backlog(self) -> int:
        """Interactions that wait in memory."""
        return self._recorder.backlog if self._recorder else 0

    @property
    def dropped(self) -> int:
        """Interactions dropped since the file was last written, for the backlog was full."""
        return self._recorder.dropped if self._recorder else 0

    async def last_cleanup(self) -> datetime | None:
        """When the retention was last enforced, by the clock of that moment."""
        return (await self.get_admin_analytics_report()).last_cleanup

    async def _setting(self, name: str) -> str | int | None:
        rows = await self._database.read(SETTING, (name,))
        return rows[0][0] if rows else None


async def _agree(
    database: Database, known: References | None, key: bytes | None, pseudonymise: bool
) -> References:
    """The references this file was written with, or those of a new file from now on.

    `known` are those in use, if a file takes the place of another. Raises CannotOpen.
    """
    rows = await database.read(SETTING, ("references",))
    written_with = rows[0][0] if rows else None
    references = known or _choose(database.path, key, pseudonymise, written_with)
    if written_with not in (None, references.fingerprint):
        raise CannotOpen(_mismatch(database.path, written_with, references))
    if isinstance(references, Pseudonyms) and key is None:
        write_key(_key_file(database.path), references.key)
    if written_with is None:
        await database.write(SET, ("references", references.fingerprint))
    return references


def _key_file(path: Path) -> Path:
    return path.with_suffix(".key")


def _choose(
    path: Path, key: bytes | None, pseudonymise: bool, written_with: str | None
) -> References:
    if not pseudonymise:
        return PlainIds()
    try:
        key = key or read_key(_key_file(path))
    except ValueError as error:
        raise CannotOpen(
            f"{_key_file(path)} holds no key ({error}): restore it from a backup"
        ) from None
    if key is None and written_with not in (None, PlainIds.fingerprint):
        raise CannotOpen(
            f"{_key_file(path)} is missing and USER_ID_KEY is not set, but {path} was written "
            "with a key: restore it, or move the database away to start anew"
        )
    return Pseudonyms(key or new_key())


def _mismatch(path: Path, written_with: str, references: References) -> str:
    if PlainIds.fingerprint in (written_with, references.fingerprint):
        mode = "false" if written_with == PlainIds.fingerprint else "true"
        return f"{path} was written with PSEUDONYMISE_USER_IDS={mode}: set it back, or move it away"
    return (
        f"{path} was written with another key: "
        "set USER_ID_KEY, or restore the key file, as it was when the file was made"
    )
