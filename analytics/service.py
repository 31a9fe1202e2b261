"""The analytics service: record interactions, report on them, and delete them."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path

from analytics import time_zones
from analytics.alert_state import AlertState
from analytics.any_store import open_store
from analytics.clock import GuardedClock, utc_now
from analytics.events import Event
from analytics.events.handling import current
from analytics.events.links import Links
from analytics.events.own_events import check, declared
from analytics.keyring import Keyring
from analytics.maintenance.operations import Maintenance
from analytics.models import Interaction, InteractionType, UserInteraction
from analytics.notices import DatabaseSetAside, Notice
from analytics.open_database import OpenDatabase
from analytics.option_checks import check_key, check_numbers
from analytics.privacy import kept_outside
from analytics.privacy.audit import Action, AuditLog
from analytics.privacy.people import People
from analytics.privacy.retention import DEFAULT_RETENTION_DAYS, check_days
from analytics.pseudonyms import KEY_BYTES
from analytics.recording import Recorder
from analytics.sqlite.belongings import sharing_key
from analytics.sqlite.spool import SQLiteSpool
from analytics.statistics.notes import Notes
from analytics.statistics.report_models import AdminReport
from analytics.statistics.reports import DEFAULT_TRENDS_MIN_USERS, ReportRules, Reports
from analytics.store import Store
from analytics.store_types import Access, Setting
from analytics.time_zones import DEFAULT_TIMEZONE
from analytics.tokens import Tokens

# Seconds that times are rounded down to before they are stored.
DEFAULT_TIMESTAMP_PRECISION = 3600
# The most rows that `AnalyticsService.records` returns, as it holds all of them in memory.
MAX_LIMIT = 100_000


class AnalyticsService:
    """Records interactions, reports on them, and deletes them; use `AnalyticsService.open`."""

    def __init__(
        self,
        database: OpenDatabase,
        rules: ReportRules,
        timestamp_precision: int,
        notices: asyncio.Queue[Notice],
        events: tuple[str, ...] = (),
    ) -> None:
        self._database = database
        self.events = events
        self.notices = notices
        self.clock = database.clock
        self.calendar = database.calendar
        self.lease = database.store.lease
        self.rules = rules
        self.retention_days = rules.retention_days
        self.timestamp_precision = timestamp_precision  # seconds
        self.pseudonymises = database.keyring.pseudonymises
        self.alert_state = AlertState(database)
        self.tokens = Tokens(database.store, database.references, database.clock)
        self.audit_log = AuditLog(database, timestamp_precision)
        self.notes = Notes(database)
        self.reports = Reports(database, rules, self.notes)
        self.people = People(database, self.reports, self.alert_state)
        self.links = Links(database)
        self.maintenance = Maintenance(database, self.reports)
        database.before_deletion = self.reports.keep_snapshot

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        path: Path | str,
        *,
        database_url: str | None = None,
        access: Access = Access.OWN,
        pseudonym_key: bytes | None = None,
        database_key: bytes | None = None,
        pseudonymise: bool = True,
        retention_days: int = DEFAULT_RETENTION_DAYS,
        timestamp_precision: int = DEFAULT_TIMESTAMP_PRECISION,
        report_interval: timedelta = timedelta(0),
        breakdown_min_users: int = 1,
        keep_trends: bool = True,
        trends_min_users: int = DEFAULT_TRENDS_MIN_USERS,
        timezone: str = DEFAULT_TIMEZONE,
        events: Iterable[str] = (),
        clock: Callable[[], datetime] = utc_now,
    ) -> AsyncIterator["AnalyticsService"]:
        """Open the database at `path`; on leaving, write what is still in memory.

        With a `database_url`, `postgresql://user:password@host:5432/database`, the database is
        there, and processes on many machines may own it: each has a `path` of its own, beside which
        is what waits while the server cannot be reached, and all have the same `pseudonym_key`.
        `pseudonym_key` has 32 bytes, or 64 once it was replaced. Without one it is read
        from a file beside the database, which is made on first use. `database_key`, 32 bytes,
        encrypts the file, and what waits beside it. `timestamp_precision` is in seconds, `clock`
        returns aware datetimes.
        `timezone` is the IANA name of the zone whose days are counted from the next hour on; only
        the owner changes it, others take that of the database.
        `events` are the words that `count` counts, of up to 32 small letters, digits and _.
        Raises TypeError for an option of the wrong type, ValueError if `retention_days` is outside
        1 to 3650, a key has another length, the zone is unknown or an event cannot be one, and
        AnalyticsError if the database cannot be opened, or on leaving if interactions are lost.
        """
        path = Path(os.path.realpath(path))
        check_numbers(
            retention_days=retention_days,
            timestamp_precision=timestamp_precision,
            breakdown_min_users=breakdown_min_users,
            trends_min_users=trends_min_users,
        )
        check_days(retention_days)
        time_zones.check_timezone(timezone)
        words = declared(events)
        if not isinstance(report_interval, timedelta):
            raise TypeError("report_interval has to be a datetime.timedelta")
        check_key("pseudonym_key", pseudonym_key, KEY_BYTES, 2 * KEY_BYTES)
        check_key("database_key", database_key, KEY_BYTES)
        notices: asyncio.Queue[Notice] = asyncio.Queue()
        keyring = Keyring(
            path,
            pseudonym_key,
            pseudonymise,
            may_begin=access is Access.OWN,
            sharing_key_file=sharing_key,
        )

        zones: time_zones.Zones = ()
        changed = False

        async def prepare(store: Store) -> None:
            nonlocal zones, changed
            if access is not Access.OWN:
                return
            if zones:  # a new file takes the place of a damaged one
                await time_zones.write(store, zones)
            else:
                before = await time_zones.read(store)
                zones = await time_zones.agree(store, timezone, clock())
                changed = len(zones) > 1 and zones[-1] not in before
            if not isinstance(clock, GuardedClock):  # with one, maintenance does
                await store.put_setting_once(Setting.BEGAN, int(clock().timestamp()))
            if not keep_trends:
                await store.forget_days()
            await keyring.agree(store)

        async with open_store(
            path,
            database_url,
            access,
            database_key,
            clock=clock,
            prepare=prepare,
            references=keyring.references,
            on_set_aside=lambda aside: notices.put_nowait(DatabaseSetAside(aside)),
        ) as store:
            calendar = time_zones.calendar_of(zones or await time_zones.read(store))
            database = OpenDatabase(
                store, keyring, SQLiteSpool(path, database_key), retention_days, clock, calendar
            )
            if store.is_on_server:
                database.erasures_file = kept_outside.file_beside(path)
            rules = ReportRules(
                retention_days=retention_days,
                interval=report_interval,
                breakdown_min_users=breakdown_min_users,
                trends_min_users=trends_min_users if keep_trends else None,
            )
            service = cls(database, rules, timestamp_precision, notices, words)
            if access is Access.OWN or (store.is_owner and database.spool.exists):
                recorder = Recorder(
                    store,
                    database.spool,
                    timestamp_precision,
                    database.calendar,
                    clock,
                    notices.put_nowait,
                    before_commit=service.reports.keep_snapshot,
                )
                if access is Access.OWN:
                    recorder.use(await keyring.agree(store))
                # First of all: a request about a person must reach what was received before it.
                await service._replay(recorder, alone=access is not Access.OWN)
                if access is Access.OWN:
                    database.recorder = recorder
                    await kept_outside.apply_if_restored(database)
                    await service.reports.keep_snapshot()
                    if changed:
                        await service.audit_log.note(Action.TIMEZONE)
                    await service.links.refresh()
            try:
                yield service
            finally:
                await service.reports.close()
                await store.interrupt()
                if database.recorder:
                    await database.recorder.close()

    async def _replay(self, recorder: Recorder, *, alone: bool) -> None:
        """Commit what a killed process has left; if `alone`, close the recorder afterwards.

        Raises AnalyticsError if the spool cannot be read, or if `alone` and it cannot be committed.
        """
        try:
            done = await recorder.replay(self.people.erasing)
        finally:
            if alone:
                await recorder.close()
        if alone and not done and recorder.backlog:
            raise self._database.unavailable()

    async def record(
        self,
        interactions: Sequence[Interaction],
        update_ids: Sequence[int] | None = None,
        events: Sequence[Sequence[Event]] | None = None,
        opting_out: Sequence[bool | None] | None = None,
        unrecorded: Sequence[bool] | None = None,
    ) -> bool:
        """Commit the interactions in one transaction; each update id has effect once.

        The other lists, if given, have one item for each interaction:
        `update_ids`, Telegram's ids of the updates;
        `events`, what it counts as by day and anonymously, such as a command of the bot's own;
        `opting_out`, True if the person opts out with it, False if in, effective from the next one;
        `unrecorded`, True if only the update id is kept and nothing is counted.

        Return True if all is committed, False if it waits because the database is compacted, fails
        or takes longer than two seconds. It then waits in the spool, as far as that can be written
        within two seconds more. Without update ids what takes longer is written there only once its
        commit has failed: nothing else would tell it from what is committed.
        Raises RuntimeError unless the service was opened with `Access.OWN`.
        """
        return await self._database.recording().record(
            interactions, update_ids, events, opting_out, unrecorded
        )

    async def count(self, event: str, times: int = 1) -> bool:
        """Count an event of the bot's own, one of those declared when the service was opened.

        It is counted by day, without identity, and not for a person who opted out: that is known
        within a handler of the bot. Return True if it is committed, False if it waits, as `record`
        does. Raises ValueError for an event that is not declared and for `times` outside 0 to
        1,000,000, and RuntimeError unless the service was opened with `Access.OWN`.
        """
        check(event, times, self.events)
        recorder, person = self._database.recording(), current()
        if not times or not person.is_counted:
            return True
        return await recorder.count(event, times, person)

    def count_outcome(self, events: Sequence[Event], telegram_id: int | None) -> None:
        """Count what became of an update of a person, or of nobody, in the next transaction.

        That is the next batch's, or one within a minute: a kill before that loses it.
        Raises RuntimeError unless the service was opened with `Access.OWN`.
        """
        self._database.recording().collect(events, telegram_id)

    async def get_admin_analytics_report(self) -> AdminReport:
        """Return the aggregates, as of now or of the end of the newest complete interval.

        Raises NoReportYet before the first complete interval, and AnalyticsError if the database
        cannot be read.
        """
        return await self.reports.current()

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
        return await self.maintenance.clean_up(days, dry_run, progress)

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
        return await self._database.store.interactions(limit, interaction_type, since)

    @property
    def database_name(self) -> str:
        """The database in messages: the path of its file, or its address without a password."""
        return self._database.store.name

    @property
    def is_on_server(self) -> bool:
        """True if the database is on a server, False if it is a file."""
        return self._database.store.is_on_server

    async def database_size(self) -> int:
        """Return the bytes that the database takes on the disk.

        Raises AnalyticsError if it cannot be read.
        """
        return await self._database.store.size()

    @property
    def is_recording(self) -> bool:
        """True while interactions are committed, False while the database fails and they wait."""
        return self._database.is_recording

    @property
    def backlog(self) -> int:
        """The number of interactions that wait to be committed."""
        return self._database.recorder.backlog if self._database.recorder else 0

    @property
    def dropped(self) -> int:
        """The number of interactions dropped, as the backlog was full, since the last write."""
        return self._database.recorder.dropped if self._database.recorder else 0
