"""The end of a bot: everything it kept about anyone is deleted."""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from analytics import files, locks
from analytics.backups import every_backup
from analytics.files import CannotOpen
from analytics.keys import draft, key_file
from analytics.locks import Access


def erase_everything(path: Path, backup_dir: Path | None = None) -> list[Path]:
    """Delete a database, its key, every file that was made beside it, and the backups in a folder.

    All are overwritten first. Returns what was deleted. Raises CannotOpen while a bot runs on it,
    or if nothing is there.
    """
    path = Path(os.path.realpath(path))
    found = sorted(_belongings(path))
    if backup_dir:
        found += sorted(every_backup(path, backup_dir))
    if not found:
        raise CannotOpen(f"{path} does not exist: there is nothing to erase")
    with ExitStack() as held:
        locks.enter(path, Access.OWN, held)
        for file in found:
            files.overwrite(file)
            file.unlink()
    for lock in path.parent.glob(f"{path.name}*lock"):
        lock.unlink()
    return found


def _belongings(path: Path) -> Iterator[Path]:
    """Database, log, reserve, damaged ones that were set aside; key, and the next key."""
    for pattern in (f"{path.name}*", f"{key_file(path).name}*", f"{draft(path).name}*"):
        yield from (file for file in path.parent.glob(pattern) if not file.name.endswith("lock"))
