"""The SQL of the store, a module for each theme, and the base of their classes."""

from analytics.postgres.database import Database


class Queries:
    """Queries of an open database."""

    def __init__(self, database: Database) -> None:
        self._database = database
