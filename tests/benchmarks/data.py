"""Traffic of 90 days, and files as the bot would have left them after recording it."""

import random
import sqlite3
from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import accumulate
from pathlib import Path

from analytics import AnalyticsService, InteractionType, Pseudonyms
from analytics.events import EventKind
from analytics.events.outcome_words import BUCKETS
from analytics.recording import REMEMBER_SECONDS
from bot.demo.traffic import HOURS

DAY = 86_400
HOUR = 3_600
KEY = bytes(range(32))
# A person who comes stays for so many interactions, about so many seconds apart.
IN_A_SESSION = 5
SECONDS_APART = 60
# Returning people are drawn so that a few come very often: the first tenth makes half the visits.
LOYALTY = 3.3
TYPES = (InteractionType.MESSAGE, InteractionType.COMMAND, InteractionType.BUTTON_CLICK)
KINDS = (0, 0, 0, 0, 0, 0, 1, 1, 1, 2)
RHYTHM = list(accumulate(HOURS))
FIRST_UPDATE_ID = 500_000_000

# When, in Unix seconds; who, from 1 in the order of their first interaction; index into TYPES.
Event = tuple[int, int, int]

# Loading goes through a cache that holds the file, and syncs nothing.
LOADING = (
    "PRAGMA journal_mode=DELETE",
    "PRAGMA synchronous=OFF",
    "PRAGMA cache_size=-1000000",
)
COUNTERS = (
    """
    UPDATE users SET rows = counted.rows
        FROM (SELECT user_id, count(*) AS rows FROM interactions GROUP BY 1) AS counted
        WHERE id = counted.user_id
    """,
    """
    INSERT INTO hourly_counts (hour, interaction_type, count)
        SELECT timestamp / 3600 * 3600, interaction_type, sum(count) FROM interactions GROUP BY 1, 2
    """,
    """
    UPDATE users SET first_seen = oldest.timestamp
        FROM (SELECT user_id, min(timestamp) AS timestamp FROM interactions GROUP BY 1) AS oldest
        WHERE id = oldest.user_id
    """,
    """
    INSERT INTO first_seen_hours (hour, users)
        SELECT first_seen / 3600 * 3600, count(*) FROM users GROUP BY 1
    """,
    """
    INSERT INTO last_seen_hours (hour, users)
        SELECT last_seen / 3600 * 3600, count(*) FROM users GROUP BY 1
    """,
    """
    INSERT INTO last_seen_counts (last_seen, users)
        SELECT last_seen, count(*) FROM users WHERE last_seen % 3600 > 0 GROUP BY 1
    """,
    """
    INSERT INTO cohorts (first_week, week, users)
        SELECT first_week, week, count(*) FROM user_weeks GROUP BY 1, 2
    """,
)
# So many words of each kind are counted on every day, as by a bot of many features: 400 in all.
COMMANDS, BUTTONS, LINKS, OWN_EVENTS, LANGUAGES, ERRORS = 30, 40, 20, 10, 15, 20
# The handlers of each command and button take times of so many buckets, and some do not end well.
BUCKETS_EACH = 3
FAILING, UNANSWERED = 10, 10
# What a template does that never thought of size: readable text, and an index for each question.
NAIVE = 0
NAIVE_SCHEMA = """
    CREATE TABLE interactions (
        id INTEGER PRIMARY KEY,
        user_id INTEGER NOT NULL,
        interaction_type TEXT NOT NULL,
        timestamp TEXT NOT NULL
    );
    CREATE INDEX by_user ON interactions (user_id);
    CREATE INDEX by_time ON interactions (timestamp);
"""


@dataclass(frozen=True, slots=True)
class Traffic:
    """The same events each time, for the same numbers. `end` is in Unix seconds, a whole hour."""

    interactions: int
    people: int
    end: int
    days: int = 90

    def day(self, number: int) -> list[Event]:
        """The events of a day, in the order in which they arrive.

        Days count from 1; those after `days` go on in the same way, after `end`.
        """
        chance = random.Random(f"{self.interactions} {number}")
        begins = self.end - (self.days + 1 - number) * DAY
        came_before, will_have_come = (
            self.people * day // self.days for day in (number - 1, number)
        )
        before, after = (self.interactions * day // self.days for day in (number - 1, number))
        events: list[Event] = []
        # Those who come for the first time, then those who come back.
        for person in range(came_before + 1, will_have_come + 1):
            events += _visit(person, begins, chance)
        while len(events) < after - before:
            person = 1 + int(will_have_come * chance.random() ** LOYALTY)
            events += _visit(person, begins, chance)
        del events[after - before :]
        events.sort()
        return _numbered(events, came_before)


def _visit(person: int, begins: int, chance: random.Random) -> Iterator[Event]:
    (hour,) = chance.choices(range(24), cum_weights=RHYTHM)
    at = begins + hour * HOUR + chance.random() * HOUR
    for _ in range(1 + int(chance.expovariate(1 / (IN_A_SESSION - 0.5)))):
        yield min(int(at), begins + DAY - 1), person, KINDS[int(chance.random() * len(KINDS))]
        at += chance.expovariate(1 / SECONDS_APART)


def _numbered(events: list[Event], came_before: int) -> list[Event]:
    """The people who are new that day, numbered in the order in which they come."""
    numbers: dict[int, int] = {}
    for _, person, _ in events:
        if person > came_before and person not in numbers:
            numbers[person] = came_before + 1 + len(numbers)
    return [(at, numbers.get(person, person), kind) for at, person, kind in events]


async def build(folder: Path, traffic: Traffic, precisions: Sequence[int]) -> dict[int, Path]:
    """The files after this traffic, by their precision; NAIVE is the naive one."""
    paths = {precision: folder / f"{precision}.sqlite3" for precision in precisions}
    for precision, path in paths.items():
        if precision == NAIVE:
            with closing(sqlite3.connect(path)) as database:
                database.executescript(NAIVE_SCHEMA)
        else:
            # The product makes its file, and so decides what is in it.
            async with AnalyticsService.open(
                path, pseudonym_key=KEY, timestamp_precision=precision
            ):
                pass
    _load(traffic, paths)
    return paths


def _load(traffic: Traffic, paths: dict[int, Path]) -> None:
    with ExitStack() as stack:
        databases = {
            precision: stack.enter_context(closing(sqlite3.connect(path)))
            for precision, path in paths.items()
        }
        for database in databases.values():
            for pragma in LOADING:
                database.execute(pragma)
        triggers = {
            precision: _without_triggers(database) for precision, database in databases.items()
        }
        last_seen = array("q", bytes(8 * (traffic.people + 1)))
        weeks = _Weeks(traffic.people)
        for number in range(1, traffic.days + 1):
            events = traffic.day(number)
            for at, person, _ in events:
                last_seen[person] = at
            weeks.add(events)
            for precision, database in databases.items():
                if precision != NAIVE:
                    _add(database, events, precision)
                else:
                    _add_naively(database, events)
        for precision, database in databases.items():
            if precision != NAIVE:
                _add_people(database, last_seen, precision)
                _remember(database, traffic)
                weeks.write(database)
                _add_events(database, traffic)
                for statement in COUNTERS:
                    database.execute(statement)
                for statement in triggers[precision]:
                    database.execute(statement)
            database.commit()
            database.execute("PRAGMA journal_mode=WAL")


class _Weeks:
    """The weeks and days, UTC, in which people are active."""

    def __init__(self, people: int) -> None:
        self._first = array("q", bytes(8 * (people + 1)))
        self._bits = array("q", bytes(8 * (people + 1)))
        self._people_of_days = Counter[int]()
        self._newest = set[tuple[int, int]]()

    def add(self, events: Sequence[Event]) -> None:
        """Take the events that follow; they may begin within the last day of those before."""
        active = {(at // DAY, person) for at, person, _ in events}
        self._people_of_days.update(day for day, _ in active - self._newest)
        self._newest = active
        for day, person in sorted(active):
            week = (day + 3) // 7
            self._first[person] = self._first[person] or week
            self._bits[person] |= 1 << week - self._first[person]

    def write(self, database: sqlite3.Connection) -> None:
        database.executemany(
            "UPDATE users SET first_week = ?, weeks = ? WHERE id = ?",
            (
                (week, bits, _id(person))
                for person, (week, bits) in enumerate(zip(self._first, self._bits, strict=True))
                if bits
            ),
        )
        database.executemany("INSERT INTO daily_users VALUES (?, ?)", self._people_of_days.items())


def _without_triggers(database: sqlite3.Connection) -> list[str]:
    """Drops the triggers; returns what makes them again."""
    found = database.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
    triggers = dict(found.fetchall())
    for name in triggers:
        database.execute(f"DROP TRIGGER {name}")
    return list(triggers.values())


def _add(database: sqlite3.Connection, events: list[Event], precision: int) -> None:
    """Rows come to their pages in the order in which the bot would have inserted them."""
    kinds = [
        database.execute("SELECT id FROM interaction_types WHERE name = ?", (kind,)).fetchone()[0]
        for kind in TYPES
    ]
    rows = Counter(
        (at // precision * precision, _id(person), kinds[kind]) for at, person, kind in events
    )
    database.executemany(
        "INSERT INTO interactions (timestamp, user_id, interaction_type, count)"
        " VALUES (?, ?, ?, ?)",
        ((*row, count) for row, count in rows.items()),
    )


def _add_naively(database: sqlite3.Connection, events: list[Event]) -> None:
    database.executemany(
        "INSERT INTO interactions (user_id, interaction_type, timestamp) VALUES (?, ?, ?)",
        (
            (telegram_id(person), TYPES[kind], datetime.fromtimestamp(at, UTC).isoformat())
            for at, person, kind in events
        ),
    )


def _add_people(database: sqlite3.Connection, last_seen: Sequence[int], precision: int) -> None:
    reference = Pseudonyms(KEY).reference
    database.executemany(
        "INSERT INTO users (id, reference, last_seen) VALUES (?, ?, ?)",
        (
            (_id(person), reference(telegram_id(person)), at // precision * precision)
            for person, at in enumerate(last_seen)
            if at
        ),
    )


def _add_events(database: sqlite3.Connection, traffic: Traffic) -> None:
    """Count each word as often as every other, on each day as many as there are interactions."""
    commands = [f"command{number}" for number in range(COMMANDS)]
    buttons = [f"button{number}" for number in range(BUTTONS)]
    links = [f"code{number}" for number in range(LINKS)]
    subjects = [*(f"/{each}" for each in commands), *(f"button:{each}" for each in buttons), *TYPES]
    words = {
        EventKind.COMMAND: commands,
        EventKind.BUTTON: buttons,
        EventKind.CHAT: ["private", "group"],
        EventKind.START_LINK: links,
        EventKind.NEW_BY_LINK: links,
        EventKind.NEW_BY_LANGUAGE: [f"l{number}" for number in range(LANGUAGES)],
        EventKind.OWN: [f"own{number}" for number in range(OWN_EVENTS)],
        EventKind.HANDLED: [
            f"{subject} {bucket}" for subject in subjects for bucket in BUCKETS[:BUCKETS_EACH]
        ],
        EventKind.FAILED: subjects[:FAILING],
        EventKind.UNANSWERED: subjects[-UNANSWERED:],
        EventKind.ERROR: [f"KeyError at shop.py:{line}" for line in range(ERRORS)],
    }
    today = traffic.end // DAY
    daily = max(1, traffic.interactions // traffic.days)
    database.executemany(
        "INSERT INTO daily_events (day, kind, event, count, people) VALUES (?, ?, ?, ?, ?)",
        (
            (today - ago, kind, word, count := max(1, daily // len(of_kind)), min(count, 1_000))
            for ago in range(traffic.days)
            for kind, of_kind in words.items()
            for word in of_kind
        ),
    )
    database.executemany(
        "INSERT INTO start_links (code, name, created) VALUES (?, ?, 0)",
        ((code, f"place {code}") for code in links),
    )


def _id(person: int) -> int:
    """Return a number that is as spread out as a random one, and the same each time."""
    return person * 1_103_515_245 % (2**31 - 1)


def _remember(database: sqlite3.Connection, traffic: Traffic) -> None:
    """The ids of the newest updates, as many as come in the time they are remembered."""
    count = traffic.interactions * REMEMBER_SECONDS // (traffic.days * DAY)
    database.executemany(
        "INSERT INTO remembered_updates (update_id, received) VALUES (?, ?)",
        (
            (
                FIRST_UPDATE_ID + number,
                (traffic.end - REMEMBER_SECONDS * (count - number) // count) // DAY * DAY,
            )
            for number in range(count)
        ),
    )


def telegram_id(person: int) -> int:
    """Like Telegram's: ten digits, in no order."""
    return 5_000_000_000 + person * 7_368_787 % 2_000_000_011
