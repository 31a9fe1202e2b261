"""What of deleted people can still be read in the files, searched as SQLite writes it."""

import random
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from analytics import AnalyticsService, Interaction, InteractionType
from tests.support.clock import NOW
from tests.support.second_connection import select
from tests.support.service import SOMEBODY

# Before and after these, people of a history come and go.
LONGEST_AGO = timedelta(days=100)
# What Telegram brings at once, at most.
BATCH = 100


def history(chance: random.Random, interactions: int, people: int) -> list[Interaction]:
    """In no order of time, which splits pages; most people are here for a part of it only."""
    last_here = [LONGEST_AGO * chance.random() for _ in range(people)]
    said = []
    for _ in range(interactions):
        person = chance.randrange(people)
        ago = last_here[person] + (LONGEST_AGO - last_here[person]) * chance.random()
        interaction_type = chance.choice(list(InteractionType))
        said.append(Interaction(SOMEBODY + person, interaction_type, NOW - ago))
    return said


async def record_all(analytics: AnalyticsService, said: list[Interaction]) -> None:
    for first in range(0, len(said), BATCH):
        await analytics.record(said[first : first + BATCH])


@dataclass(frozen=True, slots=True)
class Traces:
    """Of deleted people and interactions, as bytes."""

    references: set[bytes]
    rows: set[bytes]

    def found_in(self, folder: Path) -> "Traces":
        """Those in any file of the folder, but for the key, and for the reserve: mere chance."""
        found = Traces(set(), set())
        for path in folder.rglob("*"):
            if path.is_file() and path.suffix not in (".key", ".reserve"):
                content = path.read_bytes()
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


def integer(number: int) -> bytes:
    """A record's integer: big-endian, in as few bytes as SQLite takes; 0 and 1 take none."""
    if number in (0, 1):
        return b""
    size = next(s for s in (1, 2, 3, 4, 6, 8) if -(1 << 8 * s - 1) <= number < 1 << 8 * s - 1)
    return number.to_bytes(size, "big", signed=True)


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
