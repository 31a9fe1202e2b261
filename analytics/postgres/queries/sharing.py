"""Share turns, tokens and the newest update among the processes at a database."""

from collections.abc import Sequence

from psycopg.types.json import Jsonb

from analytics.postgres.database import Transaction
from analytics.postgres.queries import Queries
from analytics.postgres.queries.settings import GET
from analytics.store_types import CLOCK_TOLERANCE, Token

TAKE_TURN = """
    INSERT INTO bot_analytics.turns AS was (job, moment) VALUES (%(job)s, %(moment)s)
    ON CONFLICT (job) DO UPDATE SET moment = excluded.moment
    WHERE was.moment NOT BETWEEN %(since)s AND %(latest)s RETURNING job
"""
FORGET_EXPIRED = "DELETE FROM bot_analytics.tokens WHERE until <= %s"
ADD = """
    INSERT INTO bot_analytics.tokens (token, kind, admin_id, until) VALUES (%s, %s, %s, %s)
    ON CONFLICT DO NOTHING RETURNING token
"""
TAKE = """
    DELETE FROM bot_analytics.tokens WHERE token = %s AND kind = %s RETURNING admin_id, until
"""
RENEW = """
    UPDATE bot_analytics.tokens SET until = %s
    WHERE token = %s AND kind = %s AND until BETWEEN %s AND %s RETURNING admin_id
"""
FORGET_OLDEST = """
    DELETE FROM bot_analytics.tokens WHERE id IN (
        SELECT id FROM bot_analytics.tokens WHERE kind = ANY(%s::text[]) AND admin_id = %s
        ORDER BY id DESC OFFSET %s)
"""
LAST_RECEIVED = "last_received"
# Rounded, since it may be of somebody who is not recorded. A day ahead, it is of a wrong clock.
NOTE_RECEIVED = f"""
    INSERT INTO bot_analytics.settings AS was (name, value) VALUES ('{LAST_RECEIVED}', %s)
    ON CONFLICT (name) DO UPDATE SET value = excluded.value
    WHERE was.value::bigint NOT BETWEEN excluded.value::bigint AND excluded.value::bigint + 86400
"""


class SharingQueries(Queries):
    """The queries about what the processes at a database share."""

    async def take_turn(self, job: str, moment: int, since: int) -> bool:
        asked = {"job": job, "moment": moment, "since": since, "latest": moment + CLOCK_TOLERANCE}
        return bool(await self._database.change(TAKE_TURN, asked))

    async def add_token(self, token: str, added: Token, *, issued: int, now: int) -> bool:
        values = token, added.kind, added.admin_reference, added.until

        async def work(transaction: Transaction) -> bool:
            await transaction.run(FORGET_EXPIRED, (now,))
            return bool(await transaction.rows(ADD, values))

        return await self._database.transact(work)

    async def take_token(self, token: str, kind: str) -> Token | None:
        rows = await self._database.change(TAKE, (token, kind))
        return Token(kind, *rows[0]) if rows else None

    async def renew_token(
        self, token: str, kind: str, until: int, between: tuple[int, int]
    ) -> Token | None:
        rows = await self._database.change(RENEW, (until, token, kind, *between))
        if rows:
            return Token(kind, rows[0][0], until)
        await self.take_token(token, kind)
        return None

    async def forget_tokens(
        self, kinds: Sequence[str], admin_reference: int | None, keep: int = 0
    ) -> None:
        await self._database.write((FORGET_OLDEST, (list(kinds), admin_reference, keep)))

    async def note_received(self, moment: int) -> None:
        await self._database.write((NOTE_RECEIVED, (Jsonb(moment),)))

    async def last_received(self) -> int | None:
        rows = await self._database.read(GET, (LAST_RECEIVED,))
        return int(rows[0][0]) if rows else None
