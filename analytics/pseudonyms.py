"""Turn Telegram IDs into references, with a key that makes them more than hashes.

There are about 10^10 Telegram IDs: without a key all of them can be tried in an hour.
"""

import secrets
from hashlib import blake2b
from typing import Protocol

KEY_BYTES = 32


class References(Protocol):
    """The names of people in the file, made from their Telegram IDs."""

    fingerprint: str

    def reference(self, telegram_id: int) -> int:
        """Return what `users` keeps of a person: a signed 64-bit number."""

    def opt_out(self, telegram_id: int) -> int:
        """Return what `opt_outs` keeps of a person: another signed 64-bit number."""

    def admin(self, telegram_id: int) -> int:
        """Return what `audit_trail` and `turned_off` keep of an admin: another signed number.

        A pseudonym is negative, and so never taken for a Telegram ID.
        """

    def erasure(self, reference: int) -> int:
        """Return what `erasures` keeps of a person, made from their reference.

        A backup holds references and no Telegram IDs. To find out whether one of its people was
        erased, this is made of each: nothing has to lead back from it.
        """


class Pseudonyms:
    """Keyed references: the same for a person under the same key, and meaningless without it.

    `pseudonym_key` has 32 bytes. If it replaces another one it has 32 more, for the references of
    opt-outs and admins: they could not be made anew, since no Telegram ID is known.
    """

    def __init__(self, pseudonym_key: bytes) -> None:
        """Take the key. Raises ValueError if it has not 32 or 64 bytes."""
        if len(pseudonym_key) not in (KEY_BYTES, 2 * KEY_BYTES):
            raise ValueError(f"the key has {len(pseudonym_key)} bytes instead of {KEY_BYTES}")
        self.key = pseudonym_key
        self._people, opt_outs = pseudonym_key[:KEY_BYTES], pseudonym_key[KEY_BYTES:]
        self._opt_outs = opt_outs or _derived(self._people)
        # Kept in the file to recognise its key; it tells nothing about the key.
        self.fingerprint = blake2b(
            opt_outs, key=self._people, person=b"fingerprint", digest_size=16
        ).hexdigest()

    def reference(self, telegram_id: int) -> int:
        """Return what `users` keeps of a person: 64 bits, signed."""
        return _pseudonym(telegram_id, self._people, b"reference")

    def opt_out(self, telegram_id: int) -> int:
        """Return what the list of opt-outs keeps of a person: 64 bits, signed."""
        return _pseudonym(telegram_id, self._opt_outs, b"opt-out")

    def admin(self, telegram_id: int) -> int:
        """Return what the audit log keeps of an admin: a negative number of 64 bits."""
        return -1 - _pseudonym(telegram_id, self._opt_outs, b"admin") % 2**63

    def erasure(self, reference: int) -> int:
        """Return what the list of erasures keeps of a person, made from their reference."""
        return _erasure(reference, self._people)

    def successor(self) -> "Pseudonyms":
        """Return references with a new key for people, and the old one for opt-outs and admins."""
        return Pseudonyms(new_key() + self._opt_outs)


def _derived(key: bytes) -> bytes:
    return blake2b(key=key, person=b"opt-outs", digest_size=KEY_BYTES).digest()


def _pseudonym(number: int, key: bytes, purpose: bytes) -> int:
    digest = blake2b(number.to_bytes(8, "big"), key=key, person=purpose, digest_size=8)
    return int.from_bytes(digest.digest(), "big", signed=True)


def _erasure(reference: int, key: bytes) -> int:
    return _pseudonym(reference % 2**64, key, b"erasure")


class PlainIds:
    """References that are the Telegram IDs themselves, for PSEUDONYMISE_USER_IDS=false."""

    fingerprint = "plain Telegram IDs"

    def reference(self, telegram_id: int) -> int:
        """Return the Telegram ID."""
        return telegram_id

    opt_out = admin = reference

    def erasure(self, reference: int) -> int:
        """Return what the list of erasures keeps of a person: not the ID itself."""
        # Without a key it can be tried out, as everything here can; at least it is not the ID.
        return _erasure(reference, b"")


def parse_key(text: str) -> bytes:
    """Return the key of 64 or 128 hexadecimal digits.

    Raises ValueError for anything else, with a message that does not contain the text.
    """
    try:
        key = bytes.fromhex(text.strip())
    except ValueError:
        key = b""
    if len(key) not in (KEY_BYTES, 2 * KEY_BYTES):
        raise ValueError(f"a key is {2 * KEY_BYTES} hexadecimal digits")
    return key


def new_key() -> bytes:
    return secrets.token_bytes(KEY_BYTES)
