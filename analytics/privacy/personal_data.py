"""The data of one person: show, export and erase it.

There is no index on the person in `interactions`: it would double the file for what is rarely
asked. A person's rows are found by a scan on the reading connection, which does not hold up
recording, and then deleted by their key.
"""

import json
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple

from analytics.clock import from_unix
from analytics.models import InteractionType
from analytics.privacy import audit
from analytics.pseudonyms import References
from analytics.sqlite.database import Database

Deletion = Callable[[], AbstractAsyncContextManager[None]]

DAY = 86_400

# How often a person's rows are looked for when another process has recorded some meanwhile.
ROUNDS = 10

LATEST = """
    SELECT name, timestamp, count
    FROM users
    JOIN interactions ON interactions.timestamp = last_seen AND user_id = users.id
    JOIN interaction_types ON interaction_types.id = interaction_type
    WHERE reference = ? LIMIT 1
"""
EVERYTHING = """
    SELECT name, timestamp, count
    FROM interactions JOIN interaction_types ON interaction_types.id = interaction_type
    WHERE user_id = (SELECT id FROM users WHERE reference = ?)
    ORDER BY timestamp, name
"""
MOMENTS = """
    SELECT json_group_array(DISTINCT timestamp)
    FROM interactions WHERE user_id = (SELECT id FROM users WHERE reference = ?)
"""
# Delete all rows of a person, or none if one was recorded since the moments were read.
DELETE = """
    DELETE FROM interactions
    WHERE user_id = (SELECT id FROM users WHERE reference = ?1)
    AND timestamp IN (SELECT value FROM json_each(?2))
    AND (SELECT rows FROM users WHERE reference = ?1) = (
        SELECT count(*) FROM interactions
        WHERE user_id = (SELECT id FROM users WHERE reference = ?1)
        AND timestamp IN (SELECT value FROM json_each(?2)))
    RETURNING count
"""
IS_KNOWN = "SELECT EXISTS (SELECT 1 FROM users WHERE reference = ?)"
IS_OPTED_OUT = "SELECT EXISTS (SELECT 1 FROM opt_outs WHERE reference = ?)"
# Only where a backup may hold them: otherwise nothing tells that somebody was here.
LIST_ERASURE = """
    INSERT INTO erasures (reference, day)
    SELECT ?, ? WHERE EXISTS (
        SELECT 1 FROM file_settings WHERE name = 'last_backup' AND value >= ?)
    ON CONFLICT DO UPDATE SET day = excluded.day
"""
ERASED = "SELECT day FROM erasures WHERE reference = ?"
IS_LISTED_BEFORE = "SELECT EXISTS (SELECT 1 FROM erasures WHERE day < ?)"
FORGET_ERASURES = "DELETE FROM erasures WHERE day < ?"
ADMIN_TURNED_OFF = "SELECT notice FROM turned_off WHERE admin_id = ? ORDER BY notice"
TURN_ALL_ON = "DELETE FROM turned_off WHERE admin_id = ?"


@dataclass(frozen=True, slots=True)
class OwnRow:
    """A row of `user_interactions` as its person sees it.

    It has no `user_id`: with two accounts and the file, someone could find other people by the
    numbers of theirs.
    """

    interaction_type: InteractionType
    timestamp: datetime
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonalData:
    """Everything held about one person, and nothing about another."""

    reference: int | None
    """The person's pseudonym, or Telegram ID in plain; None if nothing is recorded of them."""
    interactions: list[OwnRow]
    """The oldest first."""
    opted_out: bool
    erased: date | None
    """The day they were erased, as long as a backup may hold what was erased; else None."""
    audit_entries: list[tuple[datetime, str]]
    """Their actions as an admin, each with its moment, the oldest first."""
    turned_off: list[str]
    """The alerts that they muted as an admin."""
    retention_days: int
    waiting: int = 0
    """The number of interactions received that are not in the database yet, as it fails."""

    @property
    def oldest_goes(self) -> datetime:
        """The moment the oldest interaction is past retention. Raises IndexError without one."""
        return self.interactions[0].timestamp + timedelta(days=self.retention_days)


async def latest(database: Database, reference: int) -> OwnRow | None:
    """Return a person's newest row, None without any.

    Raises AnalyticsError if the database cannot be read.
    """
    rows = await database.read(LATEST, (reference,))
    return _row(*rows[0]) if rows else None


async def everything(
    database: Database, telegram_id: int, references: References, retention_days: int
) -> PersonalData:
    """Return everything the database holds about a person.

    Raises AnalyticsError if the database cannot be read.
    """
    reference = references.reference(telegram_id)
    interactions = [_row(*row) for row in await database.read(EVERYTHING, (reference,))]
    admin = references.admin(telegram_id)
    turned_off = await database.read(ADMIN_TURNED_OFF, (admin,))
    erased = await database.read(ERASED, (references.erasure(reference),))
    return PersonalData(
        reference=reference if interactions else None,
        interactions=interactions,
        opted_out=await is_opted_out(database, references.opt_out(telegram_id)),
        erased=from_unix(erased[0][0] * DAY).date() if erased else None,
        audit_entries=await audit.entries_of(database, admin),
        turned_off=[notice for (notice,) in turned_off],
        retention_days=retention_days,
    )


async def moments_of(database: Database, reference: int) -> str:
    """Return the timestamps of a person's rows, a JSON array of Unix seconds, for `erase`.

    This is a scan, which does not hold up recording.
    Raises AnalyticsError if the database cannot be read.
    """
    [(moments,)] = await database.read(MOMENTS, (reference,))
    return str(moments)


class Person(NamedTuple):
    """A person to be erased, without their Telegram ID."""

    reference: int
    admin: int
    """Their pseudonym in `turned_off`, if they are an admin."""
    erasure: int
    """Their pseudonym in `erasures`, kept with `day` if there was a backup since `oldest`."""
    day: int
    """The day of the erasure, in days since 1970."""
    oldest: int
    """The moment before which backups are deleted, in Unix seconds."""


def to_erase(references: References, telegram_id: int, now: datetime, oldest: datetime) -> Person:
    """Name a person for `erase`; `oldest` is the moment before which backups are deleted."""
    reference = references.reference(telegram_id)
    return Person(
        reference,
        references.admin(telegram_id),
        references.erasure(reference),
        int(now.timestamp()) // DAY,
        int(oldest.timestamp()),
    )


async def erase(
    database: Database, person: Person, deletion: Deletion, moments: str = "[]"
) -> int | None:
    """Delete every row of a person, in one transaction, and with the last one the person.

    The alerts that they muted as an admin are deleted, too. `deletion` is entered while rows are
    deleted. `moments` are from `moments_of`; the scan is repeated if they miss a row. Return how
    many interactions were deleted, None if each of 10 times another process had recorded one
    meanwhile. Raises AnalyticsError if the database fails.
    """
    reference, admin, *listing = person
    if await database.read(ADMIN_TURNED_OFF, (admin,)):
        async with deletion():
            await database.write(TURN_ALL_ON, (admin,))
    # Listed before, in case of a kill in between, and after, in case the first backup begins
    # meanwhile.
    await database.write(LIST_ERASURE, listing)
    deleted = await _delete(database, reference, deletion, moments)
    await database.write(LIST_ERASURE, listing)
    return deleted


async def _delete(
    database: Database, reference: int, deletion: Deletion, moments: str
) -> int | None:
    for _ in range(ROUNDS):
        if not await _is(database, IS_KNOWN, reference):
            return 0
        async with deletion():
            rows = await database.write(DELETE, (reference, moments))
        if rows:
            return int(sum(count for (count,) in rows))
        moments = await moments_of(database, reference)
    return None


async def is_listed_before(database: Database, oldest: datetime) -> bool:
    """Return whether an erasure is listed that is older than the `oldest` backup that is kept.

    Raises AnalyticsError if the database cannot be read.
    """
    return await _is(database, IS_LISTED_BEFORE, int(oldest.timestamp()) // DAY)


async def forget_erasures(database: Database, oldest: datetime) -> None:
    """Drop the listed erasures that are older than the `oldest` backup that is kept.

    Raises AnalyticsError if the database cannot be written.
    """
    await database.write(FORGET_ERASURES, (int(oldest.timestamp()) // DAY,))


async def is_opted_out(database: Database, reference: int) -> bool:
    return await _is(database, IS_OPTED_OUT, reference)


def as_json(data: PersonalData, now: datetime) -> str:
    """Return the data as JSON that explains itself, for the person."""
    return json.dumps(
        {
            "about": {
                "what": "Everything this bot holds about you, and nothing about anyone else.",
                "made": _iso(now),
                "reference": "What stands for you: a pseudonym of your Telegram ID, made with a "
                "key that is kept apart; or the ID itself, where this bot is set to store it.",
                "interaction_type": "What it was: a word of a closed list.",
                "timestamp": "When, UTC, rounded down.",
                "count": "How many of the same.",
                "opted_out": "Whether you asked not to be counted.",
                "waiting": "How many interactions wait until the database can be written again.",
                "erased": "The day you were erased, where there are backups. A pseudonym made for "
                "this alone is kept as long as they are: so you do not come back with one.",
                "audit_entries": "If you are an admin: what you looked at or deleted, and when. "
                "Kept as long as interactions, also if you erase your data.",
                "turned_off": "If you are an admin: the alerts that you turned off.",
                "kept": f"Interactions are deleted after {data.retention_days} days.",
            },
            # A string, since most programs cannot hold 64 bits in a number.
            "reference": None if data.reference is None else str(data.reference),
            "opted_out": data.opted_out,
            "waiting": data.waiting,
            "erased": data.erased.isoformat() if data.erased else None,
            "interactions": [
                {
                    "interaction_type": row.interaction_type.value,
                    "timestamp": _iso(row.timestamp),
                    "count": row.count,
                }
                for row in data.interactions
            ],
            "audit_entries": [
                {"timestamp": _iso(when), "action": action} for when, action in data.audit_entries
            ],
            "turned_off": data.turned_off,
        },
        indent=2,
    )


async def _is(database: Database, sql: str, reference: int) -> bool:
    [(answer,)] = await database.read(sql, (reference,))
    return bool(answer)


def _row(name: str, timestamp: int, count: int) -> OwnRow:
    return OwnRow(InteractionType(name), from_unix(timestamp), count)


def _iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
