"""Lock a database between processes: one owner, one writer beside it. A kill frees the locks."""

import os
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from analytics import disk
from analytics.errors import DatabaseInUse, NotOurDatabase
from analytics.store_types import Access

# How long a starting bot waits for a command that has the file to itself, or for the bot before it.
OWNER_TIMEOUT = 5.0
# How long a command waits for another command.
WRITER_TIMEOUT = 60.0


def enter(path: Path, access: Access, stack: ExitStack) -> bool:
    """Take the locks that an access needs; return whether this process is the owner.

    They are held until `stack` is left. Raises DatabaseInUse if another process holds one for
    longer than 5 seconds (the owner's) or 60 seconds (the writer's).
    """
    if access is Access.OWN:
        own(path, stack, OWNER_TIMEOUT)
        return True
    return access is Access.SHARE and _share(path, stack)


def own(path: Path, stack: ExitStack, timeout: float) -> None:
    """Become the owner, until `stack` is left.

    Raises DatabaseInUse if another process is the owner for longer than `timeout`, in seconds.
    """
    try:
        stack.enter_context(_lock(f"{path}.lock", timeout))
    except Timeout:
        raise DatabaseInUse(
            f"another process is using {path}", "stop it, or set another DATABASE_PATH"
        ) from None


def _share(path: Path, stack: ExitStack) -> bool:
    """Become the owner (True) if there is none, else the one writer beside it (False)."""
    try:
        stack.enter_context(_lock(f"{path}.lock", 0))
    except Timeout:
        pass
    else:
        return True
    _be_the_writer(path, stack)
    return False


def be_alone(path: Path, stack: ExitStack) -> None:
    """Become the owner while no command writes either, until `stack` is left.

    Raises DatabaseInUse after 5 seconds if there is another owner, 60 if there is another writer.
    """
    own(path, stack, OWNER_TIMEOUT)
    _be_the_writer(path, stack)


def _be_the_writer(path: Path, stack: ExitStack) -> None:
    try:
        stack.enter_context(write_lock(path, WRITER_TIMEOUT))
    except Timeout:
        raise DatabaseInUse(
            f"another command is writing to {path}", "try again when it is done"
        ) from None


def be_the_copier(path: Path, stack: ExitStack) -> bool:
    """Become the only process that makes a backup, until `stack` is left.

    Return False if another process is making one.
    """
    try:
        stack.enter_context(_lock(f"{path}.backup-lock", 0))
    except Timeout:
        return False
    return True


def write_lock(path: Path, timeout: float) -> Any:
    """Lock for a checkpoint, or for a command that writes beside the bot; a context manager.

    Raises Timeout after `timeout` seconds, and NotOurDatabase if the lock is not a regular file.
    """
    return _lock(f"{path}.write-lock", timeout)


def _lock(path: str, timeout: float) -> Any:
    if os.path.lexists(path) and not disk.is_regular(Path(path)):
        raise NotOurDatabase(f"{path} is not a regular file", "remove it, and try again")
    return FileLock(path, mode=0o600).acquire(timeout=timeout)
