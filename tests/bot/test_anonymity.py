"""Property 10: a report, in every output, holds aggregates and nobody's identity."""

import json
import re
import sqlite3
import tempfile
from contextlib import closing
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from analytics import (
    AnalyticsService,
    ChatKind,
    Event,
    EventKind,
    Interaction,
    InteractionType,
    Membership,
    Period,
)
from analytics.statistics.export import as_csv, as_json
from analytics.telegram.texts import event_pages, stats
from tests.support.examples import examples
from tests.support.outcomes import failed, handled, unanswered

NOW = datetime(2026, 6, 1, 12, 34, 56, tzinfo=UTC)
# None of these can be a count, a year or a share of what a report says.
PEOPLE = st.integers(10**12, 2**52)

# Of every kind, as a bot counts them.
EVENTS = [
    Event(EventKind.COMMAND, "start"),
    Event(EventKind.BUTTON, "page"),
    Event(EventKind.MEMBERSHIP, Membership.ADDED_TO_GROUP),
    Event(EventKind.CHAT, ChatKind.PRIVATE),
    Event(EventKind.START_LINK, "abcdef"),
    Event(EventKind.NEW_BY_LINK, "abcdef", of_new=True),
    Event(EventKind.NEW_BY_LANGUAGE, "de", of_new=True),
    Event(EventKind.OWN, "order_placed"),
    handled("/start", 0.02),
    failed("button:page"),
    unanswered("message"),
    Event(EventKind.ERROR, "KeyError at shop.py:12"),
]
Said = tuple[Interaction, list[Event]]
HISTORIES: st.SearchStrategy[list[Said]] = st.lists(
    st.tuples(
        st.builds(
            Interaction,
            PEOPLE | st.sampled_from([10**12 + number for number in range(5)]),
            st.sampled_from(InteractionType),
            st.timedeltas(timedelta(0), timedelta(days=100)).map(lambda ago: NOW - ago),
        ),
        st.lists(st.sampled_from(EVENTS), unique=True, max_size=5),
    ),
    max_size=50,
)


async def record(analytics: AnalyticsService, history: list[Said]) -> None:
    await analytics.record(
        [said for said, _events in history], events=[events for _said, events in history]
    )


async def outputs(analytics: AnalyticsService) -> str:
    """Everything an admin can be shown."""
    whole = await analytics.get_admin_analytics_report()
    shown = [repr(whole), json.dumps(asdict(whole), default=datetime.isoformat)]
    for period in Period:
        aggregates = await analytics.reports.aggregates(period)
        shown += [repr(aggregates), as_json(aggregates), as_csv(aggregates)]
        overview = await analytics.reports.overview(period)
        shown += [
            stats.overview(overview, postponed=False),
            stats.by_type(overview),
            event_pages.sources(overview, "", is_owner=True, with_languages=True),
            event_pages.commands(overview, "", with_own=True),
            event_pages.errors(overview, "", is_owner=True),
            stats.details(overview, NOW, postponed=False),
        ]
    return "\n".join(shown)


@settings(max_examples=examples(40))
@given(history=HISTORIES)
async def test_no_output_names_anyone(history: list[Said]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "analytics.sqlite3"
        async with AnalyticsService.open(path, clock=lambda: NOW) as analytics:
            await record(analytics, history)
            # Numbers that no count of this history can reach by chance.
            with closing(sqlite3.connect(path, isolation_level=None)) as database:
                database.execute("UPDATE users SET id = id + 7000000000")
                database.execute("UPDATE interactions SET user_id = user_id + 7000000000")
                users = database.execute("SELECT id, reference FROM users").fetchall()
            shown = await outputs(analytics)

    numbers = set(re.findall(r"\d+", shown) + re.findall(r"\d+", shown.replace(",", "")))
    identities = {said.telegram_id for said, _events in history}
    identities |= {abs(number) for user in users for number in user}
    assert not {str(number) for number in identities} & numbers


@settings(max_examples=examples(20))
@given(history=HISTORIES, stranger=PEOPLE)
async def test_a_report_is_the_same_whoever_the_people_are(
    history: list[Said], stranger: int
) -> None:
    """Had it any identity in it, giving everyone another one would change it."""
    others = {said.telegram_id: stranger + n * 2**20 for n, (said, _) in enumerate(history)}
    renamed = [
        (replace(said, telegram_id=others[said.telegram_id] % 2**52 + 1), events)
        for said, events in history
    ]

    assert await report_of(history) == await report_of(renamed)


async def report_of(history: list[Said]) -> str:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "analytics.sqlite3"
        async with AnalyticsService.open(path, clock=lambda: NOW) as analytics:
            await record(analytics, history)
            return await outputs(analytics)
