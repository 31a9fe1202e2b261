"""A database of each schema version that was released, as the program of its time made it.

`python -m tests.support.old_files` adds that of the present version, before its release.
"""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from analytics import AnalyticsService, Interaction, InteractionType
from analytics.sqlite.maintenance.backups import backup
from analytics.sqlite.migrations import SCHEMA_VERSION
from tests.support import ROOT

FILES = ROOT / "tests" / "deployment" / "files"
# Nobody's: the key, and the people.
KEY = bytes(range(32))
PEOPLE = [6_000_000_001, 6_000_000_002, 6_000_000_003]
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
INTERACTIONS = [
    Interaction(person, interaction_type, NOW - timedelta(days=days))
    for days, person in enumerate(PEOPLE)
    for interaction_type in (InteractionType.MESSAGE, InteractionType.COMMAND)
]


async def make(to: Path) -> None:
    """Three people, of whom each did two things; an update id; a cleanup."""
    with TemporaryDirectory() as folder:
        path = Path(folder, "analytics.sqlite3")
        async with AnalyticsService.open(path, pseudonym_key=KEY, clock=lambda: NOW) as analytics:
            await analytics.record(INTERACTIONS, [*range(1, len(INTERACTIONS) + 1)])
            await analytics.cleanup_old_interactions()
        await backup(path, to, None)


if __name__ == "__main__":
    asyncio.run(make(FILES / f"schema-{SCHEMA_VERSION}.sqlite3"))
