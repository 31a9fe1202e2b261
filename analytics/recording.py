"""Record interactions: commit them at once, or keep them in a bounded backlog.

This is the only write path of interactions. `record` usually returns when they are committed.
If the database fails, it returns within four seconds, and the interactions wait in the spool, as
far as that can be written: counting never costs a person their answer. While the database is
compacted, they go into the spool at once.

With SQLite, the stored row is made in `sqlite/queries/recording.py`.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from functools import cache, partial

from analytics.acts import Person
from analytics.backlog import Backlog, Entry, Request, Work
from analytics.calendar import Calendar
from analytics.errors import DatabaseUnavailable, InteractionsLost, WrongPseudonymKey, reason
from analytics.events import Event
from analytics.events.collected import Collected
from analytics.events.event_people import EventPeople
from analytics.events.handling import Handling
from analytics.models import Interaction
from analytics.notices import Notice, RecordingFails, RecordingWorks
from analytics.pseudonyms import References
from analytics.rows import own_event_row, pseudonyms, row, unrecorded_row
from analytics.spool import Spool
from analytics.store import Store
from analytics.store_types import Batch, Received, Setting

logger = logging.getLogger(__name__)

# Interactions kept while the database fails, about 20 MB; more are dropped and counted.
BACKLOG_LIMIT = 100_000
# A person waits at most this long for their interaction to be recorded.
COMMIT_TIMEOUT = 2.0
RETRY_SECONDS = 1.0
# Dropped interactions are logged at most this often.
LOG_DROPPED_SECONDS = 60.0
# Update ids are remembered twice as long as Telegram keeps an update that was not acknowledged.
REMEMBER_SECONDS = 48 * 3600
# A day: an update in an hour in which nothing was recorded would tell when somebody opted out.
RECEIVED_PRECISION = 86_400


class Recorder:
    """Records interactions in the order they come, and the requests among them."""

    def __init__(
        self,
        store: Store,
        spool: Spool,
        precision: int,
        calendar: Calendar,
        clock: Callable[[], datetime],
        notify: Callable[[Notice], None],
        before_commit: Work,
    ) -> None:
        """Prepare to record; call `use` before recording anything.

        Timestamps are rounded down to `precision`, in seconds, before they reach the database: if
        that is more than an hour, from the beginning of their day on.
        `before_commit` is called before each commit of interactions, `notify` when recording
        begins to fail and when it works again.
        """
        self._notify = notify
        self._before_commit = before_commit
        self._store = store
        self._spool = spool
        self._rounded = partial(calendar.floor, step=precision)
        self._day_of = calendar.day
        self._clock = clock
        self._event_people = EventPeople()
        self.collected = Collected()
        self._backlog = Backlog(spool)
        self._writing: asyncio.Task[None] | None = None
        self._committing = asyncio.Lock()
        self._is_paused = False
        self._closing = asyncio.Event()
        self._erasure_of: Callable[[int], int] | None = None
        self._failed_since: float | None = None
        self._dropped_logged = float("-inf")
        self.dropped = 0  # not yet counted in the file
        self.failing = False

    @property
    def backlog(self) -> int:
        """The number of interactions that could not be committed at once, and wait."""
        return self._backlog.waiting

    def waiting_of(self, telegram_id: int) -> tuple[int, int]:
        """Return how many interactions of one person wait, and how many commits there have been."""
        reference = self._references.reference(telegram_id)
        return self._backlog.waiting_of(reference), self._backlog.commits

    async def replay(self, erase: Callable[[Person], Work]) -> bool:
        """Commit what a killed process has left in the spool; return False if it has to wait.

        `erase` returns the work that erases a person. Raises WrongPseudonymKey if the spool was
        written with another key than the database, and AnalyticsError if either cannot be read.
        """
        contents = await self._spool.load()
        if contents is None:
            return True
        written_with = await self._store.get_setting(Setting.REFERENCES)
        if contents.written_with != written_with:
            raise WrongPseudonymKey(
                f"{self._spool.path} was written with another key than {self._store.name}",
                "restore the database and key that it belongs to and start the bot once, or move "
                "it away",
            )
        self._backlog.written_with = contents.written_with
        committed = await self._store.committed(contents.token)
        self._backlog.adopt(contents, committed, erase)
        logger.warning(
            "recording %d interactions that were saved to the disk at the last stop",
            self._backlog.waiting,
        )
        if not self._backlog:
            self._backlog.committed([])
            return True
        return await self._put([], Request(_nothing))

    async def record(
        self,
        interactions: Sequence[Interaction],
        update_ids: Sequence[int] | None,
        events: Sequence[Sequence[Event]] | None,
        opting_out: Sequence[bool | None] | None,
        unrecorded: Sequence[bool] | None,
    ) -> bool:
        """Commit the batch in one transaction; return False if it waits.

        The lists, if given, have one item for each interaction, as `AnalyticsService.record` says.
        What exceeds a backlog of 100,000 is dropped and counted.
        """
        nothing = [None] * len(interactions)
        columns = [each or nothing for each in (update_ids, events, opting_out, unrecorded)]
        now = self._clock()
        received = zip(interactions, *columns, strict=True)
        # Most people in a batch are in it several times.
        named_by = cache(self._references.reference), cache(self._references.opt_out)
        return await self._put_rows(
            [row(*named_by, self._rounded, now, *each) for each in received]
        )

    async def count(self, word: str, times: int, current: Handling) -> bool:
        """Count a word of the bot's own for the person whose update is handled, in one transaction.

        Return False if it waits. It is dropped and counted like an interaction if the backlog is
        full.
        """
        row = own_event_row(self._references, current, word, times, self._clock())
        return await self._put_rows([row])

    def collect(self, events: Sequence[Event], telegram_id: int | None) -> None:
        """Count events in the transaction of the next batch, or of `commit_collected`."""
        moment = int(self._clock().timestamp())
        self.collected.add(events, pseudonyms(self._references, telegram_id), moment)

    def commit_collected(self) -> None:
        """Begin to commit what was collected, if anything was; it is tried until it succeeds."""
        if self.collected:
            self.collected.is_due = True
            self._begin_writing()

    async def opt(self, telegram_id: int, out: bool, update_id: int | None) -> bool:
        """Opt a person out or in, once for each update; return False if that waits."""
        opt_out = self._references.opt_out(telegram_id)
        return await self._put([unrecorded_row(update_id, opt_out, out)], None)

    async def in_turn(self, request: Request) -> bool:
        """Run a request after what was received before it; return True if that has happened.

        Otherwise it runs as soon as the database works again: while this process lives, or, if the
        request has a name, in a later process, too.
        """
        return await self._put([], request)

    async def _put_rows(self, rows: list[Received]) -> bool:
        room = BACKLOG_LIMIT - self._backlog.rows
        if len(rows) > room:
            self._drop(len(rows) - room)
            rows = rows[:room]
        if not rows:
            return not self.failing
        return await self._put(rows, None)

    async def _put(self, rows: list[Received], request: Request | None) -> bool:
        entry = self._backlog.put(rows, request)
        self._begin_writing()
        # What the spool can keep in its turn does not wait behind what is there.
        can_be_kept = request is None or request.act is not None
        if can_be_kept and (self._is_paused or self._backlog.is_spooled):
            entry.waits = True
            await self._backlog.spool()
        if not (self.failing or entry.spooled):
            done, _ = await asyncio.wait({entry.outcome}, timeout=COMMIT_TIMEOUT)
            if done and entry.outcome.result():
                return True
        entry.waits = True
        await self._backlog.spool()
        return False

    def _begin_writing(self) -> None:
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())

    @asynccontextmanager
    async def paused(self) -> AsyncIterator[None]:
        """Commit nothing meanwhile: what is recorded goes into the spool at once."""
        async with self._backlog.prepared(), self._committing:
            self._is_paused = True
            self._backlog.let_go()
            try:
                yield
            finally:
                self._is_paused = False

    async def close(self) -> None:
        """Write the backlog; what cannot be committed stays in the spool for the next start.

        What was collected is committed now or never. Raises InteractionsLost if some of the backlog
        could be written to neither.
        """
        self._closing.set()
        self.commit_collected()
        if self._writing is not None:
            await self._writing
        if self.collected:
            logger.warning("what was collected in the last minute could not be counted")
        interactions = self._backlog.waiting
        await self._backlog.close()
        lost, requests = self._backlog.lost
        lost += self.dropped
        if lost or requests:
            error = InteractionsLost(
                f"{lost} interactions and {requests} requests are lost, for neither "
                f"{self._store.name} nor {self._spool.path.name} could be written",
                "free up space, and close what locks the database",
            )
            logger.error("%s", error)
            raise error
        if self._backlog:
            logger.warning(
                "%d interactions are saved in %s until the next start",
                interactions,
                self._spool.path,
            )

    def use(self, references: References) -> None:
        """Name people by `references` from now on; what waits already keeps its references."""
        self._references = references
        self._erasure_of = references.erasure
        self._event_people.forget()
        self.collected.forget_people()
        self._backlog.written_with = references.fingerprint

    async def _write(self) -> None:
        """Write the backlog: the only task that records.

        It is never cancelled: callers wait for their entry, not for this task.
        """
        is_last_try = False
        while self._backlog or self.collected.is_due:
            entries = self._backlog.next()
            try:
                async with self._committing:
                    await self._commit(entries)
            # Whatever it was, people are answered and the interactions are kept for later.
            except Exception as error:
                self._backlog.in_doubt = False
                self._fail(error)
                await self._backlog.spool()
                if is_last_try:
                    return
                # On closing there are two tries: what can be healed is healed before the second.
                is_last_try = self._closing.is_set()
                await self._pause()
                continue
            self._backlog.in_doubt = False
            self._failed_since = None
            if self.failing:
                self.failing = False
                self._notify(RecordingWorks())
                logger.warning("recording works again; %d interactions were waiting", self.backlog)
            self._backlog.committed(entries)

    async def _commit(self, entries: Sequence[Entry]) -> None:
        rows = [each for entry in entries for each in entry.rows]
        request = entries[0].request if entries else None
        if rows or not entries:
            await self._record(rows, entries)
        elif request and request.act:
            await self._store.perform(request.act, self._backlog.mark(entries))
        else:
            if request:
                await request.work()
            if mark := self._backlog.mark(entries):
                await self._store.note_committed(mark)

    async def _record(self, rows: list[Received], entries: Sequence[Entry]) -> None:
        await self._before_commit()
        now = int(self._clock().timestamp())
        received = now // RECEIVED_PRECISION * RECEIVED_PRECISION
        dropped = self.dropped
        # Asked for at the last moment: what has to wait meanwhile goes into the spool.
        mark = self._backlog.mark(entries) if entries else None
        # Nothing else tells rows without update ids from the same ones in the spool.
        self._backlog.in_doubt = mark is None and any(
            each.update_id is None and (each.interaction_type is not None or each.events)
            for each in rows
        )
        # Last: what is committed here must not be tried again.
        with self.collected.taken() as collected:
            updates = [*collected, *rows]
            await self._store.record(
                Batch(
                    updates,
                    self._event_people.count,
                    self._day_of,
                    received,
                    dropped=dropped,
                    committed=mark,
                    written_with=self._backlog.written_with,
                    waited=self._waited(entries),
                )
            )
        self.dropped -= dropped

    def _waited(self, entries: Sequence[Entry]) -> dict[int, int]:
        """Return the people of entries that have waited, by their pseudonyms among erasures."""
        if self._erasure_of is None:
            return {}
        waited = {each.reference for entry in entries if entry.waits for each in entry.rows}
        return {self._erasure_of(each): each for each in waited}

    def _fail(self, error: Exception) -> None:
        now = asyncio.get_running_loop().time()
        is_first = self._failed_since is None
        since = self._failed_since = now if self._failed_since is None else self._failed_since
        # Of what does not pass by itself nothing is to be waited for.
        patience = self._store.patience if isinstance(error, DatabaseUnavailable) else 0.0
        if not self.failing and now - since >= patience:
            self.failing = True
            self._notify(RecordingFails())
            logger.error(
                "recording failed (%s): interactions are kept, and recorded later", reason(error)
            )
        elif is_first:
            logger.warning("recording waits (%s)", reason(error))
        self._backlog.let_go()

    async def _pause(self) -> None:
        waiting = asyncio.create_task(self._closing.wait())
        await asyncio.wait({waiting}, timeout=RETRY_SECONDS)
        waiting.cancel()

    def _drop(self, count: int) -> None:
        self.dropped += count
        now = asyncio.get_running_loop().time()
        if now - self._dropped_logged >= LOG_DROPPED_SECONDS:
            self._dropped_logged = now
            logger.error("the backlog is full: %d interactions dropped so far", self.dropped)


async def _nothing() -> None:
    pass


async def forget_updates(store: Store, now: datetime) -> None:
    """Drop the update ids that Telegram can no longer send again: 48 hours and a day old.

    Raises AnalyticsError if the database cannot be written.
    """
    await store.forget_updates(int(now.timestamp()) - REMEMBER_SECONDS - RECEIVED_PRECISION)
