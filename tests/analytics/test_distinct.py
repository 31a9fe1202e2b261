"""Counts of distinct people are remembered, and made in the background where nobody can wait."""

import asyncio
from collections.abc import Sequence
from typing import Any, cast

import pytest

from analytics.statistics.distinct import DistinctPeople, Window

HERE, THERE = Window(0, 3_600, 7), Window(3_600, 7_200, 9)


class SlowStore:
    """A store that counts as many people as it is told to, once it may."""

    def __init__(self) -> None:
        self.people = 3
        self.asked: list[list[tuple[int, int]]] = []
        self.began = asyncio.Event()
        self.may_end = asyncio.Event()
        self.was_cancelled = False

    async def people_of_windows(self, windows: Sequence[tuple[int, int]]) -> list[int]:
        people = self.people
        self.asked.append(list(windows))
        self.began.set()
        try:
            await self.may_end.wait()
        except asyncio.CancelledError:
            self.was_cancelled = True
            raise
        return [people] * len(windows)


@pytest.fixture
def store() -> SlowStore:
    return SlowStore()


@pytest.fixture
def people(store: SlowStore) -> DistinctPeople:
    return DistinctPeople(cast(Any, store))


async def test_what_is_known_is_returned_at_once_and_all_else_is_counted_meanwhile(
    store: SlowStore, people: DistinctPeople
) -> None:
    first = people.known([HERE])
    waiting = asyncio.create_task(people.of([HERE, THERE]))
    await store.began.wait()
    again = people.known([HERE])
    store.may_end.set()
    counted = await waiting

    assert (first, again, counted) == (None, None, [3, 3])
    assert people.known([HERE, THERE, Window(0, 3_600, 0)]) == [3, 3, 0]
    # Nobody counts twice what is being counted.
    assert store.asked == [[HERE[:2]], [THERE[:2]]]
    # With another number of interactions, the people may be others.
    assert people.known([Window(0, 3_600, 8)]) is None
    await people.close()


async def test_what_is_forgotten_while_it_is_counted_is_counted_anew(
    store: SlowStore, people: DistinctPeople
) -> None:
    waiting = asyncio.create_task(people.of([HERE]))
    await store.began.wait()
    people.forget()  # somebody is erased
    store.people = 2
    again = asyncio.create_task(people.of([HERE]))
    store.began.clear()
    await store.began.wait()
    store.may_end.set()

    assert (await waiting, await again) == ([3], [2])
    assert people.known([HERE]) == [2]


async def test_closing_ends_what_is_being_counted(store: SlowStore, people: DistinctPeople) -> None:
    assert people.known([HERE]) is None
    await store.began.wait()
    await people.close()

    assert store.was_cancelled
    assert asyncio.all_tasks() == {asyncio.current_task()}
