"""The whole service over a store: what people and admins see does not tell which one it is."""

import random
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from analytics import AnalyticsService, InteractionType, Period
from analytics.events import Event, EventKind
from analytics.privacy.audit import Action
from analytics.statistics.reports import ReportRules
from tests.store.kinds import STORES, Kind
from tests.support.any_store import service_over
from tests.support.clock import Clock
from tests.support.service import SOMEBODY, interaction

PEOPLE = range(SOMEBODY, SOMEBODY + 40)
ADMIN = PEOPLE[3]
# All that is counted is shown, and small groups of people are suppressed.
RULES = [
    ReportRules(retention_days=90, breakdown_min_users=few, trends_min_users=6) for few in (1, 4)
]


async def live(analytics: AnalyticsService, clock: Clock) -> None:
    """Record a history of 80 days, the oldest first, with some of it sent twice, and act on it."""
    drawn = random.Random(20)
    types = [InteractionType.MESSAGE, InteractionType.COMMAND, InteractionType.BUTTON_CLICK]
    kinds = [EventKind.COMMAND, EventKind.NEW_BY_LINK, EventKind.MEMBERSHIP]
    ages = sorted((drawn.uniform(0, 80) for _ in range(600)), reverse=True)
    for at in range(0, len(ages), 20):
        batch = [
            interaction(timedelta(days=age), drawn.choice(PEOPLE[: 10 + at // 15]), kind)
            for age in ages[at : at + 20]
            for kind in [drawn.choice(types)]
        ]
        ids = [at + place for place in range(len(batch))]
        events = [
            [Event(drawn.choice(kinds), "word", drawn.random() < 0.3)] * (place % 2)
            for place in range(len(batch))
        ]
        opting = [drawn.choice([None] * 40 + [True, False]) for _ in batch]
        for _ in range(1 + (at % 60 == 0)):
            assert await analytics.record(batch, ids, events, opting)
    await analytics.audit_log.note(Action.STATS, ADMIN)
    await analytics.alert_state.mute(ADMIN, "digest")
    await analytics.people.opt_out(PEOPLE[1])
    await analytics.notes.add("deployed")
    clock.move(hours=3)


async def seen(analytics: AnalyticsService) -> list[Any]:
    """Return what admins and people are shown."""
    reports = analytics.reports
    return [
        await reports.current(),
        *[await reports.overview(period) for period in Period],
        *[await reports.aggregates(period) for period in Period],
        *[await reports.history(timedelta(days=days)) for days in (1, 30, 90)],
        await reports.cohorts(),
        await reports.event_days(),
        *[await analytics.people.personal_data(person) for person in PEOPLE],
        *[await analytics.people.is_opted_out(person) for person in PEOPLE],
        await analytics.audit_log.entries([ADMIN]),
        await analytics.notes.all(),
        [(row.interaction_type, row.timestamp, row.count) for row in await analytics.records(50)],
    ]


async def history_of(kind: Kind, folder: Path, rules: ReportRules) -> list[list[Any]]:
    """Return what is seen after a life, after a cleanup, an erasure and a change of key."""
    clock = Clock()
    folder.mkdir()
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(kind.open(folder))
        analytics = await stack.enter_async_context(service_over(store, folder, clock, rules))
        await live(analytics, clock)
        moments = [await seen(analytics)]
        deleted = await analytics.cleanup_old_interactions(40)
        moments.append([deleted, *await seen(analytics)])
        erased = await analytics.people.erase(PEOPLE[0]), await analytics.people.erase(ADMIN)
        moments.append([erased, *await seen(analytics)])
        await analytics.maintenance.run(large_too=True)
        moments.append(await seen(analytics))
        return moments


@pytest.mark.parametrize("rules", RULES, ids=["all", "suppressed"])
async def test_whoever_looks_sees_the_same_whichever_the_store_is(
    tmp_path: Path, rules: ReportRules
) -> None:
    for kind in STORES:
        if kind.reason_to_skip:
            pytest.skip(kind.reason_to_skip)
    first, *others = [await history_of(kind, tmp_path / kind.name, rules) for kind in STORES]

    assert first[0][0].total_interactions > 400
    assert first[1][0] > 100
    assert None not in first[2][0]
    for other in others:
        for expected, found in zip(first, other, strict=True):
            for one, another in zip(expected, found, strict=True):
                assert one == another
