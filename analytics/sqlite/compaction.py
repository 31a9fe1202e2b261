"""Remove what was deleted from the disk: at once from a small file, at night from a large one."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta

from analytics.acts import RemoveSetting
from analytics.sqlite.database import Database
from analytics.sqlite.queries.settings import SettingsQueries

# Compacting a smaller file takes a fraction of a second and is done at once, a larger one at night.
SMALL_FILE_BYTES = 64 * 1024 * 1024
# What is deleted leaves the disk within this time, even if no compaction at night happens.
DEADLINE = timedelta(hours=24)
DUE = "compaction_due"


class Compaction(SettingsQueries):
    """Notes in the file that something was deleted and is still on the disk, and removes it."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._compacting = asyncio.Lock()
        self._begun = self._ended = 0  # deletions

    @asynccontextmanager
    async def deletion(self, now: int) -> AsyncIterator[None]:
        self._begun += 1
        try:
            # Noted first: even if the process is killed, what is deleted will leave the disk.
            await self.put_setting_once(DUE, now)
            yield
        finally:
            self._ended += 1

    async def compact_if_due(
        self, now: int, pause: Callable[[], AbstractAsyncContextManager[None]], *, large_too: bool
    ) -> bool:
        """Compact if that is quick (below 64 MiB), or due for 24 hours, or `large_too`."""
        async with self._compacting:
            due = await self.get_setting(DUE)
            if due is None:
                return True
            small = self._database.size() < SMALL_FILE_BYTES
            if not (small or large_too or now - int(due) >= DEADLINE.total_seconds()):
                return False
            ended = self._ended
            async with pause():
                compacted = await self._database.compact()
            if not compacted:
                return False
            # What was deleted meanwhile may have come after the VACUUM.
            if self._begun != ended:
                return False
            await self.perform(RemoveSetting(DUE))
            return True
