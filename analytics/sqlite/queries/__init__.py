"""The SQL of the store, a module for each theme, and the base of their classes."""

from analytics.sqlite.database import Database

Statement = tuple[str, tuple[object, ...]]


class Queries:
    """Queries of an open database file."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def _write(self, *statements: Statement) -> None:
        """Run statements in one transaction. One alone needs none of its own, which is quicker."""
        if len(statements) == 1:
            await self._database.write(*statements[0])
        else:
            await self._database.write_all(*statements)
