"""Telegram ID -> reference, and the key that makes it more than a hash.

There are about 10^10 Telegram IDs: without a key all of them can be tried in an hour.
"""

import secrets
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from typing import Protocol

from analytics import files

KEY_BYTES = 32


class References(Protocol):
    """How people are named in the file."""

    fingerprint: str

    def reference(self, telegram_id: int) -> int:
        """What `users` keeps of a person: a signed 64-bit number."""


class Pseudonyms:
    """Keyed references: the same person under the same key, and nobody's name without it."""

    def __init__(self, key: bytes) -> None:
        """Raises ValueError unless `key` has 32 bytes."""
        if len(key) != KEY_BYTES:
            raise ValueError(f"the key has {len(key)} bytes instead of {KEY_BYTES}")
        self.key = key
        # Kept in the file to recognise its key by; tells nothing about the key.
        self.fingerprint = blake2b(key=key, person=b"fingerprint", digest_size=16).hexdigest()

    def reference(self, telegram_id: int) -> int:
        digest = blake2b(
            telegram_id.to_bytes(8, "big"), key=self.key, person=b"reference", digest_size=8
        )
        return int.from_bytes(digest.digest(), "big", signed=True)


class PlainIds:
    """The Telegram ID itself, for PSEUDONYMISE_USER_IDS=false."""

    fingerprint = "plain Telegram IDs"

    def reference(self, telegram_id: int) -> int:
        return telegram_id


def parse_key(text: str) -> bytes:
    """64 hexadecimal digits to 32 bytes. Raises ValueError, without the text, for anything else."""
    try:
        key = bytes.fromhex(text.strip())
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise ValueError(f"a key is {2 * KEY_BYTES} hexadecimal digits")
    return key


def read_key(path: Path) -> bytes | None:
    """The key in a key file, None without a file. Raises ValueError for a file without a key."""
    try:
        return parse_key(path.read_text("ascii"))
    except FileNotFoundError:
        return None


def new_key() -> bytes:
    return secrets.token_bytes(KEY_BYTES)


def write_key(path: Path, key: bytes) -> None:
    """Make a key file with mode 0600, on the disk when this returns; an existing one stays."""
    files.begin_draft(path).write_text(f"{key.hex()}\n", "ascii")
    with suppress(FileExistsError):
        files.publish(path)
