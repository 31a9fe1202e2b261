"""Carry the write-ahead log over into the file, and remove what was deleted from the disk."""

from pathlib import Path

import aiosqlite

from analytics import disk
from analytics.errors import AnalyticsError
from analytics.sqlite import files, locks
from analytics.sqlite.connections import ERRORS

# How large the write-ahead log grows before it is carried over into the file: SQLite's own default.
CHECKPOINT_BYTES = 1000 * 4096


class Checkpoints:
    """The checkpoints of one database, by its owner, and only while no command writes to it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._due_at = CHECKPOINT_BYTES
        self._compacting = False

    async def if_large(self, writer: aiosqlite.Connection) -> None:
        """Make a checkpoint if the log has grown to 4 MB; try later if that is not possible now."""
        size = disk.size(files.wal(self._path))
        if size < self._due_at:
            return
        try:
            with locks.write_lock(self._path, timeout=0):
                # It would wait for a backup or a long read, and recording for the checkpoint.
                [(patience,)] = await writer.execute_fetchall("PRAGMA busy_timeout")
                await writer.execute_fetchall("PRAGMA busy_timeout=0")
                try:
                    done = await checkpoint(writer)
                finally:
                    await writer.execute_fetchall(f"PRAGMA busy_timeout={patience}")
        except (OSError, AnalyticsError, *ERRORS):
            # The lock is held, or cannot be opened; what was written is committed nonetheless.
            done = False
        # While a reader or a command holds it back, try again only when it has grown as much again.
        self._due_at = CHECKPOINT_BYTES if done else size + CHECKPOINT_BYTES

    async def compact(self, writer: aiosqlite.Connection) -> bool:
        """Remove all traces of what was deleted; return False if that is not possible now.

        Page splits leave copies that only VACUUM removes, and the checkpoint after it carries the
        result over into the file. The checkpoint before it finds out whether a reader would hold
        that back, so that nothing is rewritten in vain. Raises what the driver raises.
        """
        try:
            with locks.write_lock(self._path, timeout=0):
                if not await checkpoint(writer):
                    return False
                self._compacting = True
                await writer.execute_fetchall("VACUUM")
                return await checkpoint(writer)
        except (OSError, AnalyticsError):
            return False  # the lock is held, or cannot be opened
        finally:
            self._compacting = False

    async def stop_compacting(self, writer: aiosqlite.Connection) -> None:
        """Interrupt a running VACUUM, which may take long; everything stays as it was."""
        if self._compacting:
            await writer.interrupt()


async def checkpoint(writer: aiosqlite.Connection) -> bool:
    """Carry the write-ahead log over into the file and empty it.

    Return False if the checkpoint was busy: then it did not happen.
    """
    [(busy, _, _)] = await writer.execute_fetchall("PRAGMA wal_checkpoint(TRUNCATE)")
    return not busy
