"""Parts that the groups of the service share: the store, its keyring, the turn of a request."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, nullcontext
from datetime import datetime
from pathlib import Path

from analytics.acts import Act
from analytics.backlog import Request
from analytics.calendar import Calendar
from analytics.clock import GuardedClock
from analytics.errors import DatabaseUnavailable
from analytics.keyring import Keyring
from analytics.known_time import contradicting
from analytics.pseudonyms import References
from analytics.recording import Recorder
from analytics.spool import Spool
from analytics.store import Store


async def nothing() -> None:
    """Do nothing."""


class OpenDatabase:
    """An open database: its store, pseudonym key and spool, and the recorder of its owner."""

    def __init__(
        self,
        store: Store,
        keyring: Keyring,
        spool: Spool,
        retention_days: int,
        clock: Callable[[], datetime],
        calendar: Calendar,
    ) -> None:
        self.store = store
        self.keyring = keyring
        self.spool = spool
        self.retention_days = retention_days
        self.clock = clock
        self.calendar = calendar
        self.recorder: Recorder | None = None
        """None unless this process records."""
        self.before_deletion: Callable[[], Awaitable[object]] = nothing
        self.erasures_file: Path | None = None
        """The process's own list of erasures, None for a database that is a file."""

    @property
    def is_recording(self) -> bool:
        """True while interactions are committed, False while the database fails and they wait."""
        return self.recorder is not None and not self.recorder.failing

    def recording(self) -> Recorder:
        """Return the recorder. Raises RuntimeError if this process does not record."""
        if self.recorder is None:
            raise RuntimeError("only the owner of the database records")
        return self.recorder

    def now(self) -> int:
        """Return the time by the clock, in Unix seconds."""
        return int(self.clock().timestamp())

    async def likely_now(self) -> datetime:
        """Return the time by the clock, or the newest one in the store if a command's clock is off.

        Raises AnalyticsError if the database cannot be read.
        """
        now = self.clock()
        if isinstance(self.clock, GuardedClock):
            return now
        return await contradicting(self.store, now) or now

    async def references(self) -> References:
        """Return how people are named in the store.

        Raises PseudonymKeyMissing if there is no pseudonym key, WrongPseudonymKey if it is another,
        and AnalyticsError if the database cannot be read.
        """
        return await self.keyring.references(self.store)

    @asynccontextmanager
    async def deletion(self) -> AsyncIterator[None]:
        """Note that what is deleted meanwhile has to leave the disk.

        Raises AnalyticsError if the database cannot be written.
        """
        await self.before_deletion()
        async with self.store.deletion(self.now()):
            yield

    async def compact_if_due(self, large_too: bool = False) -> bool:
        """Remove from the disk what was deleted, if that is quick, or overdue, or `large_too`.

        Return True if nothing is left to be removed.
        Raises AnalyticsError if the database fails.
        """
        pause = self.recorder.paused if self.recorder else nullcontext
        return await self.store.compact_if_due(self.now(), pause, large_too=large_too)

    async def keep(self, act: Act, done: Callable[[], None] | None = None) -> bool:
        """Carry out an act; if that has to wait, it survives a crash. Call `done` afterwards."""
        return await self.in_turn(Request(act, done=done))

    async def in_turn(self, request: Request) -> bool:
        """Run a request; False if not now: the owner does it later, a command has to try again."""
        if self.recorder:
            return await self.recorder.in_turn(request)
        try:
            if request.act:
                await self.store.perform(request.act)
            else:
                await request.work()
        except DatabaseUnavailable:
            return False
        if request.done:
            request.done()
        return True

    async def replace_key(self) -> bytes:
        """Replace the pseudonym key, and return the new one; raises what `Keyring.rotate` does."""
        key = await self.keyring.rotate(self.store, self.deletion)
        if self.recorder:
            self.recorder.use(await self.references())
        return key

    def unavailable(self) -> DatabaseUnavailable:
        """Return the error to raise for what could not be done in turn."""
        return DatabaseUnavailable(
            f"{self.store.name} cannot be written at the moment", "try again"
        )
