"""Find and erase the interactions of a person, and make those of all people anonymous."""

from collections.abc import Callable, Sequence

from psycopg.types.json import Jsonb

from analytics.clock import from_unix
from analytics.models import OwnRow, type_of_word
from analytics.postgres.compaction import Compaction
from analytics.postgres.database import FOLDED, Transaction
from analytics.postgres.queries.counters import (
    COHORTS,
    DAILY_USERS,
    FIRST_SEEN_HOURS,
    LAST_SEEN_COUNTS,
    LAST_SEEN_HOURS,
)
from analytics.postgres.queries.leaving import deleted
from analytics.postgres.queries.settings import PUT
from analytics.store_types import Setting

OF_PERSON = "user_id = (SELECT id FROM bot_analytics.users WHERE reference = %s)"
LATEST = """
    SELECT name, timestamp, count
    FROM bot_analytics.users
    JOIN bot_analytics.interactions ON timestamp = last_seen AND user_id = users.id
    JOIN bot_analytics.interaction_types ON interaction_types.id = interaction_type
    WHERE reference = %s ORDER BY interaction_type LIMIT 1
"""
EVERYTHING = f"""
    SELECT name, timestamp, count
    FROM bot_analytics.interactions
    JOIN bot_analytics.interaction_types ON interaction_types.id = interaction_type
    WHERE {OF_PERSON} ORDER BY timestamp, name
"""
IS_KNOWN = "SELECT EXISTS (SELECT 1 FROM bot_analytics.users WHERE reference = %s)"
MOMENTS = f"SELECT DISTINCT timestamp FROM bot_analytics.interactions WHERE {OF_PERSON}"
# All rows of a person, or none if one was recorded since the moments were read.
ARE_ALL = f"""
    SELECT (SELECT rows FROM bot_analytics.users WHERE reference = %s) = count(*)
    FROM bot_analytics.interactions WHERE {OF_PERSON} AND timestamp = ANY(%s::bigint[])
"""
DELETE = deleted(f"{OF_PERSON} AND timestamp = ANY(%s::bigint[])")
# Of a day that was forgotten nothing is left to be taken from.
LEAVE_DAYS = f"""
    {DAILY_USERS.insert} SELECT day, {FOLDED}, -1 FROM unnest(%s::int[]) AS day
    WHERE EXISTS (SELECT 1 FROM bot_analytics.daily_users AS kept WHERE kept.day = day.day)
    {DAILY_USERS.conflict}
"""
# Always: backups of the server are not known here, nor what waits at other processes.
LIST_ERASURE = """
    INSERT INTO bot_analytics.erasures (reference, day) VALUES (%s, %s)
    ON CONFLICT (reference) DO UPDATE SET day = excluded.day
"""
ERASED = "SELECT day FROM bot_analytics.erasures WHERE reference = %s"
# The counts by hour stay; a truncated table is another file, so that nothing of it is left.
MAKE_ANONYMOUS = (
    """
    CREATE TEMP TABLE of_nobody ON COMMIT DROP AS
        SELECT timestamp, 0 AS user_id, interaction_type, sum(count) AS count
        FROM bot_analytics.interactions GROUP BY timestamp, interaction_type
    """,
    "TRUNCATE bot_analytics.interactions, bot_analytics.users, bot_analytics.erasures, "
    + ", ".join(
        f"bot_analytics.{counter.table}"
        for counter in (
            COHORTS,
            DAILY_USERS,
            FIRST_SEEN_HOURS,
            LAST_SEEN_COUNTS,
            LAST_SEEN_HOURS,
        )
    ),
    "INSERT INTO bot_analytics.interactions (timestamp, user_id, interaction_type, count) "
    "SELECT * FROM of_nobody",
)


class PeopleQueries(Compaction):
    """The queries about one person."""

    async def latest_of(self, reference: int) -> OwnRow | None:
        rows = await self._database.read(LATEST, (reference,))
        return _row(*rows[0]) if rows else None

    async def interactions_of(self, reference: int) -> list[OwnRow]:
        return [_row(*row) for row in await self._database.read(EVERYTHING, (reference,))]

    async def is_known(self, reference: int) -> bool:
        [(is_known,)] = await self._database.read(IS_KNOWN, (reference,))
        return bool(is_known)

    async def moments_of(self, reference: int) -> list[int]:
        return [moment for (moment,) in await self._database.read(MOMENTS, (reference,))]

    async def erase(
        self, reference: int, moments: Sequence[int], day_of: Callable[[int], int]
    ) -> int | None:
        asked = list(moments)

        async def work(transaction: Transaction) -> int | None:
            [(are_all,)] = await transaction.rows(ARE_ALL, (reference, reference, asked))
            if not are_all:
                return None
            rows = await transaction.rows(DELETE, (reference, asked))
            days = sorted({day_of(timestamp) for timestamp, _ in rows})
            await transaction.run(LEAVE_DAYS, (days,))
            await self._note_deletion(transaction)
            return sum(int(count) for _, count in rows)

        return await self._database.transact(work, "deleting")

    async def list_erasure(self, erasure: int, day: int, oldest: int) -> None:
        async def work(transaction: Transaction) -> None:
            await transaction.run(LIST_ERASURE, (erasure, day))

        # Alone: who is recorded before is found afterwards, and who is recorded later is not.
        await self._database.transact(work, "deleting")

    async def erased_on(self, erasure: int) -> int | None:
        rows = await self._database.read(ERASED, (erasure,))
        return rows[0][0] if rows else None

    async def make_anonymous(self, fingerprint: str) -> None:
        async def work(transaction: Transaction) -> None:
            for statement in MAKE_ANONYMOUS:
                await transaction.run(statement)
            await transaction.run(PUT, (Setting.REFERENCES.value, Jsonb(fingerprint)))
            await self._note_deletion(transaction)

        await self._database.transact(work, "deleting")


def _row(name: str, timestamp: int, count: int) -> OwnRow:
    return OwnRow(type_of_word(name), from_unix(timestamp), count)
