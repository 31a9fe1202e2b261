"""Make the schema, tell its version, and migrate it."""

from collections.abc import Sequence
from importlib import resources

from psycopg import errors

from analytics.errors import (
    DatabaseInaccessible,
    DatabaseMissing,
    NewerSchema,
    NotOurDatabase,
    OlderSchema,
    UnsupportedPostgreSQL,
)
from analytics.models import InteractionType
from analytics.postgres.connections import Connection
from analytics.store_types import Access

OLDEST_SERVER = 14
SCHEMA_VERSION = 1
# The statements that bring a schema to the version named from the one before it.
MIGRATIONS: dict[int, Sequence[str]] = {}
# "TgAn": the first number of all our locks.
OURS = 0x5467416E
MIGRATING = OURS, 3
ABOUT = """
    SELECT current_setting('server_version_num')::int, current_setting('server_version'),
        current_setting('server_encoding'), current_setting('transaction_read_only') = 'on',
        pg_is_in_recovery()
"""
# A schema that somebody made for us, as our user may make none, is empty.
EXISTS = """
    SELECT found IS NOT NULL, EXISTS (SELECT 1 FROM pg_class WHERE relnamespace = found)
    FROM to_regnamespace('bot_analytics') AS found
"""
MAKE = "CREATE SCHEMA bot_analytics"
# Any table of these names could be another program's; all of them, with a version, are ours.
IS_OURS = """
    SELECT to_regclass('bot_analytics.settings') IS NOT NULL
        AND to_regclass('bot_analytics.users') IS NOT NULL
        AND to_regclass('bot_analytics.interactions') IS NOT NULL
"""
VERSION = "SELECT value::int FROM bot_analytics.settings WHERE name = 'schema_version'"
PUT_VERSION = """
    INSERT INTO bot_analytics.settings (name, value) VALUES ('schema_version', to_jsonb(%s::int))
    ON CONFLICT (name) DO UPDATE SET value = excluded.value
"""
VOCABULARY = """
    INSERT INTO bot_analytics.interaction_types (name)
    SELECT name FROM unnest(%s::text[]) WITH ORDINALITY AS listed (name, place)
    WHERE name NOT IN (SELECT name FROM bot_analytics.interaction_types) ORDER BY place
"""


async def check_server(name: str, connection: Connection, access: Access) -> None:
    """Raise an AnalyticsError if the server cannot have our database, or may not be written."""
    [(number, version, encoding, read_only, standby)] = await (
        await connection.execute(ABOUT)
    ).fetchall()
    if number < OLDEST_SERVER * 10_000:
        raise UnsupportedPostgreSQL(
            f"{name} is on PostgreSQL {version}", f"use version {OLDEST_SERVER} or newer"
        )
    if encoding != "UTF8":
        raise NotOurDatabase(
            f"{name} has the encoding {encoding}", "create a database with the encoding UTF8"
        )
    if access is not Access.READ and (standby or read_only):
        raise DatabaseInaccessible(
            f"{name} is a standby, or set to be only read",
            "give DATABASE_URL the address of the primary, or all addresses and "
            "target_session_attrs=read-write",
        )


async def prepare(name: str, connection: Connection, access: Access) -> None:
    """Make or migrate the schema, as the owner; raise an AnalyticsError unless it is ours now.

    Of several owners that start at once, one does it and the others wait.
    """
    if access is not Access.OWN:
        await _check(name, connection)
        return
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock(%s, %s)", MIGRATING)
        version = await _version(name, connection)
        if version is None:
            [(exists, _)] = await (await connection.execute(EXISTS)).fetchall()
            if not exists:
                await connection.execute(MAKE)
            schema = resources.files(__package__).joinpath("schema.sql").read_text("utf-8")
            await connection.execute(schema.encode())
        for number in range(SCHEMA_VERSION if version is None else version, SCHEMA_VERSION):
            for statement in MIGRATIONS[number + 1]:
                await connection.execute(statement.encode())
        if version != SCHEMA_VERSION:
            await connection.execute(PUT_VERSION, (SCHEMA_VERSION,))
        await connection.execute(VOCABULARY, (list(InteractionType),))


async def _check(name: str, connection: Connection) -> None:
    version = await _version(name, connection)
    if version is None:
        raise DatabaseMissing(f"there is no database of this bot in {name}", "start the bot once")
    if version < SCHEMA_VERSION:
        raise OlderSchema(
            f"{name} was written by an older version of this program",
            "start the bot, which migrates it",
        )


async def _version(name: str, connection: Connection) -> int | None:
    """Return the version of the schema, None without one.

    Raises NewerSchema for one of a newer program, and NotOurDatabase for one of another.
    """
    [(_, has_tables)] = await (await connection.execute(EXISTS)).fetchall()
    if not has_tables:
        return None
    foreign = NotOurDatabase(
        f"{name} has a schema named bot_analytics that is not of this program",
        "give DATABASE_URL another database",
    )
    if not (await (await connection.execute(IS_OURS)).fetchall())[0][0]:
        raise foreign
    try:
        found = await (await connection.execute(VERSION)).fetchall()
    except (errors.UndefinedColumn, errors.CannotCoerce):
        raise foreign from None
    if not found:
        raise foreign
    version = int(found[0][0])
    if version > SCHEMA_VERSION:
        raise NewerSchema(
            f"{name} was written by a newer version (schema {version}, this one knows "
            f"{SCHEMA_VERSION})",
            "use that version",
        )
    return version
