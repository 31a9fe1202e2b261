"""Made-up updates that count as events, and what a report shows of them: sums of updates."""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from analytics import (
    ChatKind,
    Event,
    EventKind,
    InteractionType,
    Membership,
    Period,
    PeriodReport,
)
from tests.support.clock import NOW
from tests.support.outcomes import failed, handled, unanswered
from tests.support.service import SOMEBODY

DAY = timedelta(days=1)
TODAY = NOW.replace(hour=0, minute=0, second=0)
PERIODS = (Period.WEEK, Period.MONTH, Period.QUARTER)
OTHER = "other"
# Kinds that every update may count as.
OPTIONAL = (
    EventKind.START_LINK,
    EventKind.CHAT,
    EventKind.NEW_BY_LANGUAGE,
    EventKind.OWN,
    EventKind.HANDLED,
)
KINDS = [
    InteractionType.MESSAGE,
    InteractionType.COMMAND,
    InteractionType.BUTTON_CLICK,
    InteractionType.MY_CHAT_MEMBER,
    InteractionType.INLINE_QUERY,
    InteractionType.POLL_ANSWER,
]
ERRORS = ("KeyError at shop.py:12", "TypeError at shop.py:30")
IN_CHAT = {
    Membership.BLOCKED: ChatKind.PRIVATE,
    Membership.UNBLOCKED: ChatKind.PRIVATE,
    Membership.ADDED_TO_GROUP: ChatKind.GROUP,
    Membership.REMOVED_FROM_GROUP: ChatKind.GROUP,
    Membership.ADDED_TO_CHANNEL: ChatKind.CHANNEL,
    Membership.REMOVED_FROM_CHANNEL: ChatKind.CHANNEL,
}


@dataclass(frozen=True)
class Update:
    """An update, and the words that it is counted by."""

    person: int
    at: datetime
    kind: InteractionType
    words: tuple[Event, ...]
    is_new: bool

    def has(self, kind: EventKind, word: str | None = None) -> bool:
        """Return whether it counts as a word, or as any of a kind."""
        return any(
            event.kind is kind and word in (None, event.word) and (self.is_new or not event.of_new)
            for event in self.words
        )

    def is_outcome(self, kind: EventKind, subject: str | None = None) -> bool:
        return any(
            event.kind is kind and subject in (None, event.word.split(" ")[0])
            for event in self.words
        )


def some_words(
    chance: random.Random, kind: InteractionType, counted: Sequence[EventKind]
) -> Iterator[Event]:
    """Yield what an update of this type may count as; of some kinds nothing is counted."""
    chat = chance.choice([*ChatKind, ChatKind.PRIVATE, ChatKind.PRIVATE])
    subject = chance.choice(("message", "help"))
    command = chance.choice(("start", "start", "help", None))
    if kind is InteractionType.COMMAND and command:
        yield Event(EventKind.COMMAND, command)
        code = chance.choice(("abc", "def", OTHER, None))
        if command == "start" and code and EventKind.START_LINK in counted:
            yield Event(EventKind.START_LINK, code)
            yield Event(EventKind.NEW_BY_LINK, code, of_new=True)
    button = chance.choice(("page", "vote", None))
    if kind is InteractionType.BUTTON_CLICK and button:
        yield Event(EventKind.BUTTON, button)
    if kind is InteractionType.INLINE_QUERY:
        chat = ChatKind.INLINE
    if kind is InteractionType.POLL_ANSWER:
        chat = ChatKind.OTHER
    if kind is InteractionType.MY_CHAT_MEMBER:
        membership = chance.choice([*Membership, None])
        if membership:
            chat = IN_CHAT[membership]
            yield Event(EventKind.MEMBERSHIP, membership)
    if EventKind.CHAT in counted:
        yield Event(EventKind.CHAT, chat)
    language = chance.choice(("de", "en", OTHER, None))
    if EventKind.NEW_BY_LANGUAGE in counted and language:
        yield Event(EventKind.NEW_BY_LANGUAGE, language, of_new=True)
    own = chance.choice(("order", "refund", None, None))
    if EventKind.OWN in counted and own:
        yield Event(EventKind.OWN, own)
    if EventKind.HANDLED in counted:
        yield from an_outcome(chance, subject)


def an_outcome(chance: random.Random, subject: str) -> Iterator[Event]:
    match chance.randrange(5):
        case 0:
            yield failed(subject)
            yield Event(EventKind.ERROR, chance.choice(ERRORS))
        case 1:
            yield unanswered(subject)
        case _:
            yield handled(subject, chance.choice((0.02, 2)))


def history(
    chance: random.Random,
    groups: int,
    enough: int,
    kinds: Sequence[InteractionType],
    counted: Sequence[EventKind],
) -> list[Update]:
    """Return what some groups of people do, of which each does one thing on one day."""
    done = []
    days = chance.choice([(0,), (0, 3), (0, 10), (0, 0, 3, 10, 40)])
    persons = chance.choice([1, 100])
    for _ in range(groups):
        kind = chance.choice(kinds)
        words = tuple(some_words(chance, kind, counted))
        at = NOW - chance.choice(days) * DAY - timedelta(hours=chance.random())
        first = SOMEBODY + chance.randrange(persons)
        size = chance.choice((1, enough - 1, enough, enough + 1, 2 * enough))
        done += [(at, first + number, kind, words) for number in range(size)]
    known = set[int]()
    updates = []
    for at, person, kind, words in sorted(done, key=lambda each: each[:2]):
        updates.append(Update(person, at, kind, words, person not in known))
        known.add(person)
    return updates


# A number that is shown, and the updates that it is the sum of.
Number = tuple[int, frozenset[int]]


class Shown:
    """The numbers of a report, each under a name, with the updates that it is the sum of."""

    def __init__(self, report: PeriodReport, updates: Sequence[Update]) -> None:
        since = TODAY - report.period.length + DAY
        self.here = {at: each for at, each in enumerate(updates) if each.at >= since}
        self.numbers: dict[str, Number] = {}
        # What a total is made of: the total, and what is left of it beside the parts.
        self.parts: list[tuple[str, list[str]]] = []
        self._learn(report)

    def region(self, is_in: Callable[[Update], bool]) -> frozenset[int]:
        return frozenset(at for at, each in self.here.items() if is_in(each))

    def words(self, kind: EventKind, word: str | None = None) -> frozenset[int]:
        return self.region(lambda each: each.has(kind, word))

    def types(self, kind: str) -> frozenset[int]:
        return self.region(lambda each: each.kind == kind)

    def outcomes(self, kind: EventKind, subject: str | None = None) -> frozenset[int]:
        return self.region(lambda each: each.is_outcome(kind, subject))

    def add(self, name: str, number: int | None, region: frozenset[int]) -> None:
        if number is not None:
            self.numbers[name] = number, region

    def add_words(self, kind: EventKind, counts: dict[str, int], total: frozenset[int]) -> None:
        """Add rows by word; `other` is what is left of the total."""
        left = total
        for word, number in counts.items():
            if word != OTHER:
                region = self.words(kind, word)
                self.add(f"{kind} {word}", number, region)
                left -= region
        if OTHER in counts or total:
            self.add(f"{kind} {OTHER}", counts.get(OTHER, 0), left)

    def part(self, total: str, *parts: str) -> None:
        self.parts.append((total, [each for each in parts if each in self.numbers]))

    def _learn(self, report: PeriodReport) -> None:
        events = report.events
        assert events is not None
        everything = self.region(lambda _: True)
        self.add("interactions", report.interactions, everything)
        self.add("new", report.new_users, self.region(lambda each: each.is_new))
        for kind, number in report.interaction_types_breakdown.items():
            if kind != OTHER:
                region = self.types(kind)
                self.add(f"type {kind}", number, region)
        for type_kind, kind, counts in (
            (InteractionType.COMMAND, EventKind.COMMAND, report.commands),
            (InteractionType.BUTTON_CLICK, EventKind.BUTTON, events.buttons),
        ):
            if counts:
                of_type = self.types(type_kind)
                self.add_words(kind, counts, of_type)
        if events.chats:
            self.add_words(EventKind.CHAT, events.chats, everything)
        if events.languages:
            new = self.region(lambda each: each.is_new)
            self.add_words(EventKind.NEW_BY_LANGUAGE, events.languages, new)
        self._learn_memberships(report)
        self._learn_links(report)
        self._learn_outcomes(report)
        own = {word: each.count for word, each in events.own_events.items()}
        self.add_words(
            EventKind.OWN,
            own,
            self.words(EventKind.OWN) if OTHER in own else frozenset(),
        )

    def _learn_memberships(self, report: PeriodReport) -> None:
        events = report.events
        assert events is not None
        for word, number in (
            (Membership.BLOCKED, report.blocked),
            (Membership.UNBLOCKED, report.unblocked),
            (Membership.ADDED_TO_GROUP, events.added_to_groups),
            (Membership.REMOVED_FROM_GROUP, events.removed_from_groups),
            (Membership.ADDED_TO_CHANNEL, events.added_to_channels),
            (Membership.REMOVED_FROM_CHANNEL, events.removed_from_channels),
        ):
            region = self.words(EventKind.MEMBERSHIP, word)
            self.add(f"membership {word}", number, region)
        memberships = [f"membership {word}" for word in Membership]
        self.part("type my_chat_member", *memberships)
        self.part("interactions", *memberships)
        insides = {chat: list[str]() for chat in ChatKind}
        for word, chat in IN_CHAT.items():
            insides[chat].append(f"membership {word}")
        insides[ChatKind.INLINE].append("type inline_query")
        insides[ChatKind.OTHER].append("type poll_answer")
        for chat, inside in insides.items():
            total = f"chat {chat}"
            if total in self.numbers:
                self.part(total, *inside)
            else:
                insides[ChatKind.OTHER] += inside
        self.part(f"chat {OTHER}", *insides[ChatKind.OTHER])

    def _learn_links(self, report: PeriodReport) -> None:
        assert report.events is not None
        links = report.events.start_links
        named = [code for code in links if code != OTHER]
        start = self.words(EventKind.START_LINK)
        new = self.words(EventKind.NEW_BY_LINK)
        for kind, of_kind in ((EventKind.START_LINK, start), (EventKind.NEW_BY_LINK, new)):
            left = of_kind
            for code in named:
                region = self.words(kind, code)
                number = (
                    links[code].starts if kind is EventKind.START_LINK else links[code].new_users
                )
                self.add(f"{kind} {code}", number, region)
                left -= region
            if OTHER in links:
                other = links[OTHER]
                number = other.starts if kind is EventKind.START_LINK else other.new_users
                own = self.words(kind, OTHER)
                # Where the sum of what is hidden may not be shown, it has the other payloads alone.
                self.add(f"{kind} {OTHER}", number, left if number == len(left) else own)
        self.add(
            "new without",
            report.events.new_users_without_link,
            self.region(lambda each: each.is_new) - new,
        )
        for code in (*named, OTHER):
            self.part(f"start_link {code}", f"new_by_link {code}")
        self.part("new", *(f"new_by_link {code}" for code in (*named, OTHER)))
        starts = [f"start_link {code}" for code in (*named, OTHER)]
        self.part("interactions", *starts)
        self.part("command start" if "command start" in self.numbers else "command other", *starts)

    def _learn_outcomes(self, report: PeriodReport) -> None:
        events = report.events
        assert events is not None
        outcomes, errors = events.outcomes, events.errors
        named = [subject for subject in outcomes if subject != OTHER]
        for kind in (EventKind.HANDLED, EventKind.FAILED, EventKind.UNANSWERED):
            left = self.outcomes(kind)
            if events.all_outcomes:
                self.add(f"all {kind}", getattr(events.all_outcomes, kind), left)
            for subject in named:
                region = self.outcomes(kind, subject)
                self.add(f"{kind} {subject}", getattr(outcomes[subject], kind), region)
                left -= region
            if OTHER in outcomes:
                self.add(f"{kind} {OTHER}", getattr(outcomes[OTHER], kind), left)
            self.part(f"all {kind}", *(f"{kind} {subject}" for subject in outcomes))
        if errors:
            self.add_words(EventKind.ERROR, errors, self.outcomes(EventKind.FAILED))
        self.part("all failed", *(f"error {word}" for word in errors))

    def all_totals(self) -> Iterator[tuple[str, list[str]]]:
        """Yield each total that is shown, and what is shown of it."""
        yield from ((total, parts) for total, parts in self.parts if total in self.numbers)
        for kind, total in (
            ("command", "type command"),
            ("button", "type button_click"),
            ("chat", "interactions"),
            ("new_by_language", "new"),
        ):
            if total in self.numbers:
                yield total, [name for name in self.numbers if name.split(" ")[0] == kind]


def is_of_few(region: frozenset[int], updates: Sequence[Update], enough: int) -> bool:
    return 0 < len({updates[at].person for at in region}) < enough
