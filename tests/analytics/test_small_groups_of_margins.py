"""With BREAKDOWN_MIN_USERS, several tables together tell nothing of few people either.

A table by type, one by kind of chat, and those of commands, buttons and memberships count the same
updates. All that they say are linear equations about how many updates there are of each type, word
and kind of chat; whoever solves them must not learn what few people did.
"""

import random
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import combinations, product
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics import (
    ChatKind,
    Event,
    EventKind,
    Interaction,
    InteractionType,
    Membership,
    Period,
)
from tests.support.clock import NOW
from tests.support.equations import PRIME, reduce
from tests.support.examples import examples
from tests.support.outcomes import handled
from tests.support.service import SOMEBODY, open_service, run_once
from tests.support.shown_events import (
    DAY,
    IN_CHAT,
    KINDS,
    PERIODS,
    Shown,
    Update,
    history,
    is_of_few,
)

HOUR = timedelta(hours=1)
# Days ago, each in a longer one of the periods only.
RINGS = (0, 10, 40)
WORDS = {
    InteractionType.COMMAND: (EventKind.COMMAND, ("start", "help")),
    InteractionType.BUTTON_CLICK: (EventKind.BUTTON, ("page", "vote")),
    InteractionType.MY_CHAT_MEMBER: (EventKind.MEMBERSHIP, tuple(Membership)),
}
# The first words of the numbers in these tables.
TABLES = {"interactions", "type", "command", "button", "membership", "chat"}
ONLY_IN = {
    InteractionType.INLINE_QUERY: ChatKind.INLINE,
    InteractionType.POLL_ANSWER: ChatKind.OTHER,
}


def imaginable() -> Iterator[Update]:
    """Yield an update of each kind that there may be, as whoever sees a report knows."""
    for days, kind in product(RINGS, KINDS):
        of_kind, words = WORDS.get(kind, (EventKind.OWN, ()))
        for word, chat in product((None, *words), ChatKind):
            expected = IN_CHAT[word] if isinstance(word, Membership) else ONLY_IN.get(kind)
            if expected in (None, chat):
                events = [Event(EventKind.CHAT, chat)]
                events += [Event(of_kind, word)] if word else []
                yield Update(0, NOW - days * DAY, kind, tuple(events), is_new=False)


class Attack:
    """What follows from some reports about each sort of update."""

    def __init__(self, shown: Sequence[Shown], updates: Sequence[Update]) -> None:
        sorts: dict[object, int] = {}
        self._sort = [sorts.setdefault(_sort(each), len(sorts)) for each in updates]
        known = [
            (self.sorts(region), number)
            for each in shown
            for name, (number, region) in each.numbers.items()
            if name.split(" ")[0] in TABLES
        ]
        self._none = _that_are_none(known)
        self._rows: dict[int, dict[int, int]] = {}
        for sorts_here, _number in known:
            self._learn(sorts_here)

    def sorts(self, region: frozenset[int]) -> frozenset[int]:
        return frozenset(self._sort[at] for at in region)

    def knows(self, region: frozenset[int]) -> bool:
        """Return whether the number of updates in a region follows from the reports."""
        return not reduce(self._vector(self.sorts(region)), self._rows)

    def _learn(self, sorts: frozenset[int]) -> None:
        if left := reduce(self._vector(sorts), self._rows):
            at = min(left)
            inverse = pow(left[at], -1, PRIME)
            self._rows[at] = {each: value * inverse % PRIME for each, value in left.items()}

    def _vector(self, sorts: frozenset[int]) -> dict[int, int]:
        return dict.fromkeys(sorts - self._none, 1)


def _sort(update: Update) -> object:
    """Return all by which updates are told apart."""
    ring = next(days for days in reversed(RINGS) if update.at <= NOW - days * DAY + DAY)
    return ring, update.kind, frozenset(update.words)


def _that_are_none(known: list[tuple[frozenset[int], int]]) -> frozenset[int]:
    """Return the sorts of which there can be none: all of a larger sort are of a smaller one."""
    none = frozenset[int]()
    while True:
        here = [(sorts - none, number) for sorts, number in known]
        found = none.union(
            *(sorts for sorts, number in here if not number),
            *(
                larger - smaller
                for smaller, few in here
                for larger, many in here
                if few == many and smaller < larger
            ),
        )
        if found == none:
            return none
        none = found


@pytest.mark.thorough
@settings(max_examples=examples(30))
@given(
    chance=st.randoms(use_true_random=False),
    groups=st.integers(1, 9),
    enough=st.integers(2, 5),
    kinds=st.lists(st.sampled_from(KINDS), min_size=1, unique=True),
)
async def test_tables_of_the_same_updates_together_tell_nothing_of_few_people(
    chance: random.Random, groups: int, enough: int, kinds: list[InteractionType]
) -> None:
    updates = history(chance, groups, enough, kinds, [EventKind.CHAT])
    with tempfile.TemporaryDirectory() as name:
        await run_once(Path(name), clock=lambda: NOW - 2000 * DAY)
        async with open_service(Path(name), breakdown_min_users=enough) as analytics:
            await analytics.record(
                [Interaction(each.person, each.kind, each.at) for each in updates],
                None,
                [each.words for each in updates],
            )
            reports = [await analytics.reports.period(period) for period in PERIODS]
    everything = [*updates, *imaginable()]
    shown = [Shown(report, everything) for report in reports]
    attack = Attack(shown, everything)

    real = frozenset(range(len(updates)))
    for each in shown:
        of_type = {str(kind): each.types(kind) for kind in KINDS}
        of_word = {
            f"{kind} {word}": each.words(kind, word)
            for kind, words in WORDS.values()
            for word in words
        }
        of_chat = {str(chat): each.words(EventKind.CHAT, chat) for chat in ChatKind}
        asked = of_type | of_word | of_chat
        for (name, here), (other, there) in combinations(asked.items(), 2):
            asked |= {f"{name}, {other}": here & there, f"{name}, not {other}": here - there}
        for name, region in asked.items():
            if is_of_few(region & real, updates, enough):
                assert not attack.knows(region), name


@pytest.mark.parametrize("enough", [1, 3])
async def test_numbers_by_word_do_not_tell_what_an_erased_person_did(
    tmp_path: Path, enough: int
) -> None:
    """An erasure takes interactions away, and leaves the words that they were counted by."""
    page = (Event(EventKind.BUTTON, "page"), handled("button:page", 0.02))
    async with open_service(tmp_path, breakdown_min_users=enough) as analytics:
        link = await analytics.links.make("channel-ad")
        start = (
            Event(EventKind.COMMAND, "start"),
            Event(EventKind.START_LINK, link.code),
            Event(EventKind.NEW_BY_LINK, link.code, of_new=True),
            handled("/start", 0.02),
        )
        for kind, words in (
            (InteractionType.COMMAND, start),
            (InteractionType.BUTTON_CLICK, page),
        ):
            said = [Interaction(SOMEBODY + person, kind, NOW) for person in range(9)]
            await analytics.record(said, None, [words] * 9)
        before = await analytics.reports.period(Period.WEEK)
        await analytics.people.erase(SOMEBODY)
        after = await analytics.reports.period(Period.WEEK)

    assert before.events is not None
    assert after.events is not None
    assert list(before.events.outcomes) == ["/start", "button:page"]
    assert before.events.start_links[link.code].starts == before.commands["start"] == 9
    assert (after.commands, after.events.buttons) == ({"start": 8}, {"page": 8})
    # What is left of nine beside eight would be theirs.
    is_limited = enough > 1
    assert (after.events.start_links == {}) is is_limited
    assert (after.events.outcomes == {}) is is_limited
    assert (after.events.all_outcomes is None) is is_limited


async def test_new_users_by_link_do_not_tell_of_an_erased_person(tmp_path: Path) -> None:
    async with open_service(tmp_path, breakdown_min_users=3) as analytics:
        link = await analytics.links.make("channel-ad")
        start = (
            Event(EventKind.COMMAND, "start"),
            Event(EventKind.START_LINK, link.code),
            Event(EventKind.NEW_BY_LINK, link.code, of_new=True),
        )
        said = [Interaction(SOMEBODY + each, InteractionType.COMMAND, NOW) for each in range(9)]
        # Five of them also sent a command that is no word of the bot's own, the day before.
        late = [replace(each, timestamp=NOW - DAY) for each in said[1:6]]
        await analytics.record([*said, *late], None, [*[start] * 9, *[()] * 5])
        before = (await analytics.reports.period(Period.WEEK)).events
        await analytics.people.erase(SOMEBODY)
        after = (await analytics.reports.period(Period.WEEK)).events

    assert before is not None
    assert after is not None
    # The starts of those who were not new would be theirs.
    assert list(before.start_links) == [link.code]
    assert after.start_links == {}


async def test_a_day_that_is_deleted_in_part_hides_no_other_day(tmp_path: Path) -> None:
    """Its words go when its first interactions do, or what is left of them would tell of these."""
    start = (Event(EventKind.COMMAND, "start"), handled("/start", 0.02))
    cut = NOW - 30 * DAY
    async with open_service(tmp_path, breakdown_min_users=3, retention_days=30) as analytics:
        for at, people in ((cut - HOUR, 4), (cut + HOUR, 5), (NOW - DAY, 9)):
            said = [Interaction(SOMEBODY + n, InteractionType.COMMAND, at) for n in range(people)]
            await analytics.record(said, None, [start] * people)
        assert await analytics.cleanup_old_interactions() == 4
        quarter = await analytics.reports.period(Period.QUARTER)

    assert quarter.interactions == 14
    assert quarter.commands == {"start": 9, "other": 5}
    assert quarter.events is not None
    assert quarter.events.outcomes["/start"].handled == 9
