"""Read what a restored backup cannot know, and erase again whom it brings back."""

from collections.abc import Callable

from analytics.postgres.compaction import Compaction
from analytics.postgres.database import Transaction
from analytics.postgres.queries.leaving import deleted
from analytics.postgres.queries.personal_data import LEAVE_DAYS
from analytics.postgres.queries.recording import OPT_OUT
from analytics.store_types import Listed

# Erasures are listed by days in UTC, whatever days a database counts.
DAY = 86_400
# People that are looked at at a time.
PAGE = 10_000
ERASURES = "SELECT reference, day FROM bot_analytics.erasures"
OPT_OUTS = "SELECT reference FROM bot_analytics.opt_outs"
PEOPLE = "SELECT id, reference FROM bot_analytics.users WHERE id > %s ORDER BY id LIMIT %s"
DELETE = deleted("user_id = %s AND timestamp < %s")
LEFT = "SELECT DISTINCT timestamp FROM bot_analytics.interactions WHERE user_id = %s"
LIST = """
    INSERT INTO bot_analytics.erasures AS was (reference, day)
    SELECT reference, day FROM unnest(%s::bigint[], %s::int[]) AS row (reference, day) ORDER BY 1
    ON CONFLICT (reference) DO UPDATE SET day = greatest(was.day, excluded.day)
"""


class ErasingAgainQueries(Compaction):
    """The queries about erasures and opt-outs that are kept outside of the database."""

    async def listed(self) -> Listed:
        erasures = await self._database.read(ERASURES)
        opt_outs = await self._database.read(OPT_OUTS)
        return Listed(dict(erasures), frozenset(reference for (reference,) in opt_outs))

    async def erase_again(
        self, listed: Listed, erasure_of: Callable[[int], int], day_of: Callable[[int], int]
    ) -> int:
        erased, last = 0, 0
        while people := await self._database.read(PEOPLE, (last, PAGE)):
            for user_id, reference in people:
                day = listed.erasures.get(erasure_of(reference))
                if day is not None and await self._erase_until(user_id, (day + 1) * DAY, day_of):
                    erased += 1
            last = people[-1][0]
        # Last of all: what a kill leaves undone is still missing in the list.
        await self._database.write(
            (LIST, (list(listed.erasures), list(listed.erasures.values()))),
            (OPT_OUT, (list(listed.opt_outs),)),
        )
        return erased

    async def _erase_until(self, user_id: int, before: int, day_of: Callable[[int], int]) -> bool:
        """Delete what a person did before a moment; later rows stay: the person had come back."""

        async def work(transaction: Transaction) -> bool:
            rows = await transaction.rows(DELETE, (user_id, before))
            if not rows:
                return False
            left = {day_of(timestamp) for (timestamp,) in await transaction.rows(LEFT, (user_id,))}
            days = {day_of(timestamp) for timestamp, _ in rows} - left
            await transaction.run(LEAVE_DAYS, (sorted(days),))
            await self._note_deletion(transaction)
            return True

        return await self._database.transact(work, "deleting")
