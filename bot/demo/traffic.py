"""Invented traffic for the demo: who writes what to the bot, and when, over some weeks."""

import random
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from bot.sandbox.people import Person

DAY = timedelta(days=1)
# Within retention, which is 90 days.
WEEKS = timedelta(weeks=12)

# How busy each hour of the day is, from midnight: a quiet night, a break at noon, an evening.
HOURS = (2, 1, 1, 1, 1, 2, 5, 9, 12, 11, 10, 12, 15, 12, 10, 10, 12, 15, 19, 22, 23, 18, 11, 5)
WEEKEND = 0.7

TEXTS = (
    *("hello", "good morning", "thank you!", "what can you do?", "is anybody there?", "see you"),
    *("nice", "how are you?", "can you remind me?", "a photo would be nice", "ok", "tell me more"),
)
COMMANDS = ("/help", "/help", "/help", "/help", "/weather", "/settings", "/stop")


class Saying(NamedTuple):
    date: datetime
    person: Person
    text: str


def sayings(people: Sequence[Person], now: datetime, chance: random.Random) -> list[Saying]:
    """Return what people say in the twelve weeks before `now`, oldest first."""
    said: list[Saying] = []
    for person in people:
        joined = now - chance.random() * WEEKS
        said += _visit(person, joined, chance, first=True)
        loyalty = chance.betavariate(1, 16)
        for day in range(1, (now - joined) // DAY + 1):
            date = _at_a_busy_hour(joined + day * DAY, chance)
            if chance.random() < loyalty * (WEEKEND if date.weekday() >= 5 else 1):
                said += _visit(person, date, chance)
    return sorted((each for each in said if each.date < now), key=lambda saying: saying.date)


def _visit(
    person: Person, date: datetime, chance: random.Random, *, first: bool = False
) -> Iterator[Saying]:
    if first:
        yield Saying(date, person, "/start")
    for _ in range(chance.randint(1, 6)):
        date += timedelta(seconds=chance.expovariate(1 / 60))
        yield Saying(date, person, chance.choice(COMMANDS if chance.random() < 0.3 else TEXTS))


def _at_a_busy_hour(day: datetime, chance: random.Random) -> datetime:
    (hour,) = chance.choices(range(24), HOURS)
    return day.replace(hour=hour, minute=chance.randrange(60), second=chance.randrange(60))
