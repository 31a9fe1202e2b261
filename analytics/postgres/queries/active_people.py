"""Note the people of a batch in `users`, with their interactions, and count them."""

import os
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from analytics.active_people import ActivePeople, Person
from analytics.postgres.database import Transaction
from analytics.postgres.queries.counters import (
    COHORTS,
    DAILY_USERS,
    FIRST_SEEN_HOURS,
    LAST_SEEN_COUNTS,
    LAST_SEEN_HOURS,
    add,
)

# Locked until the end: what another process knows of them would be wrong.
KNOWN = """
    SELECT reference, id, first_seen, last_seen, first_week, weeks
    FROM bot_analytics.users WHERE reference = ANY(%s::bigint[]) ORDER BY id FOR UPDATE
"""
# A day may begin or end so far from a moment of it: 51 hours, where the time zone is changed.
AROUND = """
    SELECT DISTINCT user_id, timestamp FROM bot_analytics.interactions
    WHERE timestamp BETWEEN %s - 183600 AND %s + 183600 AND user_id = ANY(%s::int[])
"""
# In one statement: the rows of a person that are new are counted with them. The first and last
# timestamp are given, so that no more partitions are looked at than there are days in a batch.
NOTE = """
    WITH row AS (
        SELECT * FROM unnest(%s::bigint[], %s::int[], %s::smallint[], %s::int[])
            AS row (timestamp, user_id, interaction_type, count)
    ), there AS (
        SELECT user_id, count(*) AS rows FROM row
        WHERE EXISTS (
            SELECT 1 FROM bot_analytics.interactions AS was
            WHERE was.timestamp = row.timestamp AND was.user_id = row.user_id
            AND was.interaction_type = row.interaction_type
            AND was.timestamp BETWEEN %s AND %s)
        GROUP BY user_id
    ), more AS (
        SELECT user_id, count(*) - coalesce(there.rows, 0) AS rows
        FROM row LEFT JOIN there USING (user_id) GROUP BY user_id, there.rows
    ), added AS (
        INSERT INTO bot_analytics.interactions AS was (timestamp, user_id, interaction_type, count)
        SELECT * FROM row
        ON CONFLICT (timestamp, user_id, interaction_type)
        DO UPDATE SET count = was.count + excluded.count
    ), come AS (
        INSERT INTO bot_analytics.users
            (id, reference, first_seen, last_seen, first_week, weeks, rows)
        SELECT person.*, rows
        FROM unnest(%s::int[], %s::bigint[], %s::bigint[], %s::bigint[], %s::int[], %s::bigint[])
            AS person (id, reference, first_seen, last_seen, first_week, weeks)
        JOIN more ON user_id = id ORDER BY reference
    )
    UPDATE bot_analytics.users AS was SET
        first_seen = person.first_seen, last_seen = person.last_seen,
        first_week = person.first_week, weeks = person.weeks, rows = was.rows + more.rows
    FROM unnest(%s::int[], %s::bigint[], %s::bigint[], %s::int[], %s::bigint[])
        AS person (id, first_seen, last_seen, first_week, weeks)
    JOIN more ON user_id = id
    WHERE was.id = person.id
"""
HOUR = 3_600


def people_of(
    rows: Iterable[Sequence[Any]],
    moments: Mapping[int, Sequence[int]],
    day_of: Callable[[int], int],
) -> ActivePeople:
    """Return the people of a batch, with who of them is known, by rows of KNOWN."""
    known = {reference: Person(*person) for reference, *person in rows if reference in moments}
    return ActivePeople(known, moments, day_of)


async def note_people(
    transaction: Transaction,
    people: ActivePeople,
    rows: Mapping[tuple[int, int, int], int],
    writer: int,
) -> None:
    """Note when people were active, and what they did: timestamp, reference, type to how many."""
    for late in people.late_days:
        asked = late.first, late.last, list(late.people)
        people.active_on(late, await transaction.rows(AROUND, asked))
    come = {
        reference: people.come(reference, user_id)
        for reference, user_id in zip(people.new, _ids(len(people.new)), strict=True)
    }
    by_id = {person.id: person for person in people.known.values()}
    seen = {person.id: person for person in people.known.values()}
    for last_seen, user_id in people.again:
        seen[user_id] = by_id[user_id]._replace(last_seen=last_seen)
    for _, now in people.changed():
        seen[now.id] = now
    ids = {each: person.id for each, person in [*people.known.items(), *come.items()]}
    interactions = sorted(
        (when, ids[who], kind, count) for (when, who, kind), count in rows.items()
    )
    new = [(person.id, reference, *person[1:]) for reference, person in come.items()]
    first, last = interactions[0][0], interactions[-1][0]
    await transaction.run(
        NOTE,
        [
            *_columns(interactions, 4),
            *(first, last),
            *_columns(new, 6),
            *_columns(list(seen.values()), 5),
        ],
    )
    hours = _Hours()
    for person in come.values():
        hours.add(person, 1)
    for user_id, now in seen.items():
        if now != by_id[user_id]:
            hours.add(by_id[user_id], -1)
            hours.add(now, 1)
    await add(transaction, DAILY_USERS, writer, people.days)
    await add(transaction, COHORTS, writer, people.cohorts)
    await add(transaction, FIRST_SEEN_HOURS, writer, hours.first_seen)
    await add(transaction, LAST_SEEN_HOURS, writer, hours.last_seen)
    await add(transaction, LAST_SEEN_COUNTS, writer, hours.last_seen_counts)


class _Hours:
    """The people of a batch by the hours in which they were first and last seen."""

    def __init__(self) -> None:
        self.first_seen = Counter[int]()
        self.last_seen = Counter[int]()
        self.last_seen_counts = Counter[int]()

    def add(self, person: Person, more: int) -> None:
        if person.first_seen is not None:
            self.first_seen[person.first_seen // HOUR * HOUR] += more
        self.last_seen[person.last_seen // HOUR * HOUR] += more
        if person.last_seen % HOUR:
            self.last_seen_counts[person.last_seen] += more


def _ids(count: int) -> list[int]:
    """Return so many random numbers, none of them 0: they tell no order of arrival.

    One that somebody has already is refused by the database, and all is tried anew.
    """
    ids: set[int] = set()
    while len(ids) < count:
        drawn = array("I", os.urandom(4 * (count - len(ids))))
        ids |= {each >> 1 for each in drawn} - {0}
    return list(ids)


def _columns(rows: Sequence[Sequence[Any]], width: int) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)] or [[] for _ in range(width)]
