"""Note the people of a batch in `users`, and count them by day and by week."""

import json
import os
from array import array
from collections.abc import Callable, Mapping, Sequence

from analytics.active_people import ActivePeople, Person
from analytics.sqlite.transactions import Transaction

KNOWN = """
    SELECT reference, id, first_seen, last_seen, first_week, weeks
    FROM users WHERE reference IN (SELECT value FROM json_each(?))
"""
TAKEN = "SELECT id FROM users WHERE id IN (SELECT value FROM json_each(?))"
COME = """
    INSERT INTO users (id, reference, first_seen, last_seen, first_week, weeks)
    VALUES (?, ?, ?, ?, ?, ?)
"""
# A statement of its own: no trigger of the other columns is looked at.
SEE_LATER = "UPDATE users SET last_seen = ? WHERE id = ?"
SEE = "UPDATE users SET first_seen = ?, last_seen = ?, first_week = ?, weeks = ? WHERE id = ?"
# A day may begin or end so far from a moment of it: 51 hours, where the time zone is changed.
AROUND = """
    SELECT DISTINCT user_id, timestamp FROM interactions
    WHERE timestamp BETWEEN ? - 183600 AND ? + 183600
        AND user_id IN (SELECT value FROM json_each(?))
"""
COUNT_USERS = """
    INSERT INTO daily_users (day, users) VALUES (?, ?)
    ON CONFLICT DO UPDATE SET users = users + excluded.users
"""
JOIN_COHORT = """
    INSERT INTO cohorts (first_week, week, users) VALUES (?, ?, ?)
    ON CONFLICT DO UPDATE SET users = users + excluded.users
"""
# A count that would fall to zero leaves with its row.
LEAVE_COHORT = (
    "DELETE FROM cohorts WHERE first_week = ? AND week = ? AND users = ?",
    "UPDATE cohorts SET users = users - ?3 WHERE first_week = ?1 AND week = ?2",
)
# 31 bits: 4 bytes in each row of interactions.
UNUSED_BITS = 1


def read_people(
    transaction: Transaction, moments: Mapping[int, Sequence[int]], day_of: Callable[[int], int]
) -> ActivePeople:
    """Return the people of a batch, each by their reference, with who of them is known."""
    found = transaction.run(KNOWN, (json.dumps(list(moments)),))
    known = {reference: Person(*person) for reference, *person in found}
    return ActivePeople(known, moments, day_of)


def note_people(transaction: Transaction, people: ActivePeople) -> dict[int, int]:
    """Note when people were active; return the internal number of each."""
    run_many = transaction.run_many
    ids = dict(zip(people.new, _free_ids(transaction, len(people.new)), strict=True))
    come = [(each, people.come(each, user_id)) for each, user_id in ids.items()]
    run_many(
        COME,
        [
            (new.id, each, new.first_seen, new.last_seen, new.first_week, new.weeks)
            for each, new in come
        ],
    )
    run_many(SEE_LATER, people.again)
    for late in people.late_days:
        asked = late.first, late.last, json.dumps(list(late.people))
        people.active_on(late, transaction.run(AROUND, asked))
    run_many(
        SEE,
        [
            (now.first_seen, now.last_seen, now.first_week, now.weeks, now.id)
            for _, now in people.changed()
        ],
    )
    run_many(COUNT_USERS, list(people.days.items()))
    run_many(JOIN_COHORT, [(*key, more) for key, more in people.cohorts.items() if more > 0])
    left = [(*key, -more) for key, more in people.cohorts.items() if more < 0]
    for statement in LEAVE_COHORT:
        run_many(statement, left)
    return ids | {reference: person.id for reference, person in people.known.items()}


def _free_ids(transaction: Transaction, count: int) -> list[int]:
    """Return so many random numbers that nobody has: they tell no order of arrival."""
    free: set[int] = set()
    while len(free) < count:
        drawn = array("I", os.urandom(4 * (count - len(free))))
        tried = {each >> UNUSED_BITS for each in drawn} - {0}
        taken = transaction.run(TAKEN, (json.dumps(list(tried)),))
        free |= tried.difference(each for (each,) in taken)
    return list(free)
