"""Reports and histories of any numbers, for Hypothesis."""

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from analytics import Bucket, History, InteractionType, Missing, Period, PeriodReport
from analytics.statistics.export import Aggregates

COUNTS = st.integers(0, 10**12)
MAYBE = st.none() | COUNTS
# A week before each is a date, too.
MOMENTS = st.datetimes(datetime(1, 1, 9), timezones=st.just(UTC))  # noqa: DTZ001 - the bound
BREAKDOWNS = st.dictionaries(
    st.sampled_from([str(kind) for kind in InteractionType]), st.integers(1, 10**12)
)
# As Telegram takes them.
COMMANDS = st.dictionaries(
    st.from_regex(r"[a-z0-9_]{1,32}", fullmatch=True), st.integers(1, 10**12), max_size=40
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
    )


BUCKETS = st.builds(
    Bucket,
    since=MOMENTS,
    interactions=COUNTS,
    active_users=COUNTS,
    breakdown=st.none() | BREAKDOWNS,
)
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
)
AGGREGATES = st.builds(Aggregates, report=reports(), history=HISTORIES)
