"""Locks between processes, which die with the process: one owner, and one writer beside it."""

import os
from contextlib import ExitStack
from enum import Enum, auto
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from analytics.errors import DatabaseInUse, NotOurDatabase
from analytics.sqlite import files

# How long a starting bot waits for a command that has the file to itself, or for the bot before it.
OWNER_PATIENCE = 5.0
# How long a command waits for another command.
WRITER_PATIENCE = 60.0


class Access(Enum):
    """What a process wants of the file."""

    OWN = auto()
    """The bot: the only one of its kind, creates and migrates, checkpoints and compacts."""
    SHARE = auto()
    """A command that writes: beside a running bot, or as the owner while there is none."""
    READ = auto()
    """A command that reads: takes no lock, creates nothing."""


def enter(path: Path, access: Access, stack: ExitStack) -> bool:
    """Hold what the access needs; whether this process is the owner. Raises DatabaseInUse."""
    if access is Access.OWN:
        own(path, stack, OWNER_PATIENCE)
        return True
    return access is Access.SHARE and _share(path, stack)


def own(path: Path, stack: ExitStack, patience: float) -> None:
    """Be the owner; `patience` in seconds. Raises DatabaseInUse while another process is."""
    try:
        stack.enter_context(_lock(f"{path}.lock", patience))
    except Timeout:
        raise DatabaseInUse(
            f"another process is running on {path}", "stop it, or set another DATABASE_PATH"
        ) from None


def _share(path: Path, stack: ExitStack) -> bool:
    """Be the owner (True) if nobody is, else the one writer beside it. Raises DatabaseInUse."""
    try:
        stack.enter_context(_lock(f"{path}.lock", 0))
    except Timeout:
        pass
    else:
        return True
    _be_the_writer(path, stack)
    return False


def be_alone(path: Path, stack: ExitStack) -> None:
    """Be the owner, while no command writes either. Raises DatabaseInUse."""
    own(path, stack, OWNER_PATIENCE)
    _be_the_writer(path, stack)


def _be_the_writer(path: Path, stack: ExitStack) -> None:
    try:
        stack.enter_context(write_lock(path, WRITER_PATIENCE))
    except Timeout:
        raise DatabaseInUse(
            f"another command writes to {path}", "try again when it is done"
        ) from None


def be_the_copier(path: Path, stack: ExitStack) -> bool:
    """Be the only one who makes a backup; False while another process does."""
    try:
        stack.enter_context(_lock(f"{path}.backup-lock", 0))
    except Timeout:
        return False
    return True


def write_lock(path: Path, timeout: float) -> Any:
    """Held by whoever checkpoints, and by a command that writes beside the bot. Raises Timeout."""
    return _lock(f"{path}.write-lock", timeout)


def _lock(path: str, timeout: float) -> Any:
    if os.path.lexists(path) and not files.is_regular(Path(path)):
        raise NotOurDatabase(f"{path} is not a regular file", "remove it, and try again")
    return FileLock(path, mode=0o600).acquire(timeout=timeout)
