"""Decide which words may be shown: a number must not tell of fewer people than the minimum.

Nor must the difference of two: of a word in two periods, of a total and the words below it, or of a
word and the parts of it that are shown elsewhere.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from analytics.store_types import DayOfEvent

# What is in a total, but in no word of the kind.
REST = ""


class Part(NamedTuple):
    """A part of a word that is shown elsewhere, on a day; it was of at least so many people."""

    word: str
    name: str
    times: int
    people: int


class Words:
    """The words of one kind, in the rings of days by which the periods differ.

    These are the days of the shortest period, those that the next longer one adds, and so on. How
    many people several words had together is not known, but at least as many as one of them had.
    """

    def __init__(
        self,
        rings: Sequence[Iterable[DayOfEvent]],
        enough: int,
        parts: Sequence[Iterable[Part]] = (),
    ) -> None:
        """Take the days of words in each ring, in any order, and the fewest people to be shown.

        Where some of a word is shown elsewhere, `parts` has that in each ring, and `rings` the rest
        of it.
        """
        self._enough = enough
        self._counts = [Counter[str]() for _ in rings]
        self._people = [Counter[str]() for _ in rings]
        # The words of a ring with a part of too few people.
        self._exposed = [set[str]() for _ in rings]
        self._sizes = Counter[str]()
        for ring, counts, people in zip(rings, self._counts, self._people, strict=True):
            for each in ring:
                counts[each.event] += each.count
                people[each.event] = max(people[each.event], each.people)
            self._sizes += counts
        for shown, exposed in zip(parts, self._exposed, strict=False):
            most = Counter[tuple[str, str]]()
            for part in shown:
                self._sizes[part.word] += part.times
                most[part.word, part.name] = max(most[part.word, part.name], part.people)
            exposed |= {word for (word, _name), people in most.items() if people < enough}

    @property
    def all(self) -> set[str]:
        """All words, and REST if there is any."""
        return {word for word, count in self._sizes.items() if count}

    def may_be_shown(self, words: Collection[str]) -> bool:
        """Return whether the sum of words tells of enough people, or of none, in each ring."""
        return all(
            max(people[word] for word in words) >= self._enough
            if any(counts[word] for word in words)
            else exposed.isdisjoint(words)
            for counts, people, exposed in zip(
                self._counts, self._people, self._exposed, strict=True
            )
        )

    def size(self, word: str) -> int:
        """Return how often a word was counted in all rings."""
        return self._sizes[word]


def within_totals(*kinds: Words) -> set[str]:
    """Return the words that may be shown if the sum of all words and REST is, of each kind.

    Unless none is returned, what is left for the others may then be shown as well. Those that are
    used most take precedence.
    """
    everything = set[str]().union(*(each.all for each in kinds))
    names = {
        word for word in everything - {REST} if all(each.may_be_shown({word}) for each in kinds)
    }
    while names and not all(each.may_be_shown(everything - names) for each in kinds):
        names.remove(min(names, key=lambda name: (sum(each.size(name) for each in kinds), name)))
    return names
