"""What was deleted leaves the disk: at once from a small file, from a large one in the night."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

from analytics.sqlite import metadata
from analytics.sqlite.database import Database

# Compacting a smaller file takes a fraction of a second and is done at once, a larger one at night.
SMALL_FILE_BYTES = 64 * 1024 * 1024
# What is deleted leaves the disk within this time, also where no night ever comes.
DEADLINE = timedelta(hours=24)
DUE = "compaction_due"


class Compaction:
    """Remembers, in the file, what was deleted and has not left the disk."""

    def __init__(
        self,
        database: Database,
        clock: Callable[[], datetime],
        before_deletion: Callable[[], Awaitable[object]],
    ) -> None:
        self._database = database
        self._clock = clock
        self._before_deletion = before_deletion
        self._compacting = asyncio.Lock()
        self._begun = self._ended = 0  # deletions

    @asynccontextmanager
    async def deletion(self) -> AsyncIterator[None]:
        """Around whatever deletes interactions."""
        await self._before_deletion()
        self._begun += 1
        try:
            # Noted first: whatever stops the process, what is deleted will leave the disk.
            await metadata.put_once(self._database, DUE, int(self._clock().timestamp()))
            yield
        finally:
            self._ended += 1

    async def if_due(self, large_too: bool) -> bool:
        """Compact if that is quick, or overdue, or `large_too`; True if nothing is pending then."""
        async with self._compacting:
            due = await metadata.get(self._database, DUE)
            if due is None:
                return True
            waited = self._clock().timestamp() - int(due)
            small = self._database.size() < SMALL_FILE_BYTES
            if not (small or large_too or waited >= DEADLINE.total_seconds()):
                return False
            ended = self._ended
            if not await self._database.compact():
                return False
            # What was deleted meanwhile may have come after the VACUUM.
            if self._begun != ended:
                return False
            await metadata.remove(self._database, DUE)
            return True
