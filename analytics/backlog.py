"""Keep what is still to be committed, in order; whatever has to wait is on the disk as well."""

import asyncio
import logging
import secrets
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from itertools import takewhile

from analytics.acts import NAMES, Act, Person, named
from analytics.errors import AnalyticsError, reason
from analytics.spool import Contents, Kept, Spool
from analytics.store_types import Received, received

logger = logging.getLogger(__name__)

# Interactions in one transaction: enough for a full batch of Telegram's (100) and to work off a
# backlog, few enough to take milliseconds.
TRANSACTION_LIMIT = 1_000
# Seconds: a person waits at most this long until what has to wait is in the spool.
SPOOL_TIMEOUT = 2.0
# Seconds after which a spool that could not be written is tried again.
RETRY_SECONDS = 1.0
# The name of spool entries that hold rows; others have the name of an act, or of an erasure.
ROWS = "rows"

Work = Callable[[], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Request:
    """An act, or other work, to be done in turn with the rows that are recorded.

    An act outlives the process, and so does work that erases a person.
    """

    what: Act | Work
    erases: Person | None = None
    done: Callable[[], None] | None = None
    """Called once it is committed, if that is in this process."""

    @property
    def act(self) -> Act | None:
        return None if callable(self.what) else self.what

    async def work(self) -> None:
        """Do the work of a request that is not an act; do nothing for an act."""
        if callable(self.what):
            await self.what()

    @property
    def kept(self) -> Act | Person | None:
        """The part that the spool keeps, None for nothing."""
        return self.act or self.erases


@dataclass(slots=True, eq=False)
class Entry:
    """Rows to be recorded, or a request, at its position in the backlog."""

    position: int
    rows: list[Received]
    request: Request | None
    outcome: asyncio.Future[bool]  # True: committed. False: it has to wait
    waits: bool = False
    spooled: bool = False

    @property
    def kept(self) -> Kept | None:
        if self.request is None:
            return Kept(self.position, ROWS, self.rows)
        kept = self.request.kept
        return Kept(self.position, NAMES[type(kept)], list(kept)) if kept else None


class Backlog:
    """The rows and requests that are not committed yet, in order, and their copy in the spool."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self._token = secrets.token_hex(8)
        self._entries: deque[Entry] = deque()
        self._position = 0  # of the newest entry
        self._tried = self._spooled = 0  # up to this position it may be, or is, in the spool
        self._spooling: asyncio.Task[None] | None = None
        self._in_use = asyncio.Lock()  # the spool
        self._is_needed = False
        self._next_try = float("-inf")
        self.written_with = ""
        """The fingerprint of the key that the rows are written with."""
        self.in_doubt = False
        """True while rows are being committed that a spool may hold as well, indistinguishably."""
        self.rows = 0
        self.commits = 0

    def __bool__(self) -> bool:
        return bool(self._entries)

    @property
    def is_spooled(self) -> bool:
        """True while the spool holds what is still to be committed."""
        return bool(self._entries) and self._entries[0].position <= self._spooled

    @property
    def waiting(self) -> int:
        """The number of interactions that could not be committed at once."""
        return sum(_interactions(entry.rows) for entry in self._entries if entry.waits)

    def waiting_of(self, reference: int) -> int:
        """Return how many interactions of one person could not be committed at once."""
        rows = (row for entry in self._entries if entry.waits for row in entry.rows)
        return _interactions([row for row in rows if row.reference == reference])

    @property
    def lost(self) -> tuple[int, int]:
        """The numbers of interactions and of requests that are in memory alone.

        Who counts an event without an interaction, or opts out, requests that.
        """
        # Requests without a name do not count: their callers know that they are not done.
        alone = [entry for entry in self._entries if entry.kept and not entry.spooled]
        rows = sum(_interactions(entry.rows) for entry in alone)
        requested = sum(_is_request(row) for entry in alone for row in entry.rows)
        return rows, requested + sum(entry.request is not None for entry in alone)

    def put(self, rows: list[Received], request: Request | None) -> Entry:
        self._position += 1
        outcome = asyncio.get_running_loop().create_future()
        entry = Entry(self._position, rows, request, outcome)
        self._entries.append(entry)
        self.rows += len(rows)
        return entry

    def adopt(self, contents: Contents, done: int, erase: Callable[[Person], Work]) -> None:
        """Take over what another process left in the spool, except what it has committed.

        `done` is the position up to which it has; `erase` returns the work that erases a person.
        """
        self._token = contents.token
        for kept in contents.entries:
            if kept.position > done:
                self._position = kept.position - 1
                if kept.name == ROWS:
                    entry = self.put([received(row) for row in kept.content], None)
                elif isinstance(waits := named(kept.name, kept.content), Person):
                    entry = self.put([], Request(erase(waits), waits))
                else:
                    entry = self.put([], Request(waits))
                entry.waits = entry.spooled = True
        self._position = max([done, *(kept.position for kept in contents.entries)])
        self._tried = self._spooled = max(1, self._position)

    def next(self) -> list[Entry]:
        """Return the oldest entries that make one transaction: at least one batch, or one request.

        Batches are up to 1,000 rows together, unless the first alone has more.
        """
        entries: list[Entry] = []
        rows = 0
        for entry in self._entries:
            rows += len(entry.rows)
            if entries and (entry.request or entries[0].request or rows > TRANSACTION_LIMIT):
                break
            entries.append(entry)
        return entries

    def mark(self, entries: Sequence[Entry]) -> str | None:
        """Return what to commit with the entries, token:position, so that no spool repeats them.

        None if nothing is needed.
        """
        last = entries[-1]
        # Nothing else tells an act from the same one in a spool; erasing twice does no harm.
        is_act = last.request is not None and last.request.act is not None
        if last.position > self._tried and not is_act:
            return None
        return f"{self._token}:{last.position}"

    def committed(self, entries: Sequence[Entry]) -> None:
        self.commits += 1
        for entry in entries:
            self._entries.popleft()
            self.rows -= len(entry.rows)
            if entry.request and entry.request.done:
                entry.request.done()
            if not entry.outcome.done():
                entry.outcome.set_result(True)
        self.tidy()

    def let_go(self) -> None:
        """Let every entry wait, and tell the callers so."""
        for entry in self._entries:
            entry.waits = True
            if not entry.outcome.done():
                entry.outcome.set_result(False)

    async def spool(self) -> None:
        """Write to the spool what is in memory alone; return after at most two seconds."""
        now = asyncio.get_running_loop().time
        newest, ends = self._position, now() + SPOOL_TIMEOUT
        while now() < ends and self._can_spool(newest):
            if self._spooling is None or self._spooling.done():
                self._spooling = asyncio.create_task(self._spool_new())
            await asyncio.wait({self._spooling}, timeout=ends - now())

    def _can_spool(self, newest: int) -> bool:
        """Return whether something up to a position is in memory alone, and may be written now."""
        if self.in_doubt or asyncio.get_running_loop().time() < self._next_try:
            return False
        return (
            self._spooled < newest and bool(self._entries) and self._entries[0].position <= newest
        )

    async def _spool_new(self) -> None:
        async with self._in_use:
            if self._can_spool(self._position):
                await self._append(self._new())
        await self._tidy()

    async def _append(self, new: Sequence[Entry]) -> None:
        self._tried = new[-1].position
        kept = [kept for entry in new if (kept := entry.kept)]
        try:
            await self._spool.append(self._token, self.written_with, kept)
        # Whatever the error, people are answered, and it is tried again.
        except Exception as error:
            if self._next_try < 0:
                logger.error("%s cannot be written either (%s)", self._spool.path, reason(error))
            self._next_try = asyncio.get_running_loop().time() + RETRY_SECONDS
            return
        self._spooled = self._tried
        self._next_try = float("-inf")
        for entry in new:
            entry.spooled = entry.kept is not None

    def _new(self) -> list[Entry]:
        """Return the entries that are not in the spool, in order."""
        new = takewhile(lambda entry: entry.position > self._spooled, reversed(self._entries))
        return [*new][::-1]

    @asynccontextmanager
    async def prepared(self) -> AsyncIterator[None]:
        """Have the spool there meanwhile: making it takes longer than appending to it."""
        self._is_needed = True
        try:
            async with self._in_use:
                if not self._tried:
                    self._tried = 1
                    with suppress(AnalyticsError):  # then appending fails, too, and says so
                        await self._spool.append(self._token, self.written_with, [])
            yield
        finally:
            self._is_needed = False
            self.tidy()

    def tidy(self) -> None:
        """Remove the spool as soon as all of it is committed; recording does not wait for that."""
        # The task that uses it does this afterwards.
        if self._tried and (self._spooling is None or self._spooling.done()):
            self._spooling = asyncio.create_task(self._tidy())

    async def _tidy(self) -> None:
        if not self._tried:
            return
        async with self._in_use:
            if self._is_needed or (self._entries and self._entries[0].position <= self._tried):
                return
            try:
                await self._spool.remove()
            except OSError as error:
                logger.error("%s cannot be removed (%s)", self._spool.path, type(error).__name__)
                return
            # Entries that are put from now on have higher positions.
            self._tried = self._spooled = 0

    async def close(self) -> None:
        """Write to the spool, for the next process, what could not be committed, and close it."""
        if self._entries:
            self._next_try = float("-inf")
            await self.spool()
        if self._spooling is not None:
            await asyncio.wait({self._spooling}, timeout=SPOOL_TIMEOUT)
        if self._spooling is None or self._spooling.done():
            await self._spool.close()


def _interactions(rows: Sequence[Received]) -> int:
    """Return how many of the rows are interactions."""
    return sum(row.interaction_type is not None for row in rows)


def _is_request(row: Received) -> bool:
    return row.opting_out is not None or (row.interaction_type is None and bool(row.events))
