"""Locks between processes, which die with the process: one owner, and one writer beside it."""

from contextlib import ExitStack
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from analytics.files import CannotOpen

# How long a starting bot waits for a command that has the file to itself, or for the bot before it.
OWNER_PATIENCE = 5.0
# How long a command waits for another command.
WRITER_PATIENCE = 60.0


def own(path: Path, stack: ExitStack) -> None:
    """Be the owner. Raises CannotOpen while another process is."""
    try:
        stack.enter_context(_lock(f"{path}.lock", OWNER_PATIENCE))
    except Timeout:
        raise CannotOpen(
            f"another process is running on {path}: stop it, or set another DATABASE_PATH"
        ) from None


def share(path: Path, stack: ExitStack) -> bool:
    """Be the owner (True) if nobody is, else the one writer beside it. Raises CannotOpen."""
    try:
        stack.enter_context(_lock(f"{path}.lock", 0))
    except Timeout:
        pass
    else:
        return True
    try:
        stack.enter_context(write_lock(path, WRITER_PATIENCE))
    except Timeout:
        raise CannotOpen(f"another command writes to {path}: try again when it is done") from None
    return False


def write_lock(path: Path, timeout: float) -> Any:
    """Held by whoever checkpoints, and by a command that writes beside the bot. Raises Timeout."""
    return _lock(f"{path}.write-lock", timeout)


def _lock(path: str, timeout: float) -> Any:
    return FileLock(path, mode=0o600).acquire(timeout=timeout)
