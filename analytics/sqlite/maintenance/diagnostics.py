"""Check a database without changing anything or taking a lock, so that the bot may run."""

import os
import shlex
import shutil
import sqlite3
import stat
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from analytics import disk
from analytics.errors import AnalyticsError, DatabaseDamaged, NewerSchema, OlderSchema
from analytics.findings import (
    OVERDUE,
    Facts,
    Finding,
    cleanup,
    compaction,
    fault,
    moment_text,
    pseudonym_key_fits,
)
from analytics.sqlite import files, reserve
from analytics.sqlite.belongings import COMPANION, DAMAGED, belongings, matching
from analytics.sqlite.connections import check_sqlite, connect, is_damaged, translated
from analytics.sqlite.encryption import refuse_foreign
from analytics.sqlite.maintenance.backups import last_backup
from analytics.sqlite.migrations import SCHEMA_VERSION

MIB = 2**20
STUCK = "end programs that keep the file open, free up space, and run `python main.py cleanup`"

FACTS = """
    SELECT
        (SELECT value FROM file_settings WHERE name = 'references'),
        (SELECT value FROM file_settings WHERE name = 'last_cleanup'),
        (SELECT value FROM file_settings WHERE name = 'compaction_due'),
        (SELECT value FROM file_settings WHERE name = 'recording_began'),
        (SELECT min(timestamp) FROM interactions)
"""


async def check_up(
    path: Path,
    *,
    pseudonym_key: bytes | None,
    database_key: bytes | None,
    pseudonymise: bool,
    retention_days: int,
    backup_dir: Path | None,
    now: datetime,
) -> list[Finding]:
    """Run all checks on the files of the database at `path`, and return their findings.

    What cannot be read is a finding, too, and ends the checks. `pseudonym_key` is None if it is in
    the key file; `backup_dir` is None without backups. Raises AnalyticsError if the backups cannot
    be read.
    """
    found = [sqlite(database_key)]
    if found[0].to_do:
        return found
    if not path.exists():
        return [*found, Finding("database", f"{path} does not exist yet: the bot creates it")]
    found += [permissions([path.parent, *belongings(path)]), *set_aside(path), *waiting(path)]
    try:
        with translated(path, OSError):
            facts = await _read(path, database_key)
    except AnalyticsError as error:
        return [*found, fault("database", error)]
    found += [
        Finding("database", f"{path} is intact, {_size(path) / MIB:,.1f} MiB"),
        Finding("schema", f"version {SCHEMA_VERSION}"),
        pseudonym_key_fits(path, facts, pseudonym_key, pseudonymise),
        disk_space(path, facts, retention_days, now, free=shutil.disk_usage(path.parent).free),
        cleanup(facts, now),
        compaction(facts, now, STUCK),
    ]
    if backup_dir is not None:
        last = await last_backup(path, backup_dir, database_key, now)
        found.append(newest_backup(last, now))
    return found


def sqlite(database_key: bytes | None) -> Finding:
    try:
        check_sqlite(database_key)
    except AnalyticsError as error:
        return fault("sqlite", error)
    return Finding("sqlite", f"version {sqlite3.sqlite_version}")


def permissions(paths: list[Path]) -> Finding:
    """Check whether other users can read those of `paths` that exist."""
    open_to_others = [path for path in paths if _is_open(path)]
    if not open_to_others:
        return Finding("permissions", "no one else can read the files")
    names = " ".join(str(path) for path in open_to_others)
    return Finding("permissions", f"other users can read {names}", f"chmod go-rwx {names}")


def set_aside(path: Path) -> Iterator[Finding]:
    """Find damaged databases: they may hold people who were erased, or are past retention."""
    if found := matching(path, DAMAGED + COMPANION):
        names = shlex.join(map(str, found))
        to_do = f"save what you need from it or restore a backup, then rm {names}"
        yield Finding("set aside", f"erasure does not reach {names}", to_do, advice=True)


def waiting(path: Path) -> Iterator[Finding]:
    """Find a spool: interactions not committed yet, recorded at the next start at the latest."""
    if (spool := files.spool(path)).exists():
        to_do = "start the bot, which records them once it can write the database, or see its log"
        yield Finding("spool", f"interactions wait in {spool}", to_do, advice=True)


def disk_space(path: Path, facts: Facts, retention_days: int, now: datetime, free: int) -> Finding:
    """Check for room for what a full retention takes, and for the copy that VACUUM makes.

    `free` is in bytes.
    """
    size = _size(path)
    oldest = now.timestamp() if facts.oldest is None else facts.oldest
    days = max(1.0, (now.timestamp() - oldest) / 86_400)
    full_size = size * max(1.0, retention_days / days)
    needed = (full_size - size) + full_size + 2 * reserve.RESERVE_BYTES
    found = f"{free / MIB:,.0f} MiB free, about {needed / MIB:,.0f} MiB needed"
    return Finding(
        "disk", found, "" if free >= needed else "free up space, or reduce RETENTION_DAYS"
    )


def newest_backup(last: datetime | None, now: datetime) -> Finding:
    to_do = "start the bot, and look for `backup failed` in its log"
    if last is None:
        return Finding("backup", "none in BACKUP_DIR", to_do)
    return Finding(
        "backup", f"newest of {moment_text(last)}", to_do if now - last > OVERDUE else ""
    )


async def _read(path: Path, database_key: bytes | None) -> Facts:
    """Return the facts of a whole, current database. Raises AnalyticsError and OSError."""
    await refuse_foreign(path, database_key)
    if await is_damaged(path, database_key):
        raise DatabaseDamaged(
            f"{path} is damaged", "restore a backup, or start the bot, which sets it aside"
        )
    async with connect(path, database_key, read_only=True) as connection:
        [(version,)] = await connection.execute_fetchall("PRAGMA user_version")
        if version != SCHEMA_VERSION:
            found = f"{path} is of schema version {version}, this program of {SCHEMA_VERSION}"
            if version < SCHEMA_VERSION:
                raise OlderSchema(found, "start the bot")
            raise NewerSchema(found, "install the newer version")
        [facts] = await connection.execute_fetchall(FACTS)
    return Facts(*facts)


def _is_open(path: Path) -> bool:
    # Windows has no such bits, and shows 0666 for everything.
    if os.name == "nt":
        return False
    try:
        return bool(stat.S_IMODE(path.stat().st_mode) & 0o077)
    except FileNotFoundError:
        return False


def _size(path: Path) -> int:
    return disk.size(path) + disk.size(files.wal(path))
