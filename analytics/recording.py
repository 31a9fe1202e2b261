"""Record interactions: commit them at once, or keep them in a bounded backlog.

This is the only write path of interactions. `record` usually returns when they are committed.
If the database fails, it returns within four seconds, and the interactions wait in the spool, as
far as that can be written: counting never costs a person their answer.

With SQLite, the stored row is made by the trigger `record` of `sqlite/schema.sql`.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import datetime

from analytics.acts import Person
from analytics.backlog import Backlog, Entry, Request, Work
from analytics.errors import InteractionsLost, WrongPseudonymKey, reason
from analytics.models import Interaction
from analytics.notices import Notice, RecordingFails, RecordingWorks
from analytics.pseudonyms import References
from analytics.rows import row, unrecorded_row
from analytics.spool import Spool
from analytics.statistics.event_people import EventPeople
from analytics.store import Store
from analytics.store_types import Received, Setting

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
        clock: Callable[[], datetime],
        notify: Callable[[Notice], None],
        before_commit: Work,
    ) -> None:
        """Prepare to record; call `use` before recording anything.

        Timestamps are rounded down to `precision`, in seconds, before they reach the database.
        `before_commit` is called before each commit of interactions, `notify` when recording
        begins to fail and when it works again.
        """
        self._notify = notify
        self._before_commit = before_commit
        self._store = store
        self._spool = spool
        self._precision = precision
        self._clock = clock
        self._event_people = EventPeople(store)
        self._backlog = Backlog(spool)
        self._writing: asyncio.Task[None] | None = None
        self._closing = asyncio.Event()
        self._dropped_logged = float("-inf")
        self.dropped = 0  # not yet counted in the file
        self.failing = False

    @property
    def backlog(self) -> int:
        """The number of interactions that could not be committed at once, and wait."""
        return self._backlog.waiting

    def waiting_of(self, telegram_id: int) -> int:
        """Return how many interactions of one person wait to be committed."""
        return self._backlog.waiting_of(self._references.reference(telegram_id))

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
        committed = await self._store.get_setting(Setting.COMMITTED)
        self._backlog.adopt(contents, str(committed or ""), erase)
        logger.warning(
            "recording %d interactions that were saved to the disk at the last stop",
            self._backlog.waiting,
        )
        if not self._backlog:
            await self._backlog.committed([])
            return True
        return await self._put([], Request(_nothing))

    async def record(
        self,
        interactions: Sequence[Interaction],
        update_ids: Sequence[int] | None,
        events: Sequence[str | None] | None,
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
        rows = [row(self._references, self._precision, now, *each) for each in received]
        room = BACKLOG_LIMIT - self._backlog.rows
        if len(rows) > room:
            self._drop(len(rows) - room)
            rows = rows[:room]
        if not rows:
            return not self.failing
        return await self._put(rows, None)

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

    async def _put(self, rows: list[Received], request: Request | None) -> bool:
        entry = self._backlog.put(rows, request)
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())
        if not self.failing:
            done, _ = await asyncio.wait({entry.outcome}, timeout=COMMIT_TIMEOUT)
            if done and entry.outcome.result():
                return True
        entry.waits = True
        await self._backlog.spool()
        return False

    async def close(self) -> None:
        """Write the backlog; what cannot be committed stays in the spool for the next start.

        Raises InteractionsLost if some of it could be written to neither.
        """
        self._closing.set()
        if self._writing is not None:
            await self._writing
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
        self._event_people.forget()
        self._backlog.written_with = references.fingerprint

    async def _write(self) -> None:
        """Write the backlog: the only task that records.

        It is never cancelled: callers wait for their entry, not for this task.
        """
        is_last_try = False
        while self._backlog:
            entries = self._backlog.next()
            try:
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
            if self.failing:
                self.failing = False
                self._notify(RecordingWorks())
                logger.warning("recording works again; %d interactions were waiting", self.backlog)
            await self._backlog.committed(entries)

    async def _commit(self, entries: Sequence[Entry]) -> None:
        rows = [each for entry in entries for each in entry.rows]
        request = entries[0].request
        if rows:
            await self._record(rows, entries)
        elif request and request.act:
            await self._store.perform(request.act, self._backlog.mark(entries))
        else:
            if request:
                await request.work()
            if mark := self._backlog.mark(entries):
                await self._store.put_setting(Setting.COMMITTED, mark)

    async def _record(self, rows: list[Received], entries: Sequence[Entry]) -> None:
        await self._before_commit()
        now = int(self._clock().timestamp())
        received = now // RECEIVED_PRECISION * RECEIVED_PRECISION
        people = await self._event_people.count(rows)
        dropped = self.dropped
        # Asked for at the last moment: what has to wait meanwhile goes into the spool.
        mark = self._backlog.mark(entries)
        # Nothing else tells rows without update ids from the same ones in the spool.
        self._backlog.in_doubt = mark is None and any(
            each.update_id is None and each.interaction_type is not None for each in rows
        )
        # Last: what is committed here must not be tried again.
        await self._store.record(rows, people, received, dropped, mark)
        self.dropped -= dropped

    def _fail(self, error: Exception) -> None:
        if not self.failing:
            self.failing = True
            self._notify(RecordingFails())
            logger.error(
                "recording failed (%s): interactions are kept, and recorded later", reason(error)
            )
        self._backlog.failed()

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
