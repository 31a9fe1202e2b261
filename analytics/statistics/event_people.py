"""Count at least how many people an event of a day has; who they are is stored in no file."""

from collections.abc import Sequence

from analytics.store import Store
from analytics.store_types import Received

# The largest minimum that can be asked for.
MAX_PEOPLE = 1_000


class EventPeople:
    """The people of each event, of the newest day and the one before it, in memory only.

    It is empty after a restart. The file keeps the largest number so far, which is therefore never
    too high.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._people: dict[int, dict[str, set[int]]] = {}

    async def count(self, updates: Sequence[Received]) -> list[int]:
        """Return for each update how many people its event has had on that day, up to 1,000.

        That is 0 without an event, and for people who opted out, who are not remembered; and 1 on
        a day before those that are remembered.
        Raises AnalyticsError if the database cannot be read.
        """
        asked = [each.opt_out for each in updates if each.event]
        if not asked:
            return [0] * len(updates)
        opted_out = await self._store.opted_out(asked)
        return [
            self._add(each.timestamp // 86_400, each.event, each.reference)
            if each.event and each.opt_out not in opted_out
            else 0
            for each in updates
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
