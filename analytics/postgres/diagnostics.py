"""Check a PostgreSQL server and our database on it without changing anything."""

from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg

from analytics.clock import from_unix
from analytics.errors import AnalyticsError
from analytics.findings import (
    Facts,
    Finding,
    cleanup,
    compaction,
    fault,
    moment_text,
    pseudonym_key_fits,
)
from analytics.postgres import migrations, partitions
from analytics.postgres.compaction import LAST_COMPACTION
from analytics.postgres.connections import Connection, Server
from analytics.postgres.wal import MAY_REMOVE
from analytics.store_types import Access

MAX_CLOCK_ERROR = timedelta(minutes=1)
MIB = 2**20
# Of the locks that all connections share, more are not ours to fill.
MAX_LOCK_SHARE = 0.5
# A report locks the partitions that it reads, each with its two indexes.
LOCKS_OF_DAY = 3
STUCK = (
    "end what reads the database for hours, and run `python main.py cleanup` with a user who owns "
    "the tables"
)
# What a user may ask without any rights of an administrator.
SERVER = """
    SELECT
        current_setting('server_version') AS version,
        clock_timestamp() AS clock,
        pg_backend_pid() AS pid,
        current_setting('fsync') AS fsync,
        current_setting('full_page_writes') AS full_page_writes,
        current_setting('synchronous_commit') AS synchronous_commit,
        current_setting('synchronous_standby_names') AS synchronous,
        (SELECT count(*) FROM pg_stat_replication) AS standbys,
        current_setting('wal_recycle') AS wal_recycle,
        current_setting('max_locks_per_transaction')::int
            * (current_setting('max_connections')::int
                + current_setting('max_prepared_transactions')::int) AS locks,
        coalesce((SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()), false) AS tls,
        host(inet_server_addr()) AS address
"""
OURS = """
    SELECT
        (SELECT count(*) FROM pg_class
            WHERE relnamespace = 'bot_analytics'::regnamespace AND relkind IN ('r', 'p')
            AND NOT pg_has_role(relowner, 'USAGE')) AS not_owned,
        has_schema_privilege('bot_analytics', 'CREATE') AS may_create,
        (SELECT coalesce(attstattarget, -1) FROM pg_attribute
            WHERE attrelid = 'bot_analytics.users'::regclass AND attname = 'reference')
            AS statistics,
        (SELECT coalesce(sum(pg_total_relation_size(oid)), 0)::bigint FROM pg_class
            WHERE relnamespace = 'bot_analytics'::regnamespace AND relkind = 'r') AS size
"""
SETTINGS = """
    SELECT name, value FROM bot_analytics.settings WHERE name IN (
        'references', 'last_cleanup', 'compaction_due', 'recording_began', 'last_compaction')
"""
LOOPBACK = ("127.", "::1")


async def check_up(
    url: str,
    path: Path,
    *,
    pseudonym_key: bytes | None,
    pseudonymise: bool,
    retention_days: int,
    now: datetime,
) -> list[Finding]:
    """Run all checks on the database at a URL, and return their findings.

    What cannot be read is a finding, too, and ends the checks. `pseudonym_key` is None if it is in
    the key file beside `path`.
    """
    found: list[Finding] = []
    try:
        server = Server(url)
        connection = await server.connect()
    except AnalyticsError as error:
        return [fault("server", error)]
    try:
        with server.translated():
            found += [each async for each in _server(server, connection, now)]
            await migrations.check_server(server.name, connection, Access.OWN)
            if not await _exists(connection):
                nothing = f"{server.name} has no database yet: the bot creates it"
                return [*found, Finding("database", nothing)]
            await migrations.prepare(server.name, connection, Access.READ)
            ours = await _row(connection, OURS)
            settings = dict(await _rows(connection, SETTINGS))
            days = sorted(day for (day,) in await _rows(connection, partitions.ALL))
            [(locks,)] = await _rows(connection, f"SELECT locks FROM ({SERVER}) AS server")
    except AnalyticsError as error:
        return [*found, fault("database", error)]
    finally:
        with suppress(psycopg.Error):
            await connection.close()
    facts = Facts(
        settings.get("references"),
        settings.get("last_cleanup"),
        settings.get("compaction_due"),
        settings.get("recording_began"),
        None,
    )
    return [
        *found,
        Finding("database", f"{server.name}, {ours.size / MIB:,.1f} MiB"),
        Finding("schema", f"version {migrations.SCHEMA_VERSION}"),
        rights(ours),
        statistics(ours),
        partitions_of(days, locks, retention_days, now),
        pseudonym_key_fits(path, facts, pseudonym_key, pseudonymise, server.name),
        cleanup(facts, now),
        compacted(compaction(facts, now, STUCK), settings.get(LAST_COMPACTION)),
    ]


async def _server(server: Server, connection: Connection, now: datetime) -> AsyncIterator[Finding]:
    asked = datetime.now(UTC)
    about = await _row(connection, SERVER)
    taken = datetime.now(UTC) - asked
    yield Finding("server", f"PostgreSQL {about.version}")
    yield clock(about.clock, now, taken)
    yield tls(about, str(server.options.get("sslmode") or "prefer"))
    if about.pid != connection.info.backend_pid:
        yield Finding("pooler", "a connection pooler stands before the server, in any mode")
    yield durable(about)
    yield synchronous(about)
    [(may_remove,)] = await _rows(connection, MAY_REMOVE)
    yield log(about, may_remove)


def clock(servers: datetime, ours: datetime, taken: timedelta) -> Finding:
    """Compare the clocks; `taken` is how long the answer took, at the most."""
    error = servers - ours
    if abs(error) <= MAX_CLOCK_ERROR + taken:
        return Finding("server clock", "agrees with this machine's")
    direction = "ahead of" if error > timedelta(0) else "behind"
    seconds = abs(error).total_seconds()
    return Finding(
        "server clock",
        f"{seconds:,.0f} s {direction} this machine's",
        "sync the clocks of all machines, e.g. with NTP",
    )


def tls(about: Any, mode: str) -> Finding:
    if about.address is None:
        return Finding("tls", "not needed: the server is reached by a socket of this machine")
    if not about.tls and about.address.startswith(LOOPBACK):
        return Finding("tls", "not needed: the server is on this machine")
    if not about.tls:
        return Finding(
            "tls",
            "what is sent to the server is not encrypted",
            "add sslmode=verify-full and sslrootcert to DATABASE_URL",
        )
    if mode != "verify-full":
        return Finding(
            "tls",
            f"encrypted, but another machine could pretend to be the server (sslmode={mode})",
            "add sslmode=verify-full and sslrootcert to DATABASE_URL",
            advice=True,
        )
    return Finding("tls", "encrypted, and the server has to prove its name")


def durable(about: Any) -> Finding:
    for setting in ("fsync", "full_page_writes", "synchronous_commit"):
        if getattr(about, setting) == "off":
            return Finding(
                "durability",
                f"{setting} is off: a crash of the server loses what was acknowledged",
                f"set {setting} = on in postgresql.conf, and reload",
            )
    return Finding("durability", "a commit is on the disk before it is acknowledged")


def synchronous(about: Any) -> Finding:
    if about.synchronous and about.synchronous_commit == "local":
        return Finding(
            "standby",
            "synchronous_commit is local: commits do not wait for the synchronous standby",
            "set synchronous_commit = on",
        )
    if about.synchronous:
        return Finding("standby", "a commit waits for a synchronous standby")
    if about.standbys:
        return Finding(
            "standby",
            "no standby is synchronous: a fail-over loses what was acknowledged last",
            "set synchronous_standby_names, or synchronous_mode of Patroni",
        )
    return Finding("standby", "none: while this server is down, interactions wait in the bot")


def log(about: Any, may_remove: bool) -> Finding:
    """Check that the write-ahead log does not keep what was erased."""
    if about.wal_recycle == "on":
        return Finding(
            "log",
            "wal_recycle is on: erased data stays in the server's log until that is overwritten",
            "set wal_recycle = off in postgresql.conf, and reload",
            advice=True,
        )
    if not may_remove:
        return Finding(
            "log",
            "erased data stays in the server's log until its next checkpoints",
            "GRANT EXECUTE ON FUNCTION pg_switch_wal, and from PostgreSQL 15 on the role "
            "pg_checkpoint, to the bot's user",
            advice=True,
        )
    return Finding("log", "erased data leaves the server's log with the next compaction")


def rights(ours: Any) -> Finding:
    if ours.not_owned or not ours.may_create:
        return Finding(
            "rights",
            "the user of DATABASE_URL does not own all that is in the schema bot_analytics",
            "make this user the owner of the schema and its tables: only an owner can compact them",
        )
    return Finding("rights", "the user of DATABASE_URL owns the schema bot_analytics")


def statistics(ours: Any) -> Finding:
    if ours.statistics != 0:
        return Finding(
            "statistics",
            "ANALYZE copies pseudonyms of people, where an erasure does not reach them",
            "run ALTER TABLE bot_analytics.users ALTER reference SET STATISTICS 0, then DELETE "
            "FROM pg_statistic WHERE starelid = 'bot_analytics.users'::regclass as a superuser",
        )
    return Finding("statistics", "none of pseudonyms are kept")


def partitions_of(days: list[int], locks: int, retention_days: int, now: datetime) -> Finding:
    """Check the partitions of interactions, one a day, which are made when the day comes."""
    if not days:
        return Finding("partitions", "none yet: the first interaction makes one")
    first, last = (from_unix(day * partitions.DAY) for day in (days[0], days[-1]))
    found = f"{len(days):,} day{'s' * (len(days) > 1)}, {first:%Y-%m-%d} to {last:%Y-%m-%d}"
    if last > now:
        return Finding("partitions", f"{found}, ahead of the clock", "check the clocks of all bots")
    if len(days) * LOCKS_OF_DAY > locks * MAX_LOCK_SHARE:
        return Finding(
            "partitions",
            f"{found}: a report may need more locks than the server has, {locks:,}",
            f"raise max_locks_per_transaction, or reduce RETENTION_DAYS, {retention_days}",
        )
    return Finding("partitions", found)


def compacted(found: Finding, last: int | None) -> Finding:
    """Add the moment at which the table of people was last written anew."""
    if last is None or found.to_do:
        return found
    when = moment_text(from_unix(last))
    return Finding(found.check, f"{found.found}, users written anew at {when}")


async def _exists(connection: Connection) -> bool:
    [(_, has_tables)] = await _rows(connection, migrations.EXISTS)
    return bool(has_tables)


async def _rows(connection: Connection, sql: str) -> list[tuple[Any, ...]]:
    return await (await connection.execute(sql.encode())).fetchall()


async def _row(connection: Connection, sql: str) -> Any:
    """Return the one row of a SELECT, with its columns as attributes."""
    cursor = await connection.execute(sql.encode())
    names = [column.name for column in cursor.description or ()]
    [row] = await cursor.fetchall()
    return SimpleNamespace(**dict(zip(names, row, strict=True)))
