"""Reports and histories of any numbers, for Hypothesis."""

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import available_timezones

from hypothesis import strategies as st

from analytics import (
    Bucket,
    ChatKind,
    Cohort,
    Cohorts,
    History,
    InteractionType,
    LinkCounts,
    Missing,
    Note,
    OutcomeCounts,
    OwnEventCounts,
    Period,
    PeriodEvents,
    PeriodReport,
)
from analytics.statistics.export import Aggregates

COUNTS = st.integers(0, 10**12)
MAYBE = st.none() | COUNTS
# Of any offset, as reports have them; a week before each is a date, too.
OFFSETS = st.integers(-12, 14).map(lambda hours: timezone(timedelta(hours=hours)) if hours else UTC)
MOMENTS = st.datetimes(
    datetime(1, 1, 9),  # noqa: DTZ001 - the bounds
    datetime(9999, 12, 24),  # noqa: DTZ001
    timezones=OFFSETS,
)
ZONES = st.sampled_from(sorted(available_timezones()))
BREAKDOWNS = st.dictionaries(
    st.sampled_from([str(kind) for kind in InteractionType]), st.integers(1, 10**12)
)
# As Telegram takes them.
COMMANDS = st.dictionaries(
    st.from_regex(r"[a-z0-9_]{1,32}", fullmatch=True), st.integers(1, 10**12), max_size=40
)
# One line, as the names of links and notes are; it may look like a formula.
LINES = st.text(
    st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), min_size=1, max_size=60
) | st.sampled_from("=+-@＝＋－＠").map("{}1".format)


# Of events, which pages show beside each other.
EVENT_COUNTS = st.integers(0, 10**7 - 1)


def events(counts: st.SearchStrategy[int] = EVENT_COUNTS) -> st.SearchStrategy[PeriodEvents]:
    """Return events of any words, whose numbers do not add up."""
    maybe = st.none() | counts
    rows = st.dictionaries(LINES, counts, max_size=3)
    outcomes = st.builds(
        OutcomeCounts,
        handled=counts,
        failed=counts,
        unanswered=counts,
        half_within_ms=st.sampled_from([None, 10, 300]),
        most_within_ms=st.sampled_from([None, 100, 10_000]),
    )
    return st.builds(
        PeriodEvents,
        buttons=rows,
        chats=st.dictionaries(st.sampled_from(ChatKind).map(str), counts, max_size=3),
        start_links=st.dictionaries(
            st.from_regex(r"[a-z2-9]{6}|other", fullmatch=True),
            st.builds(LinkCounts, name=st.none() | LINES, starts=counts, new_users=maybe),
            max_size=3,
        ),
        new_users_without_link=maybe,
        languages=st.dictionaries(
            st.sampled_from(["de", "en", "tlh", "pt", "other", "uk"]), counts, max_size=3
        ),
        own_events=st.dictionaries(
            st.from_regex(r"[a-z][a-z0-9_]{0,31}", fullmatch=True),
            st.builds(
                OwnEventCounts, count=counts, per_active_user=st.none() | st.floats(0, 10**6)
            ),
            max_size=3,
        ),
        added_to_groups=maybe,
        removed_from_groups=maybe,
        added_to_channels=maybe,
        removed_from_channels=maybe,
        all_outcomes=st.none() | outcomes,
        outcomes=st.dictionaries(LINES, outcomes, max_size=3),
        errors=rows,
    )


@st.composite
def reports(draw: st.DrawFn, large: st.SearchStrategy[int] | None = None) -> PeriodReport:
    """Draw a report; `large` limits its numbers, which then do not add up by type."""
    breakdown = draw(BREAKDOWNS)
    counts = COUNTS if large is None else large
    maybe = st.none() | counts
    return PeriodReport(
        period=draw(st.sampled_from(Period)),
        as_of=draw(MOMENTS),
        since=draw(MOMENTS),
        interactions=sum(breakdown.values()) if large is None else draw(large),
        active_users=draw(counts),
        new_users=draw(counts),
        returning_users=draw(counts),
        interactions_before=draw(maybe),
        active_users_before=draw(maybe),
        before_missing=draw(st.none() | st.sampled_from(Missing)),
        deleted_until=draw(st.none() | MOMENTS),
        busiest_hour=draw(st.none() | st.integers(0, 23)),
        interaction_types_breakdown=breakdown,
        commands=draw(COMMANDS),
        blocked=draw(MAYBE),
        unblocked=draw(MAYBE),
        interactions_year_ago=draw(maybe),
        timezone=draw(ZONES),
        events=draw(st.none() | events(EVENT_COUNTS if large is None else large)),
    )


BUCKETS = st.builds(
    Bucket,
    since=MOMENTS,
    interactions=COUNTS,
    active_users=COUNTS,
    breakdown=st.none() | BREAKDOWNS,
)
NOTES = st.builds(Note, st.integers(1, 10**6), MOMENTS, LINES)
HISTORIES = st.builds(
    History,
    as_of=MOMENTS,
    since=MOMENTS,
    step=st.sampled_from([timedelta(hours=1), timedelta(days=1)]),
    buckets=st.lists(BUCKETS, max_size=3, unique_by=lambda bucket: bucket.since).map(tuple),
    hours_of_week=st.tuples(COUNTS, st.integers(0, 30)).map(
        lambda made: tuple(
            tuple(None if d + h < made[1] else made[0] // (1 + d + h) for h in range(24))
            for d in range(7)
        )
    ),
    length=st.timedeltas(timedelta(hours=1), timedelta(days=366)),
    weeks=st.just(1),
    weeks_since=st.none() | MOMENTS,
    timezone=ZONES,
    notes=st.lists(NOTES, max_size=5).map(tuple),
)
COHORTS = st.builds(
    Cohorts,
    as_of=MOMENTS,
    cohorts=st.lists(
        st.builds(
            Cohort,
            since=st.dates(),
            size=MAYBE,
            returned=st.lists(MAYBE, max_size=12).map(tuple),
        ),
        max_size=3,
        unique_by=lambda cohort: cohort.since,
    ).map(tuple),
    running=st.none() | st.dates(),
    stickiness=st.none() | st.floats(0, 1),
)
AGGREGATES = st.builds(Aggregates, report=reports(), history=HISTORIES, cohorts=COHORTS)
