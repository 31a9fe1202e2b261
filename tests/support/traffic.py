"""Interactions of some people, made up by chance."""

import random
from collections.abc import Iterable
from datetime import datetime, timedelta

from analytics import Interaction, InteractionType
from tests.support.clock import NOW
from tests.support.service import SOMEBODY

KINDS = [InteractionType.MESSAGE, InteractionType.COMMAND, InteractionType.BUTTON_CLICK]
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
