"""Read, add and remove the notes of admins."""

from analytics.sqlite.queries import Queries
from analytics.store_types import NoteRow

NOTES = "SELECT id, moment, text FROM notes ORDER BY moment, id"
# Counted in the same statement: two admins may add one at once.
ADD = """
    INSERT INTO notes (moment, text) SELECT ?, ? WHERE (SELECT count(*) FROM notes) < ?
    RETURNING id
"""
REMOVE = "DELETE FROM notes WHERE id = ?"


class NoteQueries(Queries):
    """The queries about notes."""

    async def notes(self) -> list[NoteRow]:
        return [NoteRow(*row) for row in await self._database.read(NOTES)]

    async def add_note(self, moment: int, text: str, at_most: int) -> int | None:
        rows = await self._database.write(ADD, (moment, text, at_most))
        return int(rows[0][0]) if rows else None

    async def remove_note(self, note_id: int) -> None:
        await self._database.write(REMOVE, (note_id,))
