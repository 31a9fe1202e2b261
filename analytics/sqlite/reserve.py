"""Keep a reserve of disk space beside a database, to be given up when the disk is full."""

import os
import shutil
from pathlib import Path

from analytics import disk

# Given up when the disk is full, so that a checkpoint and a cleanup can run.
RESERVE_BYTES = 2 * 1024 * 1024


def reserve_of(path: Path) -> Path:
    return path.with_name(f"{path.name}.reserve")


def keep(path: Path) -> None:
    """Make the reserve of 2 MiB, if the disk has room for it and as much again."""
    if disk.is_regular(reserve_of(path)) and disk.size(reserve_of(path)) >= RESERVE_BYTES:
        return
    try:
        if shutil.disk_usage(path.parent).free < 2 * RESERVE_BYTES:
            return
        # Made anew, since a link, or a file with a second name, may not be ours to write to.
        reserve_of(path).unlink(missing_ok=True)
        descriptor = os.open(reserve_of(path), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError:
        return  # the folder is gone or read-only, as the next statement will find
    try:
        # Random, since some file systems do not store zeros.
        if os.write(descriptor, os.urandom(RESERVE_BYTES)) < RESERVE_BYTES:
            give_up(path)
    except OSError:
        give_up(path)
    finally:
        os.close(descriptor)


def give_up(path: Path) -> bool:
    """Remove the reserve, so that there is room to write; return whether there was one."""
    try:
        reserve_of(path).unlink()
    except FileNotFoundError:
        return False
    return True
