"""Find and erase the interactions of a person, and make those of all people anonymous.

There is no index on the person in `interactions`: it would double the file for what is rarely
asked. A person's rows are found by a scan on a connection of its own, which holds nobody up, and
then deleted by their key.
"""

import json
from collections.abc import Callable, Sequence

from analytics.clock import from_unix
from analytics.models import OwnRow, type_of_word
from analytics.sqlite.queries import Queries
from analytics.sqlite.queries.settings import GET, PUT
from analytics.sqlite.transactions import Transaction
from analytics.store_types import Listed, Setting

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
IS_KNOWN = "SELECT EXISTS (SELECT 1 FROM users WHERE reference = ?)"
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
    RETURNING timestamp, count
"""
LEAVE_DAYS = (
    """
    DELETE FROM daily_users WHERE users = 1 AND day IN (SELECT value FROM json_each(?))
""",
    """
    UPDATE daily_users SET users = users - 1 WHERE day IN (SELECT value FROM json_each(?))
""",
)
# Only where a backup may hold them: otherwise nothing tells that somebody was here.
LIST_ERASURE = f"""
    INSERT INTO erasures (reference, day)
    SELECT ?, ? WHERE EXISTS (
        SELECT 1 FROM file_settings WHERE name = '{Setting.LAST_BACKUP}' AND value >= ?)
    ON CONFLICT DO UPDATE SET day = excluded.day
"""
# Random: a count would tell of how many people.
NOTE_ERASURE = f"""
    INSERT INTO file_settings (name, value) VALUES ('{Setting.ERASURES}', random())
    ON CONFLICT DO UPDATE SET value = excluded.value
"""
ERASED = "SELECT day FROM erasures WHERE reference = ?"
# The triggers keep the counts in step.
MAKE_ANONYMOUS = (
    """
    CREATE TEMP TABLE of_nobody AS
        SELECT timestamp, 0 AS user_id, interaction_type, sum(count) AS count
        FROM interactions GROUP BY timestamp, interaction_type
    """,
    "DELETE FROM interactions",
    "INSERT INTO interactions SELECT * FROM of_nobody ORDER BY timestamp, interaction_type",
    "DROP TABLE of_nobody",
    "DELETE FROM daily_users",
    # A backup made with the key before cannot take the place of this file any more.
    "DELETE FROM erasures",
)


class PeopleQueries(Queries):
    """The queries about one person."""

    async def latest_of(self, reference: int) -> OwnRow | None:
        rows = await self._database.read(LATEST, (reference,))
        return _row(*rows[0]) if rows else None

    async def interactions_of(self, reference: int) -> list[OwnRow]:
        return [_row(*row) for row in await self._database.scan(EVERYTHING, (reference,))]

    async def is_known(self, reference: int) -> bool:
        [(is_known,)] = await self._database.read(IS_KNOWN, (reference,))
        return bool(is_known)

    async def moments_of(self, reference: int) -> list[int]:
        [(moments,)] = await self._database.scan(MOMENTS, (reference,))
        return list(json.loads(moments))

    async def erase(
        self, reference: int, moments: Sequence[int], day_of: Callable[[int], int]
    ) -> int | None:
        rows: list[tuple[int, int]] = []

        def work(transaction: Transaction) -> None:
            rows[:] = transaction.run(DELETE, (reference, json.dumps(moments)))
            days = json.dumps(list({day_of(timestamp) for timestamp, _ in rows}))
            # Ones before twos: what was two is one afterwards.
            for statement in LEAVE_DAYS:
                transaction.run(statement, (days,))
            if rows:
                transaction.run(NOTE_ERASURE, ())

        await self._database.transact(work)
        return sum(count for _, count in rows) if rows else None

    async def list_erasure(self, erasure: int, day: int, oldest: int) -> None:
        await self._database.write(LIST_ERASURE, (erasure, day, oldest))

    async def erased_on(self, erasure: int) -> int | None:
        rows = await self._database.read(ERASED, (erasure,))
        return rows[0][0] if rows else None

    async def erasures(self) -> int:
        rows = await self._database.read(GET, (Setting.ERASURES.value,))
        return rows[0][0] if rows else 0

    async def listed(self) -> Listed:
        erasures = await self._database.read("SELECT reference, day FROM erasures")
        opt_outs = await self._database.read("SELECT reference FROM opt_outs")
        return Listed(dict(erasures), frozenset(reference for (reference,) in opt_outs))

    async def erase_again(
        self, listed: Listed, erasure_of: Callable[[int], int], day_of: Callable[[int], int]
    ) -> int:
        """Do nothing: `restore` applies the list of the file that it replaces."""
        return 0

    async def make_anonymous(self, fingerprint: str) -> None:
        statements = [(statement, ()) for statement in (*MAKE_ANONYMOUS, NOTE_ERASURE)]
        await self._write(*statements, (PUT, (Setting.REFERENCES.value, fingerprint)))


def _row(name: str, timestamp: int, count: int) -> OwnRow:
    return OwnRow(type_of_word(name), from_unix(timestamp), count)
