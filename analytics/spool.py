"""The protocol of a spool: a file beside a database for what cannot be committed to it yet."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Kept:
    """An entry of a spool: `content` has rows, or what an act of this name is made of."""

    position: int
    name: str
    content: list[Any]


@dataclass(frozen=True, slots=True)
class Contents:
    """The content of a spool: a process's token, the fingerprint of its key, entries in order."""

    token: str
    written_with: str
    entries: list[Kept]


class Spool(Protocol):
    """A file for what waits, made by the first `append`."""

    path: Path

    @property
    def exists(self) -> bool:
        """True if anything may wait."""

    async def load(self) -> Contents | None:
        """Return the content, None if there is none; a damaged spool is set aside.

        Raises AnalyticsError if it cannot be read for another reason.
        """

    async def append(self, token: str, written_with: str, entries: Sequence[Kept]) -> None:
        """Append entries, which are on the disk when this returns.

        Raises AnalyticsError if they cannot be written.
        """

    async def remove(self) -> None:
        """Overwrite and remove the spool. Raises OSError if that fails."""

    async def close(self) -> None:
        """Leave the file for the next process."""
