"""Make the events of a period from its counts, with what may be shown of them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from analytics.events import EventKind, Membership
from analytics.events.outcome_words import BUCKETS, OUTCOME_TIME_BOUNDS
from analytics.models import InteractionType, StartLink
from analytics.statistics.daily_events.event_masks import ShownEvents
from analytics.statistics.daily_events.event_models import (
    LinkCounts,
    OutcomeCounts,
    OwnEventCounts,
    PeriodEvents,
)
from analytics.statistics.daily_events.totals import by_name, share
from analytics.statistics.outcomes import Outcome, by_subject, overall
from analytics.statistics.report_models import PeriodReport

OTHER = InteractionType.OTHER.value
HALF, MOST = 0.5, 0.95
WITHIN_MS = {
    bucket: round(1000 * bound) for bucket, bound in zip(BUCKETS, OUTCOME_TIME_BOUNDS, strict=False)
}

# Kind to word to count.
Counts = Mapping[str, Mapping[str, int]]


def with_events(
    report: PeriodReport, counts: Counts, shown: ShownEvents, links: Sequence[StartLink]
) -> PeriodReport:
    """Return a report of whole days with the events that may be shown, beside what it shows."""
    types = report.interaction_types_breakdown
    memberships = _memberships(counts, shown)
    return replace(
        report,
        commands=by_name(
            _named(counts, shown, EventKind.COMMAND), types.get(InteractionType.COMMAND, 0)
        ),
        blocked=memberships[Membership.BLOCKED],
        unblocked=memberships[Membership.UNBLOCKED],
        events=_period_events(report, counts, shown, links),
    )


def _period_events(
    report: PeriodReport, counts: Counts, shown: ShownEvents, links: Sequence[StartLink]
) -> PeriodEvents:
    types = report.interaction_types_breakdown
    memberships = _memberships(counts, shown)
    start_links, without = _start_links(counts, shown, links, report.new_users)
    whole, outcomes = _outcomes(counts, shown)
    languages = _named(counts, shown, EventKind.NEW_BY_LANGUAGE)
    has_languages = bool(counts.get(EventKind.NEW_BY_LANGUAGE))
    return PeriodEvents(
        buttons=by_name(
            _named(counts, shown, EventKind.BUTTON), types.get(InteractionType.BUTTON_CLICK, 0)
        ),
        chats=by_name(_named(counts, shown, EventKind.CHAT), report.interactions or 0),
        start_links=start_links,
        new_users_without_link=without,
        languages=by_name(languages, report.new_users or 0) if has_languages else {},
        own_events=_own_events(counts, shown, report.active_users),
        added_to_groups=memberships[Membership.ADDED_TO_GROUP],
        removed_from_groups=memberships[Membership.REMOVED_FROM_GROUP],
        added_to_channels=memberships[Membership.ADDED_TO_CHANNEL],
        removed_from_channels=memberships[Membership.REMOVED_FROM_CHANNEL],
        all_outcomes=whole,
        outcomes=outcomes,
        errors=by_name(_named(counts, shown, EventKind.ERROR), whole.failed) if whole else {},
    )


def _named(counts: Counts, shown: ShownEvents, kind: EventKind) -> dict[str, int]:
    """Return the counts of those words of a kind that may be shown by name."""
    return {word: n for word, n in counts.get(kind, {}).items() if word in shown.words[kind]}


def _memberships(counts: Counts, shown: ShownEvents) -> dict[Membership, int | None]:
    """Return how often each change of the bot's place in a chat occurred; None if hidden."""
    found, names = counts.get(EventKind.MEMBERSHIP, {}), shown.words[EventKind.MEMBERSHIP]
    return {each: found.get(each, 0) if each in names else None for each in Membership}


def _own_events(
    counts: Counts, shown: ShownEvents, active_users: int | None
) -> dict[str, OwnEventCounts]:
    named = _named(counts, shown, EventKind.OWN)
    everything = sum(counts.get(EventKind.OWN, {}).values())
    total = everything if EventKind.OWN in shown.others else sum(named.values())
    return {
        word: OwnEventCounts(
            count=count, per_active_user=count / active_users if active_users else None
        )
        for word, count in by_name(named, total).items()
    }


def _start_links(
    counts: Counts, shown: ShownEvents, links: Sequence[StartLink], new_users: int | None
) -> tuple[dict[str, LinkCounts], int | None]:
    """Return the counts of each link, and the new users without one; None if hidden."""
    starts = counts.get(EventKind.START_LINK, {})
    new = counts.get(EventKind.NEW_BY_LINK, {})
    if new_users is not None and sum(new.values()) > new_users:
        new = share(new, new_users)  # some of them have been erased
    names = {each.code: each.name for each in links}
    live = {each.code for each in links if each.retired is None}
    codes = shown.words[EventKind.START_LINK]
    # As `other`, with what is hidden if that may be shown.
    hidden = starts.keys() - codes if EventKind.START_LINK in shown.others else set[str]()
    has_new = new_users is not None and EventKind.NEW_BY_LINK in shown.others

    def counted(name: str | None, words: Collection[str], *, has_new: bool) -> LinkCounts:
        return LinkCounts(
            name=name,
            starts=sum(starts.get(word, 0) for word in words),
            new_users=sum(new.get(word, 0) for word in words) if has_new else None,
        )

    rows = [
        (code, counted(names.get(code), {code}, has_new=new_users is not None))
        for code in live.union(starts) - {OTHER}
        if code in codes or code not in starts
    ]
    rows.sort(key=lambda row: (-row[1].starts, row[1].name or "", row[0]))
    if others := hidden | (starts.keys() & codes & {OTHER}):
        is_known = has_new if hidden else new_users is not None
        rows.append((OTHER, counted(None, others, has_new=is_known)))
    without = max(0, (new_users or 0) - sum(new.values())) if has_new else None
    return dict(rows), without


def _outcomes(
    counts: Counts, shown: ShownEvents
) -> tuple[OutcomeCounts | None, dict[str, OutcomeCounts]]:
    """Return the outcomes of all subjects together, None if hidden, and those of each."""
    found = by_subject(counts)
    is_whole = EventKind.HANDLED in shown.others
    named = shown.subjects - {OTHER} if is_whole else shown.subjects
    rows = [each for each in found if each.subject in named]
    left = [each for each in found if each.subject not in named]
    if left and is_whole:
        rows.append(replace(overall(left), subject=OTHER))
    rows.sort(key=lambda each: (-each.failed_share, -each.failed, -each.unanswered, -each.handled))
    whole = _outcome(overall(found)) if is_whole else None
    return whole, {each.subject: _outcome(each) for each in rows}


def _outcome(outcome: Outcome) -> OutcomeCounts:
    half, most = (WITHIN_MS.get(outcome.within(part) or "") for part in (HALF, MOST))
    return OutcomeCounts(
        handled=outcome.handled,
        failed=outcome.failed,
        unanswered=outcome.unanswered,
        half_within_ms=half,
        most_within_ms=most,
    )
