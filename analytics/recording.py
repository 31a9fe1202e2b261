"""The one write path: interactions wait in a bounded memory backlog until they are committed.

Usually that is at once, and `record` returns when it has happened. While the database fails,
`record` returns without waiting: counting never costs a person their answer.
"""

import asyncio
import json
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from analytics.commands import counts_as
from analytics.database import Database
from analytics.event_people import EventPeople
from analytics.interactions import UserInteraction
from analytics.notices import Notice, RecordingFails, RecordingWorks
from analytics.pseudonyms import References

logger = logging.getLogger(__name__)

# Interactions kept in memory while the database fails, about 20 MB; more are dropped and counted.
BACKLOG_LIMIT = 100_000
# Interactions in one transaction: large enough for a full batch of Telegram's (100), and to work
# off a backlog; small enough to take milliseconds.
TRANSACTION_LIMIT = 1_000
# A person waits at most this long for their interaction to be recorded.
PATIENCE = 2.0
RETRY_SECONDS = 1.0
# Dropped interactions are logged at most this often.
LOG_DROPPED_SECONDS = 60.0
# Update ids are remembered twice as long as Telegram keeps an update that was not acknowledged.
REMEMBER_SECONDS = 48 * 3600
# An hour, so that no order within it is stored.
RECEIVED_PRECISION = 3600

RECORD = """
    INSERT INTO received (
        update_id, reference, opt_out, interaction_type, timestamp, event, people, received)
    SELECT
        json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]'),
        json_extract(value, '$[3]'), json_extract(value, '$[4]'), json_extract(value, '$[5]'),
        json_extract(value, '$[#-1]'), ?2
    FROM json_each(?1)
"""
COUNT_DROPPED = """
    INSERT INTO file_settings (name, value) VALUES ('dropped', ?)
    ON CONFLICT DO UPDATE SET value = value + excluded.value
"""

Row = tuple[int | None, int, int, str, int, str | None]
Work = Callable[[], Awaitable[object]]


@dataclass(slots=True)
class Entry:
    """Rows to be recorded, or other work that has its turn among them."""

    rows: list[Row]
    work: Work | None
    told: asyncio.Future[bool]  # True: committed. False: it has to wait


class Recorder:
    def __init__(
        self,
        database: Database,
        references: References,
        precision: int,
        clock: Callable[[], datetime],
        notify: Callable[[Notice], None],
        before_commit: Work,
    ) -> None:
        """`precision` in seconds: timestamps are rounded down to it before they reach SQLite.

        `before_commit` is called before anything is recorded.
        """
        self._notify = notify
        self._before_commit = before_commit
        self._database = database
        self._references = references
        self._precision = precision
        self._clock = clock
        self._event_people = EventPeople(database)
        self._entries: deque[Entry] = deque()
        self._writing: asyncio.Task[None] | None = None
        self._closing = asyncio.Event()
        self._dropped_logged = float("-inf")
        self.backlog = 0
        self.dropped = 0  # not yet counted in the file
        self.failing = False

    async def record(
        self,
        interactions: Sequence[UserInteraction],
        update_ids: Sequence[int] | None,
        events: Sequence[str | None] | None,
    ) -> bool:
        """Commit the batch in one transaction; True if that has happened when this returns."""
        ids = [None] * len(interactions) if update_ids is None else update_ids
        words = [None] * len(interactions) if events is None else events
        rows = [self._row(*each) for each in zip(ids, interactions, words, strict=True)]
        room = BACKLOG_LIMIT - self.backlog
        if len(rows) > room:
            self._drop(len(rows) - room)
            rows = rows[:room]
        if not rows:
            return not self.failing
        return await self._put(rows, None)

    async def in_turn(self, work: Work) -> bool:
        """Do other work between what was received before and after; True if that has happened.

        Otherwise it is done as soon as the database works again, while this process lives.
        """
        return await self._put([], work)

    async def _put(self, rows: list[Row], work: Work | None) -> bool:
        entry = Entry(rows, work, asyncio.get_running_loop().create_future())
        self._entries.append(entry)
        self.backlog += len(rows)
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())
        if self.failing:
            return False
        done, _ = await asyncio.wait({entry.told}, timeout=PATIENCE)
        return bool(done) and entry.told.result()

    async def close(self) -> None:
        """Write the backlog; what cannot be written now is lost and said."""
        self._closing.set()
        if self._writing is not None:
            await self._writing
        if self.backlog:
            logger.error("%d interactions could not be recorded before the end", self.backlog)
        if requests := sum(entry.work is not None for entry in self._entries):
            logger.error("%d requests could not be carried out before the end", requests)

    def use(self, references: References) -> None:
        """From now on. What waits already was named before."""
        self._references = references
        self._event_people.forget()

    def _row(self, update_id: int | None, interaction: UserInteraction, event: str | None) -> Row:
        # A clock of a phone or of Telegram may be ahead of ours: nothing occurs in the future.
        occurred = min(interaction.timestamp, self._clock())
        timestamp = int(occurred.timestamp()) // self._precision * self._precision
        return (
            _remembered(update_id),
            self._references.reference(interaction.user_id),
            self._references.opt_out(interaction.user_id),
            interaction.interaction_type.value,
            timestamp,
            event if counts_as(event, interaction.interaction_type) else None,
        )

    async def _write(self) -> None:
        """The only task that records. Never cancelled; waiting and writing are told apart."""
        is_last_try = False
        while self._entries:
            entries = self._next()
            try:
                if entries[0].work:
                    await entries[0].work()
                else:
                    await self._commit([row for entry in entries for row in entry.rows])
            # Whatever it was, people are answered and the interactions are kept for later.
            except Exception as error:
                self._fail(error)
                if is_last_try:
                    return
                # At the end, too, there are two: what can be healed is healed before the second.
                is_last_try = self._closing.is_set()
                await self._pause()
                continue
            if self.failing:
                self.failing = False
                self._notify(RecordingWorks())
                logger.warning("recording works again; %d interactions waited", self.backlog)
            for entry in entries:
                self._entries.popleft()
                self.backlog -= len(entry.rows)
                if not entry.told.done():
                    entry.told.set_result(True)

    def _next(self) -> list[Entry]:
        """The oldest batches that make one transaction, at least one; or other work, alone."""
        entries: list[Entry] = []
        rows = 0
        for entry in self._entries:
            rows += len(entry.rows)
            if entries and (entry.work or entries[0].work or rows > TRANSACTION_LIMIT):
                break
            entries.append(entry)
        return entries

    async def _commit(self, rows: list[Row]) -> None:
        await self._before_commit()
        now = int(self._clock().timestamp())
        received = now // RECEIVED_PRECISION * RECEIVED_PRECISION
        if dropped := self.dropped:
            await self._database.write(COUNT_DROPPED, (dropped,))
            self.dropped -= dropped
        people = await self._event_people.count([(row[1], row[2], row[4], row[5]) for row in rows])
        counted = [[*row, number] for row, number in zip(rows, people, strict=True)]
        # Last: what is committed here must not be tried again.
        await self._database.write(RECORD, (json.dumps(counted), received))

    def _fail(self, error: Exception) -> None:
        if not self.failing:
            self.failing = True
            self._notify(RecordingFails())
            logger.error("recording fails (%s); interactions wait in memory", type(error).__name__)
        for entry in self._entries:
            if not entry.told.done():
                entry.told.set_result(False)

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


def _remembered(update_id: int | None) -> int | None:
    """As SQLite can hold it: what is no number of Telegram's is below all that are."""
    if update_id is None or 0 <= update_id < 2**63:
        return update_id
    return -(update_id % 2**62) - 1


async def forget_updates(database: Database, now: datetime) -> None:
    """Drop the update ids that Telegram can no longer send again."""
    limit = int(now.timestamp()) - REMEMBER_SECONDS
    await database.write("DELETE FROM remembered_updates WHERE received < ?", (limit,))
