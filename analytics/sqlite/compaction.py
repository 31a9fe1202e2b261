"""Remove what was deleted from the disk: at once from a small file, at night from a large one."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

from analytics.sqlite import metadata
from analytics.sqlite.database import Database

# Compacting a smaller file takes a fraction of a second and is done at once, a larger one at night.
SMALL_FILE_BYTES = 64 * 1024 * 1024
# What is deleted leaves the disk within this time, even if no compaction at night happens.
DEADLINE = timedelta(hours=24)
DUE = "compaction_due"


class Compaction:
    """Notes in the file that something was deleted and is still on the disk, and removes it."""

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
        """Note that a compaction is due; enter this around whatever deletes interactions.

        Raises AnalyticsError if the database cannot be written.
        """
        await self._before_deletion()
        self._begun += 1
        try:
            # Noted first: even if the process is killed, what is deleted will leave the disk.
            await metadata.put_once(self._database, DUE, int(self._clock().timestamp()))
            yield
        finally:
            self._ended += 1

    async def if_due(self, large_too: bool) -> bool:
        """Compact if that is quick (below 64 MiB), or due for 24 hours, or `large_too`.

        Return True if nothing is pending afterwards.
        Raises AnalyticsError if the database fails.
        """
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
