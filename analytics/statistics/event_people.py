"""At least how many people an event of a day is of; who they are is in no file."""

import json
from collections.abc import Sequence

from analytics.sqlite.database import Database

# The largest minimum that can be asked for.
MAX_PEOPLE = 1_000
OPTED_OUT = """
    SELECT reference FROM opt_outs WHERE reference IN (SELECT value FROM json_each(?))
"""


class EventPeople:
    """Remembers today's people of each event, in memory only.

    After a restart it begins with nobody: the number in the file is the largest so far, so it is
    never too high.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._people: dict[int, dict[str, set[int]]] = {}

    async def count(self, rows: Sequence[tuple[int, int, int, str | None]]) -> list[int]:
        """Return for each row how many people its event was of until then, up to 1,000.

        A row has the reference, that for opt-outs, the timestamp, and the event. Of who opted out
        nothing is recorded, and nothing remembered.
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
        """With another key the same person has another reference."""
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
