"""Property 10: a report, in every output, holds aggregates and nobody's identity."""

import json
import re
import sqlite3
import tempfile
from contextlib import closing
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from analytics import AnalyticsService, Interaction, InteractionType, Period
from analytics.statistics.export import as_csv, as_json
from analytics.telegram.texts import stats

NOW = datetime(2026, 6, 1, 12, 34, 56, tzinfo=UTC)
# None of these can be a count, a year or a share of what a report says.
PEOPLE = st.integers(10**12, 2**52)

HISTORIES = st.lists(
    st.builds(
        Interaction,
        PEOPLE | st.sampled_from([10**12 + number for number in range(5)]),
        st.sampled_from(InteractionType),
        st.timedeltas(timedelta(0), timedelta(days=100)).map(lambda ago: NOW - ago),
    ),
    max_size=50,
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
            stats.commands(overview),
            stats.details(overview, NOW, postponed=False),
        ]
    return "\n".join(shown)


@settings(deadline=None, max_examples=100)
@given(history=HISTORIES)
async def test_no_output_names_anyone(history: list[Interaction]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "analytics.sqlite3"
        async with AnalyticsService.open(path, clock=lambda: NOW) as analytics:
            await analytics.record(history)
            # Numbers that no count of this history can reach by chance.
            with closing(sqlite3.connect(path, isolation_level=None)) as database:
                database.execute("UPDATE users SET id = id + 7000000000")
                database.execute("UPDATE interactions SET user_id = user_id + 7000000000")
                users = database.execute("SELECT id, reference FROM users").fetchall()
            shown = await outputs(analytics)

    numbers = set(re.findall(r"\d+", shown) + re.findall(r"\d+", shown.replace(",", "")))
    identities = {interaction.telegram_id for interaction in history}
    identities |= {abs(number) for user in users for number in user}
    assert not {str(number) for number in identities} & numbers


@settings(deadline=None, max_examples=50)
@given(history=HISTORIES, stranger=PEOPLE)
async def test_a_report_is_the_same_whoever_the_people_are(
    history: list[Interaction], stranger: int
) -> None:
    """Had it any identity in it, giving everyone another one would change it."""
    others = {person.telegram_id: stranger + n * 2**20 for n, person in enumerate(history)}
    renamed = [
        Interaction(others[i.telegram_id] % 2**52 + 1, i.interaction_type, i.timestamp)
        for i in history
    ]

    assert await report_of(history) == await report_of(renamed)


async def report_of(history: list[Interaction]) -> str:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "analytics.sqlite3"
        async with AnalyticsService.open(path, clock=lambda: NOW) as analytics:
            await analytics.record(history)
            return await outputs(analytics)
