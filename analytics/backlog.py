"""What is still to be committed, in its order; whatever has to wait is on the disk as well."""

import asyncio
import logging
import secrets
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from analytics.errors import reason
from analytics.sqlite import metadata
from analytics.sqlite.spool import Contents, Kept, Spool

logger = logging.getLogger(__name__)

# Interactions in one transaction: large enough for a full batch of Telegram's (100), and to work
# off a backlog; small enough to take milliseconds.
TRANSACTION_LIMIT = 1_000
# A person waits at most this long for what has to wait to be on the disk.
SPOOL_TIMEOUT = 2.0
# A spool that could not be written is tried again after so long.
RETRY_SECONDS = 1.0
# Name in file_settings: how far a spool was committed, as token:position.
COMMITTED = "spool"
# An entry of the spool that holds rows; others have the name of their request.
ROWS = "rows"

Row = tuple[int | None, int, int, str | None, int, str | None, bool | None]
Work = Callable[[], Awaitable[object]]
Statement = tuple[str, Sequence[Any]]


@dataclass(frozen=True, slots=True)
class Request:
    """What has its turn among the rows: one statement, or other work.

    With a `name` it outlives the process: it is made again from that and the parameters.
    """

    what: str | Work
    name: str | None = None
    parameters: tuple[Any, ...] = ()


@dataclass(slots=True, eq=False)
class Entry:
    """Rows to be recorded, or a request."""

    position: int
    rows: list[Row]
    request: Request | None
    told: asyncio.Future[bool]  # True: committed. False: it has to wait
    waits: bool = False
    spooled: bool = False

    @property
    def kept(self) -> Kept | None:
        if self.request is None:
            return Kept(self.position, ROWS, self.rows)
        name, parameters = self.request.name, self.request.parameters
        return Kept(self.position, name, list(parameters)) if name else None


class Backlog:
    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self._token = secrets.token_hex(8)
        self._entries: deque[Entry] = deque()
        self._position = 0  # of the newest entry
        self._tried = self._spooled = 0  # up to this position it may be, or is, in the spool
        self._spooling: asyncio.Task[None] | None = None
        self._in_use = asyncio.Lock()  # the spool
        self._next_try = float("-inf")
        self.written_with = ""
        """The fingerprint of the key that the rows are written with."""
        self.in_doubt = False
        """Whether rows are being committed that nothing could tell from the same in a spool."""
        self.rows = 0

    def __bool__(self) -> bool:
        return bool(self._entries)

    @property
    def waiting(self) -> int:
        """Interactions that could not be committed at once."""
        return sum(_interactions(entry.rows) for entry in self._entries if entry.waits)

    def waiting_of(self, reference: int) -> int:
        """Those of one person."""
        rows = (row for entry in self._entries if entry.waits for row in entry.rows)
        return _interactions([row for row in rows if row[1] == reference])

    @property
    def lost(self) -> tuple[int, int]:
        """Interactions and requests that are in memory alone."""
        # Whoever asked for a request without a name was told that it is not done.
        alone = [entry for entry in self._entries if entry.kept and not entry.spooled]
        rows = sum(_interactions(entry.rows) for entry in alone)
        opting = sum(row[6] is not None for entry in alone for row in entry.rows)
        return rows, opting + sum(entry.request is not None for entry in alone)

    def put(self, rows: list[Row], request: Request | None) -> Entry:
        self._position += 1
        told = asyncio.get_running_loop().create_future()
        entry = Entry(self._position, rows, request, told)
        self._entries.append(entry)
        self.rows += len(rows)
        return entry

    def adopt(self, contents: Contents, committed: str, make: Callable[[Kept], Request]) -> None:
        """Take over what another process left, but for what it had `committed` as that says."""
        token, _, position = committed.partition(":")
        done = int(position) if token == contents.token else 0
        self._token = contents.token
        for kept in contents.entries:
            if kept.position > done:
                self._position = kept.position - 1
                if kept.name == ROWS:
                    entry = self.put([tuple(row) for row in kept.content], None)
                else:
                    entry = self.put([], make(kept))
                entry.waits = entry.spooled = True
        self._position = max([done, *(kept.position for kept in contents.entries)])
        self._tried = self._spooled = max(1, self._position)

    def next(self) -> list[Entry]:
        """The oldest batches that make one transaction, at least one; or a request, alone."""
        entries: list[Entry] = []
        rows = 0
        for entry in self._entries:
            rows += len(entry.rows)
            if entries and (entry.request or entries[0].request or rows > TRANSACTION_LIMIT):
                break
            entries.append(entry)
        return entries

    def mark(self, entries: Sequence[Entry]) -> Statement | None:
        """What has to be committed together with the entries, so that no spool repeats them."""
        last = entries[-1]
        # Nothing else tells a statement from the same one in a spool; erasing twice does no harm.
        is_statement = last.request is not None and isinstance(last.request.what, str)
        if last.position > self._tried and not is_statement:
            return None
        return metadata.PUT, (COMMITTED, f"{self._token}:{last.position}")

    async def committed(self, entries: Sequence[Entry]) -> None:
        for entry in entries:
            self._entries.popleft()
            self.rows -= len(entry.rows)
            if not entry.told.done():
                entry.told.set_result(True)
        await self._tidy()

    def failed(self) -> None:
        """All of it has to wait."""
        for entry in self._entries:
            entry.waits = True
            if not entry.told.done():
                entry.told.set_result(False)

    async def spool(self) -> None:
        """Have on the disk what is in memory alone, as far as that works within two seconds."""
        if self._spooling is None or self._spooling.done():
            self._spooling = asyncio.create_task(self._spool_new())
        await asyncio.wait({self._spooling}, timeout=SPOOL_TIMEOUT)

    async def _spool_new(self) -> None:
        now = asyncio.get_running_loop().time
        async with self._in_use:
            while not self.in_doubt and now() >= self._next_try and (new := self._new()):
                self._tried = new[-1].position
                kept = [kept for entry in new if (kept := entry.kept)]
                try:
                    await self._spool.append(self._token, self.written_with, kept)
                # Whatever it was, people are answered, and it is tried again.
                except Exception as error:
                    if self._next_try < 0:
                        logger.error("%s fails, too (%s)", self._spool.path, reason(error))
                    self._next_try = now() + RETRY_SECONDS
                    break
                self._spooled = self._tried
                self._next_try = float("-inf")
                for entry in new:
                    entry.spooled = entry.kept is not None
        await self._tidy()

    def _new(self) -> list[Entry]:
        """Those that are not in the spool, in order."""
        new = takewhile(lambda entry: entry.position > self._spooled, reversed(self._entries))
        return [*new][::-1]

    async def _tidy(self) -> None:
        """Remove the spool as soon as all of it is committed."""
        # Whoever uses it comes here afterwards.
        if not self._tried or self._in_use.locked():
            return
        async with self._in_use:
            if self._entries and self._entries[0].position <= self._tried:
                return
            try:
                await self._spool.remove()
            except OSError as error:
                logger.error("%s cannot be removed (%s)", self._spool.path, type(error).__name__)
                return
            # What is put from now on has a higher position.
            self._tried = self._spooled = 0

    async def close(self) -> None:
        """Leave for the next process what could not be committed."""
        if self._entries:
            self._next_try = float("-inf")
            await self.spool()
        if self._spooling is None or self._spooling.done():
            await self._spool.close()


def _interactions(rows: Sequence[Row]) -> int:
    """How many of the rows are interactions, and not only remembered."""
    return sum(row[3] is not None for row in rows)
