"""Transactions that write, as the thread of a connection runs them."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import aiosqlite

from analytics.sqlite.connections import ERRORS


class Transaction:
    """The statements of a transaction; use `Database.transact`."""

    def __init__(self, connection: aiosqlite.Connection) -> None:
        self._connection = connection._conn
        self.newest: tuple[str, Sequence[Any]] = ("BEGIN IMMEDIATE", ())
        """The statement that was run last, with its parameters."""

    def run(self, sql: str, parameters: Sequence[Any] = ()) -> list[Any]:
        """Run a statement and return its rows."""
        self.newest = sql, parameters
        return self._connection.execute(sql, parameters).fetchall()

    def run_many(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        """Run a statement that returns nothing with each of the rows of parameters."""
        if rows:
            self.newest = sql, rows[0]
            self._connection.executemany(sql, rows)

    def commit(self, work: Callable[["Transaction"], object]) -> None:
        """Begin, do the work and commit; whatever it raises, roll back."""
        try:
            self.run("BEGIN IMMEDIATE")
            work(self)
            self.run("COMMIT")
        except BaseException:
            # There is nothing to roll back if it has not begun, or SQLite has done it.
            with suppress(*ERRORS):
                self._connection.execute("ROLLBACK")
            raise
