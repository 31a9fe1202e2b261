"""A life of a service, and all that is seen of it."""

import random
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from analytics import AnalyticsService, InteractionType, Period
from analytics.events import Event, EventKind
from analytics.privacy.audit import Action
from tests.store.kinds import Kind
from tests.support.clock import Clock
from tests.support.service import SOMEBODY, begun_a_year_ago, interaction

PEOPLE = range(SOMEBODY, SOMEBODY + 40)
ADMIN = PEOPLE[3]


def service_of(
    kind: Kind, folder: Path, clock: Clock, few: int = 1
) -> AbstractAsyncContextManager[AnalyticsService]:
    """A service that suppresses what fewer than `few` people did."""
    return begun_a_year_ago(
        folder,
        clock,
        database_url=kind.url(folder),
        breakdown_min_users=few,
        trends_min_users=6,
    )


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
        # Only a server lists all erasures.
        *[replace(await analytics.people.personal_data(each), erased=None) for each in PEOPLE],
        *[await analytics.people.is_opted_out(person) for person in PEOPLE],
        await analytics.audit_log.entries([ADMIN]),
        await analytics.notes.all(),
        [(row.interaction_type, row.timestamp, row.count) for row in await analytics.records(50)],
    ]
