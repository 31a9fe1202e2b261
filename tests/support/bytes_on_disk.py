"""What is to be gone, in every form in which a file could hold it, and the search for it."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from analytics import AnalyticsService, Pseudonyms
from tests.support import raw_updates
from tests.support.second_connection import select
from tests.support.service import KEY

REFERENCES = Pseudonyms(KEY)
SIZES = (1, 2, 3, 4, 6, 8)


def integer(number: int) -> bytes:
    """A record's integer: big-endian, in as few bytes as SQLite takes; 0 and 1 take none."""
    if number in (0, 1):
        return b""
    size = next(s for s in SIZES if -(1 << 8 * s - 1) <= number < 1 << 8 * s - 1)
    return number.to_bytes(size, "big", signed=True)


def row_number(number: int) -> bytes:
    """Of any signed 64-bit number: seven bits a byte, and eight in a ninth."""
    unsigned = number % 2**64
    if unsigned < 2**56:
        return raw_updates.varint(unsigned)
    head = [unsigned >> 8 + 7 * place & 0x7F | 0x80 for place in reversed(range(8))]
    return bytes([*head, unsigned & 0xFF])


def forms(number: int) -> set[bytes]:
    """Those of a reference or a Telegram ID."""
    eight = number.to_bytes(8, "big", signed=True)
    texts = {str(number), eight.hex(), f"{number % 2**64:x}"}
    found = {eight, eight[::-1], integer(number), row_number(number)}
    return found.union(*map(raw_updates.words_traces, texts))


def key_forms(key: bytes) -> set[bytes]:
    text = key.hex()
    return {key, *raw_updates.words_traces(text), *raw_updates.words_traces(text.upper())}


def rows(folder: Path, person: int) -> set[bytes]:
    """Those of a person, as records; exact to the second, they are unmistakable."""
    records = select(
        folder,
        "SELECT timestamp, user_id, interaction_type FROM interactions "
        "WHERE user_id = (SELECT id FROM users WHERE reference = ?)",
        (REFERENCES.reference(person),),
    )
    return {b"".join(map(integer, record)) for record in records}


def traces(folder: Path, people: Iterable[int]) -> set[bytes]:
    """All that could tell that these people were here."""
    found: set[bytes] = set()
    for person in people:
        found |= forms(person) | forms(REFERENCES.reference(person))
        found |= rows(folder, person)
    return found


def contents(folder: Path) -> dict[Path, bytes]:
    """The bytes of every file; a running bot may remove one meanwhile, as it does its spool."""
    found = {}
    for path in folder.rglob("*"):
        if path.is_file():
            with suppress(FileNotFoundError):
                found[path] = path.read_bytes()
    return found


def found_in(folder: Path, wanted: set[bytes], *, but: str = "") -> dict[str, int]:
    """File to how many of the wanted are in it, in every file except one, and the reserve.

    The reserve is two million random bytes.
    """
    found = {}
    for path, content in contents(folder).items():
        count = sum(trace in content for trace in wanted)
        if count and path.name != but and path.suffix != ".reserve":
            found[path.name] = count
    return found


@dataclass(frozen=True, slots=True)
class Traces:
    """Of deleted people and interactions, as bytes."""

    references: set[bytes]
    rows: set[bytes]

    def found_in(self, folder: Path) -> "Traces":
        """Those in any file of the folder, but for the key, and for the reserve: mere chance."""
        found = Traces(set(), set())
        for path, content in contents(folder).items():
            if path.suffix not in (".key", ".reserve"):
                found.references.update(_found(self.references, content))
                found.rows.update(_found(self.rows, content))
        return found

    def __bool__(self) -> bool:
        return bool(self.references or self.rows)


def kept(folder: Path) -> Traces:
    """Of everybody in the file. With timestamps exact to the second, rows are unmistakable."""
    references = select(folder, "SELECT reference FROM users")
    rows = select(folder, "SELECT timestamp, user_id, interaction_type FROM interactions")
    return Traces(
        {integer(reference) for (reference,) in references},
        {b"".join(map(integer, row)) for row in rows},
    )


async def deleted_by_cleanup(analytics: AnalyticsService, folder: Path, days: int) -> Traces:
    """Clean up; what that has deleted."""
    before = kept(folder)
    await analytics.cleanup_old_interactions(days)
    after = kept(folder)
    return Traces(before.references - after.references, before.rows - after.rows)


def _found(patterns: Iterable[bytes], content: bytes) -> set[bytes]:
    """Those of the patterns that occur: one pass for each length instead of one for each."""
    found: set[bytes] = set()
    by_size: dict[int, set[bytes]] = {}
    for pattern in patterns:
        by_size.setdefault(len(pattern), set()).add(pattern)
    for size, wanted in by_size.items():
        windows = {content[at : at + size] for at in range(len(content) - size + 1)}
        found |= wanted & windows
    return found
