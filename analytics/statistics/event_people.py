"""Count at least how many people an event of a day has; who they are is stored in no file."""

import json
from collections.abc import Sequence

from analytics.sqlite.database import Database

# The largest minimum that can be asked for.
MAX_PEOPLE = 1_000
OPTED_OUT = """
    SELECT reference FROM opt_outs WHERE reference IN (SELECT value FROM json_each(?))
"""


class EventPeople:
    """The people of each event, of the newest day and the one before it, in memory only.

    It is empty after a restart. The file keeps the largest number so far, which is therefore never
    too high.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._people: dict[int, dict[str, set[int]]] = {}

    async def count(self, rows: Sequence[tuple[int, int, int, str | None]]) -> list[int]:
        """Return for each row how many people its event has had on that day, up to 1,000.

        A row has the reference, the opt-out reference, the timestamp in Unix seconds, and the
        event. It gives 0 without an event, and for people who opted out, who are not remembered;
        and 1 on a day before those that are remembered.
        Raises AnalyticsError if the database cannot be read.
        """
        asked = [opt_out for _reference, opt_out, _timestamp, event in rows if event]
        if not asked:
            return [0] * len(rows)
        found = await self._database.read(OPTED_OUT, (json.dumps(asked),))
        opted_out = {reference for (reference,) in found}
        return [
            self._add(timestamp // 86_400, event, reference)
            if event and opt_out not in opted_out
            else 0
            for reference, opt_out, timestamp, event in rows
        ]

    def forget(self) -> None:
        """Forget everybody. Call after a change of key, which gives everyone another reference."""
        self._people.clear()

    def _add(self, day: int, event: str, reference: int) -> int:
        if self._people and day < max(self._people) - 1:
            return 1
        people = self._people.setdefault(day, {}).setdefault(event, set())
        if len(people) < MAX_PEOPLE:
            people.add(reference)
        for past in [each for each in self._people if each < max(self._people) - 1]:
            del self._people[past]
        return len(people)
