"""Count the distinct people of a past hour, day or period."""

from analytics.store import Store

# More than a year of days, and all that a report asks for besides.
REMEMBERED = 1_000


class DistinctPeople:
    """Counts of distinct people, remembered until there are more or fewer interactions.

    No counter can tell whether a person who comes and goes was active in between, so the rows
    have to be counted: 0.04 s for a month of 300,000. The past hardly ever changes.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        # Interactions and people by beginning and end; the one made first goes first.
        self._counted: dict[tuple[int, int], tuple[int, int]] = {}

    async def between(self, begin: int, end: int, interactions: int) -> int:
        """Return how many distinct people were active from `begin` until before `end`.

        Both are in Unix seconds. `interactions` is the sum of that time: if it is the same as
        before, the remembered count is returned.
        Raises AnalyticsError if the database cannot be read.
        """
        if not interactions:
            return 0
        counted = self._counted.get((begin, end))
        if counted is None or counted[0] != interactions:
            people = await self._store.people_between(begin, end)
            counted = self._counted[begin, end] = interactions, people
            if len(self._counted) > REMEMBERED:
                del self._counted[next(iter(self._counted))]
        return counted[1]

    def forget(self) -> None:
        """Forget all counts. Call after an erasure: somebody else may take that person's place."""
        self._counted.clear()
