"""Internal numbers tell no order of arrival, and never stand for two people."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from unittest.mock import patch

import pytest

from analytics import AnalyticsService
from analytics.pseudonyms import Pseudonyms
from analytics.sqlite.queries import active_people
from tests.support.old_files import FILES, NOW
from tests.support.second_connection import NAME, select
from tests.support.service import KEY, SOMEBODY, interaction, open_service

PEOPLE = 200
IDS = 2**31 - 1


def ids_in_order_of_arrival(folder: Path) -> list[int]:
    reference = Pseudonyms(KEY).reference
    ids = dict(select(folder, "SELECT reference, id FROM users"))
    return [ids[reference(SOMEBODY + number)] for number in range(PEOPLE)]


def inversions(ids: list[int]) -> float:
    """Of all pairs, the part that is in descending order: half of those of a random order."""
    pairs = [(a, b) for i, a in enumerate(ids) for b in ids[i + 1 :]]
    return sum(a > b for a, b in pairs) / len(pairs)


def assert_random(ids: list[int]) -> None:
    assert len(set(ids)) == PEOPLE
    assert all(1 <= each <= IDS for each in ids)
    # Nine standard deviations from either side.
    assert 0.29 < inversions(ids) < 0.71
    assert max(ids) - min(ids) > IDS / 2


async def test_ids_tell_nothing_of_the_order_in_which_people_came(tmp_path: Path) -> None:
    async with open_service(tmp_path) as analytics:
        for number in range(PEOPLE):
            await analytics.record([interaction(person=SOMEBODY + number)])

    assert_random(ids_in_order_of_arrival(tmp_path))


async def test_people_of_before_are_given_random_ids(tmp_path: Path) -> None:
    path = tmp_path / NAME
    shutil.copy(FILES / "schema-3.sqlite3", path)
    reference = Pseudonyms(KEY).reference
    with closing(sqlite3.connect(path)) as database:
        database.execute("DELETE FROM interactions")
        [(kind,)] = database.execute(
            "SELECT id FROM interaction_types WHERE name = 'message'"
        ).fetchall()
        for number in range(PEOPLE):
            database.execute(
                "INSERT INTO users (id, reference, last_seen, first_seen) VALUES (?1, ?2, ?3, ?3)",
                (number + 1, reference(SOMEBODY + number), int(NOW.timestamp())),
            )
            database.execute(
                "INSERT INTO interactions VALUES (?, ?, ?, ?)",
                (int(NOW.timestamp()), number + 1, kind, number + 1),
            )
        # Recorded under a key that was replaced: nobody's, before and after.
        database.execute(
            "INSERT INTO interactions VALUES (?, 0, ?, 5)", (int(NOW.timestamp()), kind)
        )
        database.commit()
    async with AnalyticsService.open(path, pseudonym_key=KEY, clock=lambda: NOW) as analytics:
        held = [await analytics.people.personal_data(SOMEBODY + n) for n in range(PEOPLE)]
        await analytics.maintenance.compact_if_due(large_too=True)

    assert_random(ids_in_order_of_arrival(tmp_path))
    assert [[row.count for row in data.interactions] for data in held] == [
        [number + 1] for number in range(PEOPLE)
    ]
    assert select(tmp_path, "SELECT count FROM interactions WHERE user_id = 0") == [(5,)]
    # Those who come later have places of their own among them.
    async with AnalyticsService.open(path, pseudonym_key=KEY, clock=lambda: NOW) as analytics:
        await analytics.record([interaction(person=SOMEBODY + PEOPLE)])
    assert select(tmp_path, "SELECT count(*) FROM users") == [(PEOPLE + 1,)]


@pytest.mark.parametrize("bits", [3, 4, 6])
async def test_ids_that_collide_lose_no_row_and_mix_up_no_people(tmp_path: Path, bits: int) -> None:
    """With no more ids than people, nearly every new person's first try is taken."""
    people = range(SOMEBODY, SOMEBODY + 7)
    with patch.object(active_people, "UNUSED_BITS", 32 - bits):
        async with open_service(tmp_path) as analytics:
            batch = [interaction(person=person) for person in people]
            for turn in (3, 2, 1):
                assert await analytics.record(batch[:turn])
                assert await analytics.record(batch[turn:])
            held = [await analytics.people.personal_data(person) for person in people]

    assert [[row.count for row in data.interactions] for data in held] == [[3]] * 7
    [(known, highest)] = select(tmp_path, "SELECT count(DISTINCT id), max(id) FROM users")
    assert known == 7
    assert highest < 2**bits
    assert select(tmp_path, "SELECT min(id) > 0 FROM users") == [(1,)]
