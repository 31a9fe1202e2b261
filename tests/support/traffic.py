"""Interactions of some people, made up by chance."""

import random
from collections.abc import Iterable
from datetime import datetime, timedelta

from analytics import AnalyticsService, Interaction, InteractionType
from tests.support.clock import NOW
from tests.support.service import SOMEBODY

KINDS = [InteractionType.MESSAGE, InteractionType.COMMAND, InteractionType.BUTTON_CLICK]
# Of `somebodies`.
PEOPLE = 200
THOUSANDS = 3_000
# What Telegram brings at once, at most.
BATCH = 100
# Longer ago than any two periods of the longest kind, in hours.
LONGEST_AGO = 190 * 24


def people(said: Iterable[Interaction]) -> set[int]:
    return {each.telegram_id for each in said}


def some_traffic(chance: random.Random, count: int) -> list[Interaction]:
    return [
        Interaction(
            SOMEBODY + chance.randrange(12),
            chance.choice(KINDS),
            NOW - timedelta(hours=LONGEST_AGO * chance.random() ** 3),
        )
        for _ in range(count)
    ]


def at_precision(each: Interaction, precision: int) -> Interaction:
    seconds = int(each.timestamp.timestamp()) // precision * precision
    return Interaction(
        each.telegram_id, each.interaction_type, datetime.fromtimestamp(seconds, NOW.tzinfo)
    )


def somebodies(chance: random.Random) -> list[Interaction]:
    """Return thousands of 80 days, in no order: pages split, and leave copies of their rows."""
    return [
        Interaction(
            SOMEBODY + chance.randrange(PEOPLE),
            chance.choice(list(InteractionType)),
            NOW - timedelta(days=80) * chance.random(),
        )
        for _ in range(THOUSANDS)
    ]


def history(chance: random.Random, interactions: int, people: int) -> list[Interaction]:
    """In no order of time, which splits pages; most people are here for a part of it only."""
    last_here = [timedelta(days=100) * chance.random() for _ in range(people)]
    said = []
    for _ in range(interactions):
        person = chance.randrange(people)
        ago = last_here[person] + (timedelta(days=100) - last_here[person]) * chance.random()
        interaction_type = chance.choice(list(InteractionType))
        said.append(Interaction(SOMEBODY + person, interaction_type, NOW - ago))
    return said


async def record_all(analytics: AnalyticsService, said: list[Interaction]) -> None:
    for first in range(0, len(said), BATCH):
        assert await analytics.record(said[first : first + BATCH])
