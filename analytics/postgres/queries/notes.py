"""Read, add and remove the notes of admins."""

from analytics.postgres.compaction import Compaction
from analytics.postgres.database import Transaction
from analytics.store_types import NoteRow

NOTES = "SELECT id, moment, text FROM bot_analytics.notes ORDER BY moment, id"
# Two admins may add one at once, in two processes.
LOCK = "LOCK TABLE bot_analytics.notes IN SHARE ROW EXCLUSIVE MODE"
ADD = """
    INSERT INTO bot_analytics.notes (moment, text)
    SELECT %s, %s WHERE (SELECT count(*) FROM bot_analytics.notes) < %s
    RETURNING id
"""
REMOVE = "DELETE FROM bot_analytics.notes WHERE id = %s"


class NoteQueries(Compaction):
    """The queries about notes."""

    async def notes(self) -> list[NoteRow]:
        return [NoteRow(*row) for row in await self._database.read(NOTES)]

    async def add_note(self, moment: int, text: str, at_most: int) -> int | None:
        async def work(transaction: Transaction) -> int | None:
            await transaction.run(LOCK)
            rows = await transaction.rows(ADD, (moment, text, at_most))
            return int(rows[0][0]) if rows else None

        return await self._database.transact(work)

    async def remove_note(self, note_id: int) -> None:
        await self._delete((REMOVE, (note_id,)))
