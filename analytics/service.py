"""The analytics service: record interactions, report on them, and delete them."""

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from analytics import known_time
from analytics.acts import Act, Person
from analytics.alert_state import AlertState
from analytics.backlog import Request
from analytics.clock import GuardedClock, from_unix, utc_now
from analytics.errors import AnalyticsError, DatabaseUnavailable
from analytics.keyring import Keyring
from analytics.models import Interaction, InteractionType, OwnRow, UserInteraction
from analytics.notices import DatabaseSetAside, Notice
from analytics.privacy import audit, personal_data
from analytics.privacy.audit import Action, AuditEntry
from analytics.privacy.personal_data import PersonalData
from analytics.privacy.retention import (
    DEFAULT_RETENTION_DAYS,
    check_days,
    cutoff,
    day_of,
    delete_older,
)
from analytics.pseudonyms import References
from analytics.recording import Recorder, forget_updates
from analytics.spool import Spool
from analytics.sqlite.locks import Access
from analytics.sqlite.spool import SQLiteSpool
from analytics.sqlite.store import open_store
from analytics.statistics.export import Aggregates
from analytics.statistics.periods import AdminReport, History, Period, PeriodReport
from analytics.statistics.reports import DEFAULT_TRENDS_MIN_USERS, ReportRules, Reports
from analytics.store import Setting, Store

logger = logging.getLogger(__name__)

DEFAULT_TIMESTAMP_PRECISION = 3600
MAX_LIMIT = 100_000  # records are held in memory, all of them; for more there is the view
NOTE_TIME_EVERY = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Erasure:
    """The result of erasing a person: how many interactions were deleted, and what may be left."""

    interactions: int
    compacted: bool
    """True if all traces have left the disk; else the next compaction removes them."""
    in_backups: bool = False
    """True if a backup may hold the deleted data, for as long as backups are kept."""
    in_audit_log: bool = False
    """True if the audit log has entries of the person, who is or was an admin. They stay."""


class AnalyticsService:
    """Records interactions, reports on them, and deletes them; use `AnalyticsService.open`."""

    def __init__(
        self,
        store: Store,
        notices: asyncio.Queue[Notice],
        reports: Reports,
        keyring: Keyring,
        spool: Spool,
        retention_days: int,
        timestamp_precision: int,
        clock: Callable[[], datetime],
    ) -> None:
        self.retention_days = retention_days
        self.notices = notices
        self._store = store
        self._recorder: Recorder | None = None
        self._spool = spool
        self._reports = reports
        self._keyring = keyring
        self._precision = timestamp_precision
        self._clock = clock
        self._cleaning_up = asyncio.Lock()
        self._noted_time: datetime | None = None
        self.alert_state = AlertState(store, self._keep, self._references, clock)

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        path: Path | str,
        *,
        access: Access = Access.OWN,
        key: bytes | None = None,
        database_key: bytes | None = None,
        pseudonymise: bool = True,
        retention_days: int = DEFAULT_RETENTION_DAYS,
        timestamp_precision: int = DEFAULT_TIMESTAMP_PRECISION,
        report_interval: timedelta = timedelta(0),
        breakdown_min_users: int = 1,
        keep_trends: bool = True,
        trends_min_users: int = DEFAULT_TRENDS_MIN_USERS,
        clock: Callable[[], datetime] = utc_now,
    ) -> AsyncIterator["AnalyticsService"]:
        """Open the database at `path`; on leaving, write what is still in memory.

        `key` is the pseudonym key: 32 bytes, or 64 once it was replaced. Without one it is read
        from a file beside the database, which is made on first use. `database_key`, 32 bytes,
        encrypts the file. `timestamp_precision` is in seconds, `clock` returns aware datetimes.
        Raises ValueError if `retention_days` is outside 1 to 3650, and AnalyticsError if the
        database cannot be opened, or on leaving if interactions are lost.
        """
        path = Path(os.path.realpath(path))
        check_days(retention_days)
        notices: asyncio.Queue[Notice] = asyncio.Queue()
        keyring = Keyring(path, key, pseudonymise, may_begin=access is Access.OWN)

        async def prepare(store: Store) -> None:
            if access is not Access.OWN:
                return
            if not isinstance(clock, GuardedClock):  # with one, `_note_time` does
                await store.put_setting_once(Setting.BEGAN, int(clock().timestamp()))
            if not keep_trends:
                await store.forget_days()
            await keyring.agree(store)

        async with open_store(
            path,
            access,
            database_key,
            clock=clock,
            prepare=prepare,
            references=keyring.references,
            on_set_aside=lambda aside: notices.put_nowait(DatabaseSetAside(aside)),
        ) as store:
            recorder: Recorder | None = None
            reports = Reports(
                store,
                ReportRules(
                    retention_days=retention_days,
                    interval=report_interval,
                    breakdown_min_users=breakdown_min_users,
                    trends_min_users=trends_min_users if keep_trends else None,
                ),
                clock,
                in_memory=lambda: (recorder.backlog, recorder.dropped) if recorder else (0, 0),
            )
            spool = SQLiteSpool(path, database_key)
            service = cls(
                store,
                notices,
                reports,
                keyring,
                spool,
                retention_days,
                timestamp_precision,
                clock,
            )
            if access is Access.OWN or (store.is_owner and spool.exists):
                recorder = Recorder(
                    store,
                    spool,
                    timestamp_precision,
                    clock,
                    notices.put_nowait,
                    before_commit=reports.keep_snapshot,
                )
                # First of all: a request about a person must reach what was received before it.
                await service._replay(recorder, alone=access is not Access.OWN)
            if access is Access.OWN and recorder:
                recorder.use(await keyring.agree(store))
                service._recorder = recorder
                await reports.keep_snapshot()
            try:
                yield service
            finally:
                await store.interrupt()
                if service._recorder:
                    await service._recorder.close()

    async def _replay(self, recorder: Recorder, *, alone: bool) -> None:
        """Commit what a killed process has left; if `alone`, close the recorder afterwards.

        Raises AnalyticsError if the spool cannot be read, or if `alone` and it cannot be committed.
        """
        try:
            done = await recorder.replay(lambda person: partial(self._erase, person))
        finally:
            if alone:
                await recorder.close()
        if alone and not done and recorder.backlog:
            raise self._unavailable()

    @asynccontextmanager
    async def _deletion(self) -> AsyncIterator[None]:
        """Note that what is deleted meanwhile has to leave the disk.

        Raises AnalyticsError if the database cannot be written.
        """
        await self._reports.keep_snapshot()
        async with self._store.deletion(self._now()):
            yield

    async def _erase(self, person: Person, moments: Sequence[int] = ()) -> int | None:
        deleted = await personal_data.erase(self._store, person, self._deletion, moments)
        self.alert_state.forget()
        return deleted

    def _now(self) -> int:
        return int(self._clock().timestamp())

    async def record(
        self,
        interactions: Sequence[Interaction],
        update_ids: Sequence[int] | None = None,
        events: Sequence[str | None] | None = None,
        opting_out: Sequence[bool | None] | None = None,
        unrecorded: Sequence[bool] | None = None,
    ) -> bool:
        """Commit the interactions in one transaction; each update id has effect once.

        The other lists, if given, have one item for each interaction:
        `update_ids`, Telegram's ids of the updates;
        `events`, a word of the bot's own such as /help, counted by day and anonymously, or None;
        `opting_out`, True if the person opts out with it, False if in, effective from the next one;
        `unrecorded`, True if only the update id is kept and nothing is counted.

        Return True if all is committed, False if it waits because the database fails or takes
        longer than two seconds. It then waits in the spool, as far as that can be written within
        two seconds more. Without update ids it is written there only once its commit has failed:
        nothing else would tell it from what is committed.
        Raises RuntimeError unless the service was opened with `Access.OWN`.
        """
        if self._recorder is None:
            raise RuntimeError("only the owner of the database records")
        return await self._recorder.record(interactions, update_ids, events, opting_out, unrecorded)

    async def get_admin_analytics_report(self) -> AdminReport:
        """Return the aggregates, as of now or of the end of the newest complete interval.

        Raises NoReportYet before the first complete interval, and AnalyticsError if the database
        cannot be read.
        """
        await self._refresh_report()
        return await self._reports.current()

    async def period_report(self, period: Period) -> PeriodReport:
        """Return the figures of a period, compared with the previous one.

        Raises NoReportYet before the first complete interval, and AnalyticsError if the database
        cannot be read.
        """
        await self._refresh_report()
        return await self._reports.of_period(period)

    async def history(self, length: timedelta) -> History:
        """Return the history of a length: by the hour up to a day, by the day up to 366 days.

        Raises ValueError for a length outside an hour to 366 days, NoReportYet before the first
        complete interval, and AnalyticsError if the database cannot be read.
        """
        await self._refresh_report()
        return await self._reports.history(length)

    async def aggregates(self, period: Period) -> Aggregates:
        """Return the report of a period and the history of its length, to be exported to a file.

        Raises NoReportYet before the first complete interval, and AnalyticsError if the database
        cannot be read.
        """
        report = await self.period_report(period)
        return Aggregates(report=report, history=await self.history(period.length))

    async def _refresh_report(self) -> None:
        """Make the report of the newest complete interval, if reports cover intervals."""
        if self.is_recording and self._reports.of_intervals:
            await self._in_turn(Request(self._reports.keep_snapshot))

    async def cleanup_old_interactions(
        self,
        days: int | None = None,
        dry_run: bool = False,
        progress: Callable[[int], None] | None = None,
    ) -> int:
        """Delete the interactions older than `days`, by default the retention; return how many.

        With `dry_run` they are only counted. `progress` is called with the number deleted so far.
        Raises ValueError for `days` outside 1 to 3650, and AnalyticsError if the database fails.
        """
        days = self.retention_days if days is None else check_days(days)
        now = self._clock()
        before = cutoff(now, days)
        if dry_run:
            return await self._store.count_before(before.timestamp())
        async with self._cleaning_up:
            deleted = 0
            listed = int(before.timestamp()), day_of(self._oldest_backup(now))
            # The database is compacted only if there is anything to delete.
            if await self._store.count_before(before.timestamp()) or (
                await self._store.has_listed(*listed)
            ):
                async with self._deletion():
                    await self._reports.keep_trends(before)
                    deleted = await delete_older(self._store, before, progress)
                    await self._store.forget_listed(*listed)
            await self._store.forget_events(day_of(before))
            await forget_updates(self._store, now)
            if days <= self.retention_days:
                await self._store.put_setting(Setting.LAST_CLEANUP, int(now.timestamp()))
                await self._store.put_setting(Setting.LAST_CLEANUP_DELETED, deleted)
        logger.info("cleaned up %d interactions older than %d days", deleted, days)
        await self.compact_if_due()
        return deleted

    async def compact_if_due(self, large_too: bool = False) -> bool:
        """Remove from the disk what was deleted, if that is quick, or overdue, or `large_too`.

        Return True if nothing is left to be removed.
        Raises AnalyticsError if the database fails.
        """
        return await self._store.compact_if_due(self._now(), large_too=large_too)

    async def maintain(self, large_too: bool = False) -> None:
        """Compact if due, and renew the key file, the reserve, the report and the noted time.

        Call this regularly. With `large_too`, also compact a large file, and have the whole file
        checked for damage before the next write.
        Raises AnalyticsError if the database fails.
        """
        self._keyring.keep_file()
        self._store.keep_reserve()
        await self._note_time()
        await self._reports.keep_snapshot()
        await self.compact_if_due(large_too)
        if large_too:
            # Last: a file under suspicion is not compacted.
            self._store.suspect()

    async def _note_time(self) -> None:
        """Note hourly the time by Telegram's dates: commands compare their clock with it."""
        if not isinstance(self._clock, GuardedClock) or not self._clock.knows_telegram_time:
            return
        now = self._clock()
        if self._noted_time is None or abs(now - self._noted_time) >= NOTE_TIME_EVERY:
            await known_time.note(self._store, now)
            self._noted_time = now

    async def clock_doubt(self) -> str | None:
        """Return how the clock contradicts the file, in words; None if it does not.

        While it does, nothing should be deleted by age.
        Raises AnalyticsError if the database cannot be read.
        """
        now = self._clock()
        known = await known_time.contradicting(self._store, now)
        if known is None:
            return None
        return (
            f"the clock of this computer shows {now:%Y-%m-%d %H:%M} UTC, and the newest time "
            f"that {self._store.name} knows is {known:%Y-%m-%d %H:%M} UTC"
        )

    @property
    def is_recording(self) -> bool:
        """True while interactions are committed, False while the database fails and they wait."""
        return self._recorder is not None and not self._recorder.failing

    @property
    def backlog(self) -> int:
        """The number of interactions that wait to be committed."""
        return self._recorder.backlog if self._recorder else 0

    @property
    def dropped(self) -> int:
        """The number of interactions dropped, as the backlog was full, since the last write."""
        return self._recorder.dropped if self._recorder else 0

    async def last_cleanup(self) -> datetime | None:
        """Return when the retention was last enforced, by the clock of that moment; None if never.

        Raises AnalyticsError if the database cannot be read.
        """
        seconds = await self._store.get_setting(Setting.LAST_CLEANUP)
        return None if seconds is None else from_unix(int(seconds))

    async def own_row(self, telegram_id: int) -> tuple[OwnRow | None, bool]:
        """Return a person's newest row, or None, and whether they opted out.

        While the database cannot be read, return None and False, so
        that people can still learn what is stored in general.
        Raises PseudonymKeyMissing if there is no pseudonym key, WrongPseudonymKey if it is another.
        """
        references = await self._references()
        try:
            return (
                await self._store.latest_of(references.reference(telegram_id)),
                bool(await self._store.opted_out([references.opt_out(telegram_id)])),
            )
        except AnalyticsError as error:
            logger.warning("a person's row cannot be read (%s)", error)
            return None, False

    async def personal_data(self, telegram_id: int) -> PersonalData:
        """Return everything held about a person, and nothing about another.

        Raises PseudonymKeyMissing if there is no pseudonym key,
        WrongPseudonymKey if it is another, and AnalyticsError if the database cannot be read.
        """
        data = await personal_data.everything(
            self._store, telegram_id, await self._references(), self.retention_days
        )
        waiting = self._recorder.waiting_of(telegram_id) if self._recorder else 0
        return replace(data, waiting=waiting)

    async def erase(self, telegram_id: int) -> Erasure | None:
        """Delete all that is recorded of a person; an opt-out stays, and so does the audit trail.

        Return None if the database cannot be written at the moment:
        the owner then erases as soon as it works again; a command has to try again.
        Raises PseudonymKeyMissing if there is no pseudonym key, WrongPseudonymKey if it is another,
        and AnalyticsError if the database cannot be read.
        """
        if self._recorder is None and self._spool.exists:
            return None  # the running bot will record what waits there
        references, now = await self._references(), await self._likely_now()
        person = personal_data.to_erase(references, telegram_id, now, self._oldest_backup(now))
        moments = await self._store.moments_of(person.reference)
        deleted: int | None = None

        async def work() -> None:
            nonlocal deleted
            deleted = await self._erase(person, moments)

        if not await self._in_turn(Request(work, person)) or deleted is None:
            return None
        self._reports.forget()
        in_backups = await self.may_be_in_backups()
        in_audit_log = bool(await self._store.audit_entries(person.admin))
        return Erasure(deleted, await self.compact_if_due(), in_backups, in_audit_log)

    async def opt_out(self, telegram_id: int, update_id: int | None = None) -> bool:
        """Record nothing of a person from now on; an update that is known already has no effect.

        Return True if that is committed, False if it waits in turn
        with what is recorded. Raises RuntimeError unless opened with `Access.OWN`.
        """
        return await self._opt(telegram_id, True, update_id)

    async def opt_in(self, telegram_id: int, update_id: int | None = None) -> bool:
        """Record a person again from now on; an update that is known already has no effect.

        Return True if that is committed, False if it waits in turn
        with what is recorded. Raises RuntimeError unless opened with `Access.OWN`.
        """
        return await self._opt(telegram_id, False, update_id)

    async def _opt(self, telegram_id: int, out: bool, update_id: int | None) -> bool:
        if self._recorder is None:
            raise RuntimeError("only the owner of the database records")
        return await self._recorder.opt(telegram_id, out, update_id)

    async def is_opted_out(self, telegram_id: int) -> bool:
        """Return whether a person has opted out.

        Raises PseudonymKeyMissing if there is no pseudonym key, WrongPseudonymKey if it is another,
        and AnalyticsError if the database cannot be read.
        """
        reference = (await self._references()).opt_out(telegram_id)
        return bool(await self._store.opted_out([reference]))

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
        key = await self._keyring.rotate(self._store, self._deletion)
        if self._recorder:
            self._recorder.use(await self._references())
        self._reports.forget()
        return key

    async def note_access(self, action: Action, admin_id: int | None = None) -> None:
        """Note an action in the audit trail, as soon as the database can be written.

        `admin_id` is the Telegram ID of an admin, None for the command line.
        Raises PseudonymKeyMissing if it is given without a key, WrongPseudonymKey with another.
        """
        admin = None if admin_id is None else (await self._references()).admin(admin_id)
        await self._keep(audit.entry(self._clock(), self._precision, admin, action))

    async def audit_trail(self, admin_ids: Collection[int] = ()) -> list[AuditEntry]:
        """Return who looked at or deleted what, the newest first.

        Only pseudonyms of admins are kept: `admin_ids` are the Telegram IDs that can be named.
        Raises PseudonymKeyMissing if some are given and there is no key, WrongPseudonymKey if it
        is another, and AnalyticsError if the database cannot be read.
        """
        named = {(await self._references()).admin(each): each for each in admin_ids}
        return await audit.audit_log(self._store, named)

    async def records(
        self,
        limit: int = 100,
        interaction_type: InteractionType | None = None,
        since: datetime | None = None,
    ) -> list[UserInteraction]:
        """Return the newest rows of user_interactions, the newest first, at most `limit`.

        `since` is aware and included. This is immediate, however many rows there are, but a rare
        type takes a scan. Raises ValueError for a `limit` outside 1 to 100,000, and AnalyticsError
        if the database cannot be read.
        """
        if not 1 <= limit <= MAX_LIMIT:
            raise ValueError(f"{limit} records: give a whole number from 1 to {MAX_LIMIT}")
        return await self._store.interactions(limit, interaction_type, since)

    async def note_backup(self) -> None:
        """Note that a backup begins: erasures are listed from now on, for a restore.

        Call this before each backup.
        Raises DatabaseUnavailable if the database cannot be written at the moment.
        """
        now = int(max(self._clock(), await self._likely_now()).timestamp())
        note = partial(self._store.put_setting, Setting.LAST_BACKUP, now)
        if not await self._in_turn(Request(note)):
            raise self._unavailable()

    def _unavailable(self) -> DatabaseUnavailable:
        return DatabaseUnavailable(
            f"{self._store.name} cannot be written at the moment", "try again"
        )

    async def may_be_in_backups(self) -> bool:
        """Return whether what is deleted now may still be in a backup.

        True as well if the database cannot be read.
        """
        try:
            last = await self._store.get_setting(Setting.LAST_BACKUP)
            oldest = self._oldest_backup(await self._likely_now())
        except AnalyticsError:
            return True
        return last is not None and int(last) >= oldest.timestamp()

    async def _likely_now(self) -> datetime:
        """Return the time by the clock, or by the file where that contradicts a command's clock."""
        now = self._clock()
        if isinstance(self._clock, GuardedClock):
            return now
        return await known_time.contradicting(self._store, now) or now

    def _oldest_backup(self, now: datetime) -> datetime:
        """Return the moment before which backups are deleted."""
        return cutoff(now, self.retention_days)

    async def _references(self) -> References:
        return await self._keyring.references(self._store)

    async def _keep(self, act: Act) -> bool:
        """Carry out an act; if that has to wait, it survives a crash."""
        return await self._in_turn(Request(act))

    async def _in_turn(self, request: Request) -> bool:
        """Run a request; False if not now: the owner does it later, a command has to try again."""
        if self._recorder:
            return await self._recorder.in_turn(request)
        try:
            if request.act:
                await self._store.perform(request.act)
            else:
                await request.work()
        except DatabaseUnavailable:
            return False
        return True
