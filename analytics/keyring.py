"""Find, keep and replace the pseudonym key that a file was written with."""

import logging
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, suppress
from pathlib import Path

from analytics import disk
from analytics.errors import DatabaseInUse, PseudonymKeyMissing, RotationRefused, WrongPseudonymKey
from analytics.key_files import key_file, next_key_file, read_key, replace_key, write_key
from analytics.pseudonyms import (
    PlainIds,
    Pseudonyms,
    References,
    new_key,
)
from analytics.store import Store
from analytics.store_types import Setting

logger = logging.getLogger(__name__)


class Keyring:
    """The references of a file, and of each one that takes its place while the process runs."""

    def __init__(
        self,
        path: Path,
        pseudonym_key: bytes | None,
        pseudonymise: bool,
        *,
        may_begin: bool,
        sharing_key_file: Callable[[Path], list[Path]],
    ) -> None:
        """Take the database `path`, and its key: None if that is in the key file beside it.

        `may_begin` lets a new database get its key. With `pseudonymise` False it has plain
        Telegram IDs. `sharing_key_file` finds other databases with the same key file.
        """
        self._path = path
        self._pseudonym_key = pseudonym_key
        self.pseudonymises = pseudonymise
        self._may_begin = may_begin
        self._sharing_key_file = sharing_key_file
        self._in_use: References | None = None
        self._file_differs = False

    async def references(self, store: Store) -> References:
        """Return the references in use; the file is read only if they are not known yet.

        Raises PseudonymKeyMissing if the file was written with a key that is not there,
        WrongPseudonymKey if with another, and AnalyticsError if it cannot be read.
        """
        return self._in_use or await self.agree(store)

    async def agree(self, store: Store) -> References:
        """Return the references this file was written with, or those of a new file from now on.

        Raises PseudonymKeyMissing if the file was written with a key that is not there,
        WrongPseudonymKey if with another, and AnalyticsError if it cannot be read.
        """
        path = self._path
        written_with = await store.get_setting(Setting.REFERENCES)
        references = self._in_use
        if references is None:
            key = self._pseudonym_key
            if key is None:
                # Only the owner: the draft may be that of a command that is replacing the key.
                key = _next_key(path, written_with)
                if store.is_owner:
                    _finish_replacing(path, key)
            references = choose(path, key, self.pseudonymises, written_with, store.name)
        is_new = self._may_begin and written_with is None
        if written_with != references.fingerprint and not is_new:
            raise mismatch(store.name, written_with, references)
        kept = self._pseudonym_key is not None or key_file(path).exists()
        if self._may_begin and isinstance(references, Pseudonyms) and not kept:
            write_key(key_file(path), references.key)
        if is_new:
            await store.put_setting_once(Setting.REFERENCES, references.fingerprint)
            # Another process may have begun it at the same time.
            written_with = await store.get_setting(Setting.REFERENCES)
            if written_with != references.fingerprint:
                raise mismatch(store.name, written_with, references)
        self._in_use = references
        return references

    def keep_file(self) -> None:
        """Put back the key file from memory, if it is gone.

        A file with another key is logged once, and not overwritten.
        """
        if self._pseudonym_key is not None or not isinstance(self._in_use, Pseudonyms):
            return
        file, key = key_file(self._path), self._in_use.key
        try:
            found = read_key(file)
            if found is None:
                write_key(file, key)
                found = read_key(file)
                if found == key:
                    logger.warning("%s was missing and has been restored from memory", file)
            problem = "" if found == key else "contains another key than the one of the database"
        except ValueError as error:
            problem = f"contains no key ({error})"
        except OSError as error:
            problem = f"is missing and cannot be restored from memory ({error.strerror})"
        if problem and not self._file_differs:
            logger.error("%s %s: restore it from a backup before the next start", file, problem)
        self._file_differs = bool(problem)

    async def rotate(
        self, store: Store, deletion: Callable[[], AbstractAsyncContextManager[None]]
    ) -> bytes:
        """Replace the key, also in the key file if it is there, and return the new one.

        What was recorded before can no longer be linked to anyone, and people are counted as new.
        Opt-outs stay valid. `deletion` is entered while rows are deleted.
        Raises DatabaseInUse for any but the owner, RotationRefused if there is no key or other
        databases share its file, and what a failed write raises.
        """
        if not store.is_owner:
            raise DatabaseInUse(
                f"another process is using {self._path}",
                "stop it, then replace the key",
            )
        references = await self.agree(store)
        if not isinstance(references, Pseudonyms):
            raise RotationRefused(
                f"{self._path} was written with PSEUDONYMISE_USER_IDS=false",
                "there is no key to replace",
            )
        if self._pseudonym_key is None and (others := self._sharing_key_file(self._path)):
            raise RotationRefused(
                f"{others[0]} uses the same key file",
                "give each database a name and a key file of its own",
            )
        new = references.successor()
        if self._pseudonym_key is None:
            # A next key that was never put to use is discarded.
            next_key_file(self._path).unlink(missing_ok=True)
            write_key(next_key_file(self._path), new.key)
        async with deletion():
            await store.make_anonymous(new.fingerprint)
        if self._pseudonym_key is None:
            replace_key(next_key_file(self._path), key_file(self._path))
        self._in_use = new
        return new.key


def _next_key(path: Path, written_with: str | int | None) -> bytes | None:
    """Return the next key if the file was written with it already, after a kill in `rotate`."""
    key = None
    with suppress(ValueError):
        key = read_key(next_key_file(path))
    return key if key and Pseudonyms(key).fingerprint == written_with else None


def _finish_replacing(path: Path, next_key: bytes | None) -> None:
    if next_key:
        replace_key(next_key_file(path), key_file(path))
    disk.discard_draft(key_file(path))
    next_key_file(path).unlink(missing_ok=True)
    disk.discard_draft(next_key_file(path))


def choose(
    path: Path,
    pseudonym_key: bytes | None,
    pseudonymise: bool,
    written_with: str | int | None,
    name: str | None = None,
) -> References:
    """Return the references of the database `path` by settings and key file, or with a new key.

    `pseudonym_key` is None if it is in the key file; `written_with` is the database's fingerprint,
    None for a new one; `name` is that of a database that is not at the path. Raises
    PseudonymKeyMissing if the key file has no key, or the database was written with a key that is
    not there.
    """
    if not pseudonymise:
        return PlainIds()
    try:
        pseudonym_key = pseudonym_key or read_key(key_file(path))
    except ValueError as error:
        raise PseudonymKeyMissing(
            f"{key_file(path)} contains no key ({error})", "restore it from a backup"
        ) from None
    if pseudonym_key is None and written_with not in (None, PlainIds.fingerprint):
        raise PseudonymKeyMissing(
            f"{key_file(path)} is missing and USER_ID_KEY is not set, but {name or path} was "
            "written with a key",
            "restore the key file, or move the database away to start over"
            if name in (None, str(path))
            else "set USER_ID_KEY to the key of the other bots that use it",
        )
    return Pseudonyms(pseudonym_key or new_key())


def mismatch(
    name: Path | str, written_with: str | int | None, references: References
) -> WrongPseudonymKey:
    """Return the error to raise for a database that was written with other references."""
    if PlainIds.fingerprint in (written_with, references.fingerprint):
        mode = "false" if written_with == PlainIds.fingerprint else "true"
        return WrongPseudonymKey(
            f"{name} was written with PSEUDONYMISE_USER_IDS={mode}", "set it back, or move it away"
        )
    return WrongPseudonymKey(
        f"{name} was written with another key",
        "set USER_ID_KEY, or restore the key file, as it was when the database was made",
    )
