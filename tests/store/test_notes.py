"""The contract of notes: each is kept as it was given, until it is removed, and never too many."""

import asyncio

from analytics.store import Store
from analytics.store_types import NoteRow
from tests.store.updates import DAY, HOUR, NOON

TEXT = "نشر 発売 🚀 '; DROP TABLE notes --"


async def test_notes_are_kept_as_given_the_oldest_first(store: Store) -> None:
    empty = await store.notes()
    ids = [
        await store.add_note(at, text, 100)
        for at, text in ((NOON, TEXT), (NOON - DAY, "b"), (NOON, "a"), (NOON - HOUR, "c"))
    ]

    assert empty == []
    kept = [(NOON - DAY, "b"), (NOON - HOUR, "c"), (NOON, TEXT), (NOON, "a")]
    numbered = [(ids[place] or 0, *row) for place, row in zip((1, 3, 0, 2), kept, strict=True)]
    assert await store.notes() == [NoteRow(*row) for row in numbered]
    assert len(set(ids)) == 4


async def test_a_removed_note_is_gone_and_the_others_stay(store: Store) -> None:
    ids = [await store.add_note(NOON, text, 100) for text in "abc"]
    async with store.deletion(NOON):
        for each in (ids[1], ids[1], 10**9):
            assert each is not None
            await store.remove_note(each)

    assert [row.text for row in await store.notes()] == ["a", "c"]
    assert (await store.totals(0, 0, 0)).is_compaction_due


async def test_no_more_are_added_than_there_may_be_at_whatever_moment(store: Store) -> None:
    added = await asyncio.gather(*(store.add_note(NOON, str(each), 3) for each in range(5)))

    assert added.count(None) == 2
    assert len(await store.notes()) == 3
