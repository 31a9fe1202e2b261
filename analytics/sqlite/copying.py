"""Note beside a database which backup is being made, so that what a kill left is found."""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path

from analytics.errors import BackupRefused, DatabaseInUse
from analytics.sqlite import files, locks
from analytics.sqlite.belongings import COMPANION, matching

# How long a backup waits for another one of the same database, in seconds.
PATIENCE = 60.0
# An unfinished copy that is not noted, and has not grown for this many seconds, was left by a kill.
SURELY_LEFT = 3600


@asynccontextmanager
async def only_copy(path: Path, to: Path) -> AsyncIterator[None]:
    """Become the only process that copies the database `path`, to the draft of `to`.

    What a killed one left is removed before. Raises DatabaseInUse if another one takes longer than
    60 seconds, and BackupRefused if another program's draft is there, younger than an hour.
    """
    with ExitStack() as held:
        given_up = time.monotonic() + PATIENCE
        while not locks.be_the_copier(path, held):
            if time.monotonic() > given_up:
                raise DatabaseInUse(f"a backup of {path} is being made", "try again later")
            await asyncio.sleep(0.1)
        _sweep(path)
        _refuse_draft_of_others(files.draft_of(to))
        _write_note(path, to)
        try:
            yield
        finally:
            note(path).unlink(missing_ok=True)


def sweep(path: Path) -> None:
    """Remove what a killed backup left, unless one is being made."""
    with ExitStack() as held:
        if note(path).exists() and locks.be_the_copier(path, held):
            _sweep(path)


def unfinished(path: Path) -> list[Path]:
    """Return the existing files of the copy that was being made, in whatever folder."""
    if not files.is_regular(note(path)):
        return []
    to = Path(os.fsdecode(note(path).read_bytes()))
    return matching(files.draft_of(to), COMPANION) if to.is_absolute() else []


def note(path: Path) -> Path:
    return path.with_name(f"{path.name}.copying")


def _sweep(path: Path) -> None:
    for file in unfinished(path):
        file.unlink(missing_ok=True)
    note(path).unlink(missing_ok=True)


def _write_note(path: Path, to: Path) -> None:
    descriptor = os.open(note(path), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(os.fsencode(to.absolute()))
        file.flush()
        os.fsync(descriptor)


def _refuse_draft_of_others(draft: Path) -> None:
    if not os.path.lexists(draft):
        return
    if not files.is_regular(draft) or time.time() - draft.stat().st_mtime < SURELY_LEFT:
        raise BackupRefused(
            f"{draft} is being written by another program, or was left", "delete it"
        )
    for file in matching(draft, COMPANION):
        file.unlink()
