"""The notes of admins: marks on charts and in exports, in their own words."""

import unicodedata
from datetime import date, datetime
from enum import StrEnum

from analytics.calendar import EPOCH, HOUR
from analytics.clock import from_unix
from analytics.open_database import OpenDatabase
from analytics.statistics.report_models import MAX_HISTORY, Note

MAX_NOTES = 100
# Characters of a text: enough for a line on a phone, or two.
MAX_LENGTH = 60
# Unicode's categories of characters that are taken for spaces, since programs disagree on them:
# control characters, and halves of a pair.
AS_SPACES = ("Cc", "Cs")
# Those of characters that nobody sees: spaces, and marks of format.
INVISIBLE = ("Cf", "Zs")


class Refusal(StrEnum):
    """The reason why a note is not added."""

    NO_TEXT = "no text"
    TOO_LONG = "too long"
    NO_SUCH_DAY = "no such day"
    OTHER_YEAR = "in the future, or longer ago than charts show"
    TOO_MANY = "too many notes"


class NoteRefused(ValueError):
    """Raised for a note that is not added, with the `reason`; nothing of it is kept."""

    def __init__(self, reason: Refusal) -> None:
        super().__init__(f"the note was not added: {reason}")
        self.reason = reason


class Notes:
    """The notes of a database. They say nothing about who wrote them."""

    def __init__(self, database: OpenDatabase) -> None:
        self._database = database
        self._calendar = database.calendar

    async def all(self) -> list[Note]:
        """Return all notes, the oldest first.

        Raises AnalyticsError if the database cannot be read.
        """
        return [
            Note(each.id, self._local(each.moment), each.text)
            for each in await self._database.store.notes()
        ]

    async def between(self, since: datetime, until: datetime) -> tuple[Note, ...]:
        """Return the notes between two moments, both included, the oldest first.

        Raises AnalyticsError if the database cannot be read.
        """
        return tuple(note for note in await self.all() if since <= note.moment <= until)

    async def add(self, text: str, day: date | None = None) -> Note:
        """Add a note to the running hour, or to a `day`, and return it.

        Line breaks in `text` become spaces.
        Raises NoteRefused, and AnalyticsError if the database cannot be written.
        """
        text = one_line(text)
        now = self._database.now()
        moment = now // HOUR * HOUR if day is None else self._begin(day)
        note_id = await self._database.store.add_note(moment, text, MAX_NOTES)
        if note_id is None:
            raise NoteRefused(Refusal.TOO_MANY)
        return Note(note_id, self._local(moment), text)

    async def remove(self, note_id: int) -> None:
        """Remove a note, if it is there; it leaves the disk as what is erased does.

        Raises AnalyticsError if the database cannot be written.
        """
        async with self._database.deletion():
            await self._database.store.remove_note(note_id)
        await self._database.compact_if_due()

    def days(self) -> tuple[date, date]:
        """Return the first and the last day that a note may have: those of the longest chart."""
        today = self._calendar.day(self._database.now())
        return self._calendar.date(today - MAX_HISTORY.days + 1), self._calendar.date(today)

    def _local(self, moment: int) -> datetime:
        return self._calendar.local(from_unix(moment))

    def _begin(self, day: date) -> int:
        first, last = self.days()
        if not first <= day <= last:
            raise NoteRefused(Refusal.OTHER_YEAR)
        return self._calendar.begin((day - EPOCH).days)


def one_line(text: str) -> str:
    """Return a text in one line, with single spaces.

    Raises NoteRefused if nothing of it is visible, or it is longer than 60 characters.
    """
    spaced = "".join(" " if unicodedata.category(each) in AS_SPACES else each for each in text)
    text = " ".join(spaced.split())
    if all(unicodedata.category(each) in INVISIBLE for each in text):
        raise NoteRefused(Refusal.NO_TEXT)
    if len(text) > MAX_LENGTH:
        raise NoteRefused(Refusal.TOO_LONG)
    return text
