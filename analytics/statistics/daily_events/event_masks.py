"""Decide which events may be shown, with a plan of what is shown of the interactions."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import NamedTuple

from analytics.calendar import Calendar
from analytics.events import ChatKind, EventKind, Membership
from analytics.events.outcome_words import subject_and_bucket
from analytics.models import InteractionType
from analytics.statistics.daily_events.shown_words import REST, Part, Words, within_totals
from analytics.statistics.suppression import END, Plan
from analytics.store_types import DayOfEvent

START = "start"
STARTS, NEW = EventKind.START_LINK, EventKind.NEW_BY_LINK
OUTCOMES = (EventKind.HANDLED, EventKind.FAILED, EventKind.UNANSWERED)
# The type whose interactions a kind of event names; those of CHAT are of all types.
TYPES: Mapping[EventKind, InteractionType | None] = MappingProxyType(
    {
        EventKind.COMMAND: InteractionType.COMMAND,
        EventKind.BUTTON: InteractionType.BUTTON_CLICK,
        EventKind.MEMBERSHIP: InteractionType.MY_CHAT_MEMBER,
        EventKind.CHAT: None,
    }
)
# What can only be in a chat of this kind, and is shown by itself.
IN_CHATS: Mapping[str, Collection[str]] = MappingProxyType(
    {
        ChatKind.PRIVATE: (
            InteractionType.BUSINESS_MESSAGE,
            InteractionType.EDITED_BUSINESS_MESSAGE,
            Membership.BLOCKED,
            Membership.UNBLOCKED,
        ),
        ChatKind.GROUP: (Membership.ADDED_TO_GROUP, Membership.REMOVED_FROM_GROUP),
        ChatKind.CHANNEL: (Membership.ADDED_TO_CHANNEL, Membership.REMOVED_FROM_CHANNEL),
        ChatKind.INLINE: (InteractionType.INLINE_QUERY, InteractionType.CHOSEN_INLINE_RESULT),
        ChatKind.OTHER: (
            InteractionType.BUSINESS_CONNECTION,
            InteractionType.SHIPPING_QUERY,
            InteractionType.PRE_CHECKOUT_QUERY,
            InteractionType.PURCHASED_PAID_MEDIA,
            InteractionType.POLL_ANSWER,
            InteractionType.MANAGED_BOT,
            InteractionType.SUBSCRIPTION,
        ),
    }
)


class Ring(NamedTuple):
    """The days of a period that are not in the next shorter one."""

    begin: int
    """In Unix seconds, as `end`, before which it ends."""
    end: int
    days: range
    new_users: int
    rows: Sequence[DayOfEvent]

    def of(self, *kinds: EventKind) -> list[DayOfEvent]:
        return [each for each in self.rows if each.kind in kinds]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownEvents:
    """The words of each kind that may be shown by name: the same ones in every period.

    `others` has the kinds whose other words may be shown as a sum of their own, beside a total.
    """

    words: Mapping[EventKind, Set[str]]
    subjects: Set[str]
    """Those of outcomes."""
    others: Set[EventKind]


def everything(counts: Mapping[str, Mapping[str, int]]) -> ShownEvents:
    """Return that all words may be shown; `counts` are by kind and word."""
    words = {kind: set(counts.get(kind, ())) for kind in EventKind}
    words[EventKind.MEMBERSHIP] = set(Membership)
    subjects = {subject_and_bucket(word)[0] for word in words[EventKind.HANDLED]}
    subjects |= words[EventKind.FAILED] | words[EventKind.UNANSWERED]
    return ShownEvents(words=words, subjects=subjects, others=set(EventKind))


def shown_events(rings: Sequence[Ring], plan: Plan, calendar: Calendar) -> ShownEvents:
    """Return the words that may be shown in the periods that `rings` are of."""
    words: dict[EventKind, Set[str]] = {}
    others = {*TYPES, EventKind.NEW_BY_LANGUAGE}
    for kind in (EventKind.COMMAND, EventKind.BUTTON, EventKind.MEMBERSHIP):
        with_rest = [[*ring.of(kind), *_rest(ring, kind, plan, calendar)] for ring in rings]
        words[kind] = within_totals(Words(with_rest, plan.enough))
    words[EventKind.MEMBERSHIP] = _memberships(rings, plan, words[EventKind.MEMBERSHIP])
    words[EventKind.CHAT] = _chats(rings, plan, calendar)
    by_language = EventKind.NEW_BY_LANGUAGE
    languages = [[*ring.of(by_language), *_rest_of_new(ring, by_language)] for ring in rings]
    words[by_language] = within_totals(Words(languages, plan.enough))
    links, others_of_links = _links(rings, plan, words[EventKind.COMMAND])
    words |= dict.fromkeys((STARTS, NEW), links)
    own = Words([ring.of(EventKind.OWN) for ring in rings], plan.enough)
    words[EventKind.OWN] = {word for word in own.all if own.may_be_shown([word])}
    if own.may_be_shown(own.all - words[EventKind.OWN]):
        others.add(EventKind.OWN)
    subjects, are_all = _subjects(rings, plan)
    words[EventKind.ERROR] = set()
    if are_all:
        # The total of failures is shown, and that of errors is the same.
        others |= {EventKind.HANDLED, EventKind.ERROR}
        errors = Words([ring.of(EventKind.ERROR) for ring in rings], plan.enough)
        words[EventKind.ERROR] = within_totals(errors)
    return ShownEvents(words=words, subjects=subjects, others=others | others_of_links)


def _rest(ring: Ring, kind: EventKind, plan: Plan, calendar: Calendar) -> Iterable[DayOfEvent]:
    """Yield what a ring has in a type but in no word of its kind, unless there is nothing.

    On a day, that is of at least as many people as the type has more than its words have counts.
    """
    of_type = TYPES[kind]
    counts = plan.counts(ring.begin, ring.end)
    total = counts.total() if of_type is None else counts[of_type]
    by_day = Counter[int]()
    for row in ring.of(kind):
        by_day[row.day] += row.count
    if total > by_day.total():
        people = (
            plan.people(*calendar.window(day), of_type) - by_day[day]
            for day in ring.days
            if by_day[day] < plan.enough
        )
        rest = total - by_day.total()
        yield DayOfEvent(ring.days.start, kind, REST, rest, max(0, max(people, default=0)))


def _without(row: DayOfEvent, times: int) -> DayOfEvent | None:
    """Return what is left of a row without so many of its counts, None if nothing is."""
    if row.count <= times:
        return None
    people = max(0, row.people - times)
    return replace(row, count=row.count - times, people=people)


def _rest_of_new(ring: Ring, kind: EventKind) -> Iterable[DayOfEvent]:
    """Yield the new users of a ring who are in no word of a kind, unless there are none."""
    rest = ring.new_users - sum(each.count for each in ring.of(kind))
    if rest > 0:
        yield DayOfEvent(ring.days.start, kind, REST, rest, rest)


def _is_shown(rings: Sequence[Ring], plan: Plan, of_type: InteractionType) -> bool:
    """Return whether a type is shown by its name in every period in which it occurs."""
    periods = [(ring.begin, END) for ring in rings]
    return all(
        of_type in (plan.types(*period) or {})
        for period in periods
        if plan.counts(*period)[of_type]
    )


def _are_whole(rings: Sequence[Ring], plan: Plan, kind: EventKind) -> bool:
    """Return whether no more is counted by the words of a kind than there are interactions.

    Else some of these have been erased. A number by word that is compared with what is left of them
    would tell what that person did.
    """
    of_type = TYPES[kind]
    for ring in rings:
        counts = plan.counts(ring.begin, ring.end)
        total = counts.total() if of_type is None else counts[of_type]
        if sum(each.count for each in ring.of(kind)) > total:
            return False
    return True


def _memberships(rings: Sequence[Ring], plan: Plan, shown: Set[str]) -> Set[str]:
    """Return those of the words that may be shown, with those that never occurred.

    Nothing else may if some of their interactions are hidden, or have been erased.
    """
    words = {each.event for ring in rings for each in ring.of(EventKind.MEMBERSHIP)}
    never = {*Membership} - words
    if not _is_shown(rings, plan, InteractionType.MY_CHAT_MEMBER):
        return never
    return never | shown if _are_whole(rings, plan, EventKind.MEMBERSHIP) else never


def _chats(rings: Sequence[Ring], plan: Plan, calendar: Calendar) -> Set[str]:
    """Return the kinds of chat that may be shown, beside what can only be in one of them."""
    left: list[list[DayOfEvent]] = []
    parts: list[list[Part]] = []
    for ring in rings:
        left.append([*_rest(ring, EventKind.CHAT, plan, calendar)])
        parts.append([])
        for row in ring.of(EventKind.CHAT):
            inside = [*_inside(ring, row, plan, calendar)]
            parts[-1] += inside
            known = sum(part.times for part in inside)
            if row.count > known:
                people = max(0, row.people - known)
                left[-1].append(DayOfEvent(row.day, row.kind, row.event, row.count - known, people))
    return within_totals(Words(left, plan.enough, parts))


def _inside(ring: Ring, chat: DayOfEvent, plan: Plan, calendar: Calendar) -> Iterable[Part]:
    """Yield what is shown by itself of a day in a kind of chat."""
    words, window = IN_CHATS[chat.event], calendar.window(chat.day)
    counts = plan.counts(*window)
    for word in words:
        if counts[word]:
            yield Part(chat.event, word, counts[word], plan.people(*window, word))
    for row in ring.of(EventKind.MEMBERSHIP):
        if row.day == chat.day and row.event in words:
            yield Part(chat.event, row.event, row.count, row.people)


def _links(
    rings: Sequence[Ring], plan: Plan, commands: Set[str]
) -> tuple[Set[str], Set[EventKind]]:
    """Return the codes whose starts and new users may be shown, and the kinds of `others`.

    Starts are some of the command that they come with, and new users some of the starts.
    """
    if not (
        _is_shown(rings, plan, InteractionType.COMMAND)
        and _are_whole(rings, plan, EventKind.COMMAND)
        and all(sum(each.count for each in ring.of(NEW)) <= ring.new_users for ring in rings)
    ):
        return set(), set()
    starts, of_known, new = (
        Words([rows(ring) for ring in rings], plan.enough)
        for rows in (
            lambda ring: [*ring.of(STARTS), *_rest_of_starts(ring, plan, commands)],
            _starts_of_known,
            lambda ring: [*ring.of(NEW), *_rest_of_new(ring, NEW)],
        )
    )
    codes = within_totals(starts, of_known, new)
    left = (starts.all | new.all) - codes - {REST}
    are_fine = all(each.may_be_shown(left) for each in (starts, of_known, new))
    if not (are_fine and starts.may_be_shown({REST})):
        return codes, set()
    return codes, {STARTS, NEW} if new.may_be_shown({REST}) else {STARTS}


def _starts_of_known(ring: Ring) -> Iterable[DayOfEvent]:
    """Yield the starts by each link that are not of new users."""
    new = {(each.day, each.event): each.count for each in ring.of(NEW)}
    for row in ring.of(STARTS):
        if left := _without(row, new.get((row.day, row.event), 0)):
            yield left


def _rest_of_starts(ring: Ring, plan: Plan, commands: Set[str]) -> Iterable[DayOfEvent]:
    """Yield the starts of a ring by no link, unless there are none.

    They are what is left of /start, or of the other commands if that is among them.
    """
    by_day = Counter[int]()
    for row in ring.of(STARTS):
        by_day[row.day] += row.count
    of_commands = ring.of(EventKind.COMMAND)
    of_start = [each for each in of_commands if each.event == START]
    total = sum(each.count for each in of_start)
    if START not in commands:
        named = sum(each.count for each in of_commands if each.event in commands)
        total = plan.counts(ring.begin, ring.end)[InteractionType.COMMAND] - named
    people = max((each.people - by_day[each.day] for each in of_start), default=0)
    if total > by_day.total():
        rest = total - by_day.total()
        yield DayOfEvent(ring.days.start, STARTS, REST, rest, max(0, people))


def _subjects(rings: Sequence[Ring], plan: Plan) -> tuple[Set[str], bool]:
    """Return the subjects whose outcomes may be shown, and whether those of all others may.

    None may if interactions have been erased of which outcomes are left.
    """
    if not all(_are_whole(rings, plan, kind) for kind in (EventKind.COMMAND, EventKind.BUTTON)):
        return set(), False
    for ring in rings:
        # Those of no person, such as posts in channels, are no interactions.
        counted = sum(each.count for each in ring.of(*OUTCOMES) if each.people)
        if counted > plan.counts(ring.begin, ring.end).total():
            return set(), False
    outcomes = [
        Words([[_by_subject(each) for each in ring.of(kind)] for ring in rings], plan.enough)
        for kind in OUTCOMES
    ]
    subjects = set[str]().union(*(each.all for each in outcomes))
    shown = {
        subject for subject in subjects if all(each.may_be_shown({subject}) for each in outcomes)
    }
    return shown, all(each.may_be_shown(subjects - shown) for each in outcomes)


def _by_subject(row: DayOfEvent) -> DayOfEvent:
    if row.kind != EventKind.HANDLED:
        return row
    subject, _bucket = subject_and_bucket(row.event)
    return DayOfEvent(row.day, row.kind, subject, row.count, row.people)
