"""Create a database file, tell the version of its schema, and migrate it."""

import logging
import re
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from importlib import resources
from pathlib import Path
from typing import Any

import aiosqlite

from analytics import disk
from analytics.errors import DatabaseDamaged, NewerSchema, OlderSchema
from analytics.sqlite import files
from analytics.sqlite.connections import ERRORS, PRAGMAS, connect, set_pragmas

logger = logging.getLogger(__name__)

# "TgAn": tells the file apart from every other SQLite file.
APPLICATION_ID = 0x5467416E
SCHEMA_VERSION = 5
# The statements that bring a file to the version named from the one before it. Missing tables are
# made before, and triggers and views made anew after, as the schema has them; `CREATE TABLE name`
# or `CREATE VIEW name` makes one as the schema has it.
MIGRATIONS: dict[int, Sequence[str]] = {
    2: (
        "ALTER TABLE users ADD COLUMN rows INTEGER NOT NULL DEFAULT 0",
        "UPDATE users SET rows = counted.rows "
        "FROM (SELECT user_id, count(*) AS rows FROM interactions GROUP BY user_id) AS counted "
        "WHERE id = counted.user_id",
        "INSERT INTO last_seen_hours (hour, users) "
        "SELECT last_seen / 3600 * 3600, count(*) FROM users GROUP BY 1",
        "DELETE FROM last_seen_counts WHERE last_seen % 3600 = 0",
    ),
    3: (
        "INSERT INTO hourly_counts (hour, interaction_type, count) "
        "SELECT timestamp / 3600 * 3600, interaction_type, sum(count) "
        "FROM interactions GROUP BY 1, 2",
        "DROP TABLE daily_counts",
        "ALTER TABLE users ADD COLUMN first_seen INTEGER",
        "UPDATE users SET first_seen = oldest.timestamp FROM ("
        "SELECT user_id, min(timestamp) AS timestamp FROM interactions GROUP BY user_id) AS oldest "
        "WHERE id = oldest.user_id",
        "INSERT INTO first_seen_hours (hour, users) "
        "SELECT first_seen / 3600 * 3600, count(*) FROM users GROUP BY 1",
        # A report of a complete interval is made anew: the old one has no periods.
        "DELETE FROM file_settings WHERE name = 'report_snapshot'",
    ),
    4: (
        # The commands of admins were counted among those of all people.
        "DELETE FROM daily_events WHERE event IN ('/stats', '/alerts', '/audit', '/cleanup')",
        "ALTER TABLE daily_events RENAME TO old_events",
        "CREATE TABLE daily_events (day INTEGER, event TEXT, count INTEGER, people INTEGER)",
        "INSERT INTO daily_events (day, event, count, people) "
        "SELECT day, event, count, 0 FROM old_events",
        "DROP TABLE old_events",
        # The commands about one's own data showed who had opted out.
        "DELETE FROM daily_events "
        "WHERE event IN ('/privacy', '/mydata', '/forgetme', '/optout', '/optin')",
        "UPDATE remembered_updates SET received = received / 86400 * 86400",
        # The periods of a kept report had other beginnings.
        "DELETE FROM file_settings WHERE name = 'report_snapshot'",
        # Random ids, which tell no order of arrival: one out of each of as many equal ranges as
        # there are people, who are given theirs in random order.
        "ALTER TABLE users RENAME TO old_users",
        "CREATE TABLE users",
        "INSERT INTO users (id, reference, last_seen, rows, first_seen) "
        "SELECT (row_number() OVER (ORDER BY random()) - 1) * width + 1 + abs(random() % width), "
        "reference, last_seen, rows, first_seen "
        "FROM old_users, (SELECT 2147483647 / count(*) AS width FROM old_users)",
        "ALTER TABLE interactions RENAME TO old_interactions",
        "CREATE TABLE interactions",
        "INSERT INTO interactions (timestamp, user_id, interaction_type, count) "
        "SELECT timestamp, coalesce(users.id, 0), interaction_type, count FROM old_interactions "
        "LEFT JOIN old_users ON old_users.id = user_id "
        "LEFT JOIN users ON users.reference = old_users.reference",
        "DROP TABLE old_interactions",
        "DROP TABLE old_users",
        # Their seconds showed which interaction was an admin's. Plain IDs go once the key is known.
        "UPDATE audit_trail SET timestamp = timestamp / 3600 * 3600",
        # What was there leaves the disk with the next compaction, which is overdue.
        "INSERT INTO file_settings (name, value) VALUES ('compaction_due', 0) "
        "ON CONFLICT DO NOTHING",
    ),
    5: (
        "ALTER TABLE daily_events RENAME TO old_events",
        "CREATE TABLE daily_events",
        "INSERT INTO daily_events (day, kind, event, count, people) "
        "SELECT day, iif(event LIKE '/%', 'command', 'membership'), ltrim(event, '/'), count, "
        "people FROM old_events",
        "DROP TABLE old_events",
        "INSERT INTO daily_users (day, users) SELECT timestamp / 86400, count(DISTINCT user_id) "
        "FROM interactions WHERE user_id <> 0 GROUP BY 1",
        "ALTER TABLE users RENAME TO old_users",
        "CREATE TABLE users",
        # 1970 began on a Thursday.
        "INSERT INTO users (id, reference, last_seen, rows, first_seen, first_week) "
        "SELECT id, reference, last_seen, rows, first_seen, (first_seen / 86400 + 3) / 7 "
        "FROM old_users",
        "DROP TABLE old_users",
        "UPDATE users SET weeks = active.weeks FROM ("
        "SELECT user_id, sum(DISTINCT 1 << ((timestamp / 86400 + 3) / 7 - first_week)) AS weeks "
        "FROM interactions JOIN users ON users.id = user_id "
        "WHERE (timestamp / 86400 + 3) / 7 <= first_week + 61 GROUP BY user_id) AS active "
        "WHERE id = active.user_id",
        "CREATE VIEW user_weeks",
        "INSERT INTO cohorts (first_week, week, users) "
        "SELECT first_week, week, count(*) FROM user_weeks GROUP BY 1, 2",
        "DROP VIEW user_weeks",
    ),
}

# A trigger goes with its view.
MADE = "SELECT type, name FROM sqlite_schema WHERE name NOT LIKE 'sqlite%' ORDER BY type"


async def make(path: Path, database_key: bytes | None) -> None:
    """Make a new, empty database, whole before it has its name.

    `database_key`, 32 bytes, encrypts it.

    Raises FileExistsError if there is something at `path`, AnalyticsError if it cannot be written.
    """
    files.discard_draft(path)
    draft = disk.begin_draft(path)
    async with connect(draft, database_key, read_only=False) as connection:
        await set_pragmas(connection, PRAGMAS)
        application_id = f"PRAGMA application_id={APPLICATION_ID}"
        await in_one_transaction(connection, [*schema(), application_id])
    files.publish(path)


async def version(path: Path, connection: aiosqlite.Connection, *, may_be_old: bool) -> int:
    """Return the file's schema version.

    Raises NewerSchema for a file of a newer program, DatabaseDamaged for one without a version, and
    OlderSchema for an older one unless it `may_be_old`.
    """
    [(version,)] = await connection.execute_fetchall("PRAGMA user_version")
    if version > SCHEMA_VERSION:
        raise NewerSchema(
            f"{path} was written by a newer version (schema {version}, this one knows "
            f"{SCHEMA_VERSION})",
            "install that version again, or restore an older backup",
        )
    if version < 1:
        raise DatabaseDamaged(f"{path} has lost its version", "restore a backup, or move it away")
    if version < SCHEMA_VERSION and not may_be_old:
        raise older(path)
    return int(version)


def older(path: Path) -> OlderSchema:
    return OlderSchema(f"{path} is not of this version yet", "start this version's bot once")


async def migrate(connection: aiosqlite.Connection, version: int) -> None:
    """Bring a file of schema `version` up to date, in one transaction; if it is, do nothing.

    Raises what the driver raises.
    """
    if version < SCHEMA_VERSION:
        await in_one_transaction(connection, await _to_current(connection, version))
        if version:
            logger.info("migrated the database from schema %d to %d", version, SCHEMA_VERSION)


async def _to_current(connection: aiosqlite.Connection, version: int) -> list[str]:
    """Return the statements that migrate a file.

    Triggers and views are dropped first, since they name the old tables.
    """
    made = [tuple(row) for row in await connection.execute_fetchall(MADE)]
    tables = {name for kind, name in made if kind == "table"}
    steps = range(version + 1, SCHEMA_VERSION + 1)
    new = [(*created_by(statement), statement) for statement in schema()]
    whole = {f"CREATE {kind} {name}": each for kind, name, each in new}
    return [
        *(f"DROP {kind} {name}" for kind, name in made if kind in ("trigger", "view")),
        *(each for kind, name, each in new if kind == "TABLE" and name not in tables),
        *(whole.get(each, each) for step in steps for each in MIGRATIONS[step]),
        *(each for kind, _, each in new if kind != "TABLE"),
    ]


def created_by(statement: str) -> tuple[str, str]:
    """Return the kind and name of what a statement of the schema creates."""
    [created] = re.findall(r"^CREATE (\w+) (\w+)", statement, re.MULTILINE)
    return created[0], created[1]


async def in_one_transaction(connection: aiosqlite.Connection, statements: Iterable[str]) -> None:
    """Run statements one by one, and set the schema version, in one transaction.

    `executescript` would commit first, and a kill would leave half of it.
    Raises what the driver raises.
    """
    await connection.execute_fetchall("BEGIN IMMEDIATE")
    for statement in statements:
        await connection.execute_fetchall(statement)
    await connection.execute_fetchall(f"PRAGMA user_version={SCHEMA_VERSION}")
    await connection.execute_fetchall("COMMIT")


async def has_lost(
    connection: aiosqlite.Connection, sql: str, parameters: Sequence[Any] | Mapping[str, Any]
) -> bool:
    """Return whether the schema is damaged: a statement fits a new file, but not this one.

    quick_check looks at the structure of the file, and not at the text of a trigger.
    """
    try:
        await connection.execute_fetchall(f"EXPLAIN {sql}", parameters)
    except ERRORS:
        with closing(sqlite3.connect(":memory:")) as new, suppress(sqlite3.Error):
            for statement in schema():
                new.execute(statement)
            new.execute(f"EXPLAIN {sql}", parameters)
            return True
    return False


async def has_table(connection: aiosqlite.Connection, name: str) -> bool:
    """Return whether the file has a table: an old one may lack what the schema has.

    Raises what the driver raises.
    """
    found = "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?)"
    [(answer,)] = await connection.execute_fetchall(found, (name,))
    return bool(answer)


def schema() -> Iterator[str]:
    """Yield the statements of schema.sql, one by one."""
    statement = ""
    text = resources.files("analytics.sqlite").joinpath("schema.sql").read_text("utf-8")
    for line in text.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
