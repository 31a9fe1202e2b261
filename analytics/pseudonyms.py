"""Telegram ID -> reference, and the key that makes it more than a hash.

There are about 10^10 Telegram IDs: without a key all of them can be tried in an hour.
"""

import os
import secrets
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from typing import Protocol

from analytics.sqlite import files

KEY_BYTES = 32


class References(Protocol):
    """How people are named in the file."""

    fingerprint: str

    def reference(self, telegram_id: int) -> int:
        """What `users` keeps of a person: a signed 64-bit number."""

    def opt_out(self, telegram_id: int) -> int:
        """What `opt_outs` keeps of a person: another one."""

    def admin(self, telegram_id: int) -> int:
        """What `audit_trail` and `turned_off` keep of an admin: another one.

        As a pseudonym it is negative, and so never taken for a Telegram ID.
        """

    def erasure(self, reference: int) -> int:
        """What `erasures` keeps of a person, made from their reference.

        A backup holds references and no Telegram IDs. Whether one of its people was erased is
        told by making this of each: nothing has to lead back from it.
        """


class Pseudonyms:
    """Keyed references: the same person under the same key, and nobody's name without it.

    `key` has 32 bytes. Where it replaces another one it has 32 more, under which people have
    opted out and admins are named: nobody's Telegram ID is known, so it could not be carried over.
    """

    def __init__(self, key: bytes) -> None:
        """Raises ValueError for a key of another length."""
        if len(key) not in (KEY_BYTES, 2 * KEY_BYTES):
            raise ValueError(f"the key has {len(key)} bytes instead of {KEY_BYTES}")
        self.key = key
        self._people, opt_outs = key[:KEY_BYTES], key[KEY_BYTES:]
        self._opt_outs = opt_outs or _derived(self._people)
        # Kept in the file to recognise its key by; tells nothing about the key.
        self.fingerprint = blake2b(
            opt_outs, key=self._people, person=b"fingerprint", digest_size=16
        ).hexdigest()

    def reference(self, telegram_id: int) -> int:
        return _pseudonym(telegram_id, self._people, b"reference")

    def opt_out(self, telegram_id: int) -> int:
        return _pseudonym(telegram_id, self._opt_outs, b"opt-out")

    def admin(self, telegram_id: int) -> int:
        return -1 - _pseudonym(telegram_id, self._opt_outs, b"admin") % 2**63

    def erasure(self, reference: int) -> int:
        return _erasure(reference, self._people)

    def successor(self) -> "Pseudonyms":
        """A new key for people, and the old one for opt-outs and admins."""
        return Pseudonyms(new_key() + self._opt_outs)


def _derived(key: bytes) -> bytes:
    return blake2b(key=key, person=b"opt-outs", digest_size=KEY_BYTES).digest()


def _pseudonym(number: int, key: bytes, purpose: bytes) -> int:
    digest = blake2b(number.to_bytes(8, "big"), key=key, person=purpose, digest_size=8)
    return int.from_bytes(digest.digest(), "big", signed=True)


def _erasure(reference: int, key: bytes) -> int:
    return _pseudonym(reference % 2**64, key, b"erasure")


class PlainIds:
    """The Telegram ID itself, for PSEUDONYMISE_USER_IDS=false."""

    fingerprint = "plain Telegram IDs"

    def reference(self, telegram_id: int) -> int:
        return telegram_id

    opt_out = admin = reference

    def erasure(self, reference: int) -> int:
        # Without a key it can be tried out, as everything here can; at least it is not the ID.
        return _erasure(reference, b"")


def parse_key(text: str) -> bytes:
    """64 or 128 hexadecimal digits. Raises ValueError, without the text, for anything else."""
    try:
        key = bytes.fromhex(text.strip())
    except ValueError:
        key = b""
    if len(key) not in (KEY_BYTES, 2 * KEY_BYTES):
        raise ValueError(f"a key is {2 * KEY_BYTES} hexadecimal digits")
    return key


def read_key(path: Path) -> bytes | None:
    """The key in a key file, None without a file. Raises ValueError for a file without a key."""
    if path.exists() and not path.is_file():
        raise ValueError("it is not a file")  # a pipe would be waited for
    try:
        return parse_key(path.read_text("ascii"))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ValueError(error.strerror) from None


def new_key() -> bytes:
    return secrets.token_bytes(KEY_BYTES)


def write_key(path: Path, key: bytes) -> None:
    """Make a key file with mode 0600, on the disk when this returns; an existing one stays."""
    files.discard_draft(path)
    files.begin_draft(path, f"{key.hex()}\n".encode())
    with suppress(FileExistsError):
        files.publish(path)


def replace_key(new: Path, path: Path) -> None:
    """Give a key file the place of another one, whose bytes are overwritten."""
    with path.open("r+b") as old:
        new.replace(path)
        files.sync_folder(path.parent)
        old.write(bytes(os.fstat(old.fileno()).st_size))
        old.flush()
        os.fsync(old.fileno())
