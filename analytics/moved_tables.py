"""The tables that every store has, as they pass from one store to another."""

import json
from collections.abc import AsyncIterator, Sequence
from typing import Any, NamedTuple, Protocol

from analytics.store_types import Setting


class Table(NamedTuple):
    """A table with its columns.

    An interaction type passes by its name, a JSON value as text with sorted keys.
    """

    name: str
    columns: Sequence[str]
    order: int = 1
    """The number of columns, the first ones, that its rows are ordered by."""


Row = Sequence[Any]

TABLES = (
    Table("settings", ("name", "value")),
    Table("users", ("id", "reference", "last_seen", "rows", "first_seen", "first_week", "weeks")),
    Table("interactions", ("timestamp", "user_id", "interaction_type", "count"), 2),
    Table("hourly_counts", ("hour", "interaction_type", "count"), 2),
    Table("daily_events", ("day", "kind", "event", "count", "people"), 3),
    Table("daily_users", ("day", "users")),
    Table("cohorts", ("first_week", "week", "users"), 2),
    Table("last_seen_hours", ("hour", "users")),
    Table("first_seen_hours", ("hour", "users")),
    Table("last_seen_counts", ("last_seen", "users")),
    Table("daily_trends", ("day", "interactions", "users", "breakdown")),
    Table("start_links", ("code", "name", "created", "retired")),
    Table("notes", ("id", "moment", "text")),
    Table("remembered_updates", ("update_id", "received")),
    Table("opt_outs", ("reference",)),
    Table("erasures", ("reference", "day")),
    Table("audit_trail", ("id", "timestamp", "admin_id", "action")),
    Table("turned_off", ("admin_id", "notice"), 2),
)
SETTINGS, *DATA = TABLES

# Facts about the one database alone: its version, what is to be compacted, the end of a spool.
STAYING_SETTINGS = (
    "schema_version",
    "compaction_due",
    "last_compaction",
    "deletions",
    Setting.COMMITTED.value,
)
# Rows that are in memory at a time.
CHUNK = 20_000


class Source(Protocol):
    """A database that is read at one moment, while no bot uses it."""

    @property
    def name(self) -> str:
        """The name of the database in messages to operators."""

    async def types(self) -> Sequence[str]:
        """Return the names of interaction types."""

    async def count(self, table: Table) -> int:
        """Return the number of rows of a table."""

    def rows(self, table: Table) -> AsyncIterator[Sequence[Row]]:
        """Yield the rows of a table, up to CHUNK at a time."""


class Target(Protocol):
    """A database without data, which is filled in one transaction, while no bot uses it."""

    @property
    def name(self) -> str:
        """The name of the database in messages to operators."""

    async def have_types(self, names: Sequence[str]) -> None:
        """Add the interaction types that it does not have. Call this first."""

    async def add(self, table: Table, rows: Sequence[Row]) -> None:
        """Add rows to a table."""

    async def count(self, table: Table) -> int:
        """Return the number of rows of a table."""

    async def commit(self) -> None:
        """Keep what was added; without it the database is as it was."""


def json_text(value: Any) -> str | None:
    """Return a JSON value, or the text of one, as text that is the same from every store."""
    if value is None:
        return None
    parsed = json.loads(value) if isinstance(value, str) else value
    return json.dumps(parsed, sort_keys=True, separators=(",", ":"))
