"""Restore a backup in place of the database, without the people who were erased since."""

import os
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path

from analytics import disk, time_zones
from analytics.clock import utc_now
from analytics.errors import (
    AnalyticsError,
    BackupRefused,
    NoRoomForCopy,
    RestoreRefused,
    WrongPseudonymKey,
)
from analytics.keyring import choose, mismatch
from analytics.pseudonyms import References
from analytics.sqlite import files, locks, migrations, refusals
from analytics.sqlite.belongings import all_set_aside
from analytics.sqlite.connections import check_sqlite, connect, set_pragmas, why
from analytics.sqlite.copying import check, copy
from analytics.sqlite.queries.settings import GET, PUT
from analytics.store_types import Setting

# Erasures are listed by days in UTC, whatever days a file counts.
DAY = 86_400

# One scan for all people. Rows from after the day of an erasure stay: the person had come back.
ERASE_AGAIN = """
    DELETE FROM interactions WHERE EXISTS (
        SELECT 1 FROM erased WHERE erased.user_id = interactions.user_id AND timestamp < before)
"""
RECOUNT_USERS = (
    "DELETE FROM daily_users",
    "INSERT INTO daily_users (day, users) SELECT day_of(timestamp), count(DISTINCT user_id) "
    "FROM interactions WHERE user_id <> 0 GROUP BY 1",
)


@dataclass
class PrivacyRequests:
    """The erasures and opt-outs in the database that a backup replaces."""

    erasures: dict[int, int] = field(default_factory=dict)
    """Rows of `erasures`: reference to day, in days since 1970."""
    opt_outs: set[int] = field(default_factory=set)
    whole: bool = True
    """True if all of them could be read, False if there may have been more."""


@dataclass(frozen=True, slots=True)
class Restored:
    """The result of a restore."""

    erased_again: int
    """The number of people in the backup who had been erased since."""
    all_known: bool
    """False if there may be others, since not all erasures could be read."""


async def restore(
    source: Path,
    path: Path,
    pseudonym_key: bytes | None,
    pseudonymise: bool,
    database_key: bytes | None,
    *,
    force: bool = False,
) -> Restored:
    """Put the backup `source` in the place of the database `path`, which must not be in use.

    People who were erased since are erased again, and opt-outs since are kept: they are read from
    the database at `path`, and from damaged ones that were set aside. `pseudonym_key` is None if
    it is in the key file. With `force`, a database at `path` is overwritten.

    Raises RestoreRefused if the source is no file, `path` exists without `force`, or cannot be
    written; WrongPseudonymKey or PseudonymKeyMissing if the key does not fit; DatabaseInUse while a
    bot runs; and what `check` raises for a backup that is none or is damaged. Nothing has changed
    then.
    """
    path = Path(os.path.realpath(path))
    if not source.is_file():
        what = "is not a file" if source.exists() else "does not exist"
        raise RestoreRefused(f"{source} {what}", "give the path of a backup")
    refusals.refuse_special(path)
    if path.exists() and not force:
        raise RestoreRefused(f"{path} exists already", "--force overwrites it with the backup")
    check_sqlite(database_key)
    await check(source, database_key)
    written_with = await _written_with(source, database_key)
    references = choose(path, pseudonym_key, pseudonymise, written_with)
    if written_with != references.fingerprint:
        raise mismatch(source, written_with, references)
    try:
        disk.create_folder(path.parent)
        with ExitStack() as held:
            locks.own(path, held, locks.OWNER_TIMEOUT)
            files.discard_draft(path)
            requests = await _requests(path, references, database_key)
            async with copy(source, path, database_key) as draft:
                erased_again = await _apply(draft, requests, references, database_key)
                if path.exists():
                    await _fold_log(path, database_key)
                # A log that belongs to another file would be replayed into this one.
                files.discard_companions(path)
                files.publish(path, over=True)
    except NoRoomForCopy:
        raise  # the same may succeed later
    except BackupRefused as error:  # the copy of the backup
        raise RestoreRefused(error.problem, error.remedy) from None
    except OSError as error:
        raise RestoreRefused(
            f"{path} cannot be written ({why(path, error)})", "check its folder"
        ) from None
    return Restored(erased_again, requests.whole)


async def _requests(
    path: Path, references: References, database_key: bytes | None
) -> PrivacyRequests:
    """Read the erasures and opt-outs of the database at `path`, and of those set aside there.

    Raises WrongPseudonymKey if the database was written with another key than the backup.
    """
    aside = all_set_aside(path)
    requests = PrivacyRequests(whole=path.exists() or bool(aside))
    for file in (path, *aside):
        if not file.exists():
            continue
        try:
            written_with = await _written_with(file, database_key)
            if written_with == references.fingerprint:
                await _add(file, requests, database_key)
        except AnalyticsError:
            requests.whole = False
            continue
        if written_with != references.fingerprint and file == path:
            raise WrongPseudonymKey(
                f"{path} was written with another key than the backup, so that later erasures "
                "cannot be repeated",
                "move it away to restore anyway",
            )
    return requests


async def _add(file: Path, requests: PrivacyRequests, database_key: bytes | None) -> None:
    async with connect(file, database_key, read_only=True) as connection:
        if await migrations.has_table(connection, "opt_outs"):
            rows = await connection.execute_fetchall("SELECT reference FROM opt_outs")
            requests.opt_outs.update(reference for (reference,) in rows)
        if await migrations.has_table(connection, "erasures"):
            for reference, day in await connection.execute_fetchall("SELECT * FROM erasures"):
                requests.erasures[reference] = max(day, requests.erasures.get(reference, day))


async def _apply(
    draft: Path, requests: PrivacyRequests, references: References, database_key: bytes | None
) -> int:
    """Migrate a backup, and apply the erasures and opt-outs; return how many people it erased."""
    async with connect(draft, database_key, read_only=False) as connection:
        # Nothing of it in a journal, and a kill leaves a draft. Zeros would be wasted: VACUUM
        # writes all of it anew.
        pragmas: dict[str, str | int] = {"journal_mode": "memory", "temp_store": 2}
        await set_pragmas(connection, pragmas | {"secure_delete": 0})
        version = await migrations.version(draft, connection, may_be_old=True)
        await migrations.migrate(connection, version)
        await connection.execute_fetchall("BEGIN")
        await connection.executemany(
            "INSERT INTO erasures (reference, day) VALUES (?, ?)", requests.erasures.items()
        )
        await connection.executemany(
            "INSERT INTO opt_outs (reference) VALUES (?) ON CONFLICT DO NOTHING",
            [(reference,) for reference in requests.opt_outs],
        )
        # A backup of this database exists: the one that is being restored.
        await connection.execute_fetchall(
            PUT, (Setting.LAST_BACKUP.value, int(utc_now().timestamp()))
        )
        people = await connection.execute_fetchall("SELECT id, reference FROM users")
        erased = [
            (user_id, (requests.erasures[listed] + 1) * DAY)
            for user_id, reference in people
            if (listed := references.erasure(reference)) in requests.erasures
        ]
        await connection.execute_fetchall(
            "CREATE TEMP TABLE erased (user_id INTEGER PRIMARY KEY, before INTEGER)"
        )
        await connection.executemany("INSERT INTO erased VALUES (?, ?)", erased)
        await connection.execute_fetchall(ERASE_AGAIN)
        if erased:
            kept = await connection.execute_fetchall(GET, (Setting.TIME_ZONES.value,))
            zones = time_zones.parsed(next((value for (value,) in kept), None))
            await connection.create_function("day_of", 1, time_zones.calendar_of(zones).day)
            for statement in RECOUNT_USERS:
                await connection.execute_fetchall(statement)
        await connection.execute_fetchall("COMMIT")
        await connection.execute_fetchall("VACUUM")
    return len(erased)


async def _written_with(path: Path, database_key: bytes | None) -> str | None:
    """Return the fingerprint of the key that the file was written with, None if it has none."""
    async with connect(path, database_key, read_only=True) as connection:
        rows = await connection.execute_fetchall(GET, (Setting.REFERENCES.value,))
    return next((value for (value,) in rows), None)


async def _fold_log(path: Path, database_key: bytes | None) -> None:
    """Carry a database's log over into it, so that it is whole without the log until replaced."""
    with suppress(AnalyticsError):  # a damaged one is to be replaced as it is
        async with connect(path, database_key, read_only=False) as connection:
            await connection.execute_fetchall("PRAGMA wal_checkpoint(TRUNCATE)")
