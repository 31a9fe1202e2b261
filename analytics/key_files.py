"""Read, write and replace the file of the pseudonym key, which is beside the database."""

import os
from contextlib import suppress
from pathlib import Path

from analytics import disk
from analytics.pseudonyms import parse_key

# Suffixes in place of the database's own: its key, and the one that is to replace it.
KEY, NEXT_KEY = ".key", ".new-key"


def key_file(path: Path) -> Path:
    """Return the path of the key file of the database `path`."""
    return path.with_suffix(KEY)


def next_key_file(path: Path) -> Path:
    """Return the path of the next key's file, which is there until the database uses that key."""
    return path.with_suffix(NEXT_KEY)


def read_key(path: Path) -> bytes | None:
    """Return the key in a key file, None without a file.

    Raises ValueError for a file without a key, or one that cannot be read.
    """
    if path.exists() and not path.is_file():
        raise ValueError("it is not a file")  # reading a pipe would block
    try:
        return parse_key(path.read_text("ascii"))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ValueError(error.strerror) from None


def write_key(path: Path, pseudonym_key: bytes) -> None:
    """Make a key file with mode 0600, on the disk when this returns; an existing one stays.

    Raises OSError if it cannot be written.
    """
    disk.discard_draft(path)
    disk.begin_draft(path, f"{pseudonym_key.hex()}\n".encode())
    with suppress(FileExistsError):
        disk.publish(path)


def replace_key(new: Path, path: Path) -> None:
    """Rename the key file `new` to `path`, and overwrite the bytes of the one that was there.

    Raises OSError if that fails.
    """
    with path.open("r+b") as old:
        new.replace(path)
        disk.sync_folder(path.parent)
        old.write(bytes(os.fstat(old.fileno()).st_size))
        old.flush()
        os.fsync(old.fileno())
