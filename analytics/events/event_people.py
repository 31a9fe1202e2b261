"""Count at least how many people an event of a day has; who they are is stored in no file."""

# The largest minimum that can be asked for.
MAX_PEOPLE = 1_000


class EventPeople:
    """The people of each event, of the newest day and the one before it, in memory only.

    It is empty after a restart. The file keeps the largest number so far, which is therefore never
    too high.
    """

    def __init__(self) -> None:
        self._people: dict[int, dict[tuple[str, str], set[int]]] = {}

    def count(self, day: int, kind: str, word: str, reference: int) -> int:
        """Return how many people an event has had on a day with this one, up to 1,000.

        That is 1 on a day before those that are remembered. The person is remembered: do not call
        it for people who opted out. A `reference` of 0 is nobody.
        """
        if self._people and day < max(self._people) - 1:
            return int(reference != 0)
        people = self._people.setdefault(day, {}).setdefault((kind, word), set())
        if reference and len(people) < MAX_PEOPLE:
            people.add(reference)
        for past in [each for each in self._people if each < max(self._people) - 1]:
            del self._people[past]
        return len(people)

    def forget(self) -> None:
        """Forget everybody. Call after a change of key, which gives everyone another reference."""
        self._people.clear()
