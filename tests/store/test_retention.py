"""The contract of deletion by age: exactly what is older goes, and with it what was counted."""

from contextlib import nullcontext

from analytics.acts import NoteAccess
from analytics.store import Store
from analytics.store_types import DayTotals, Setting
from tests.store.updates import (
    ADA,
    BO,
    CY,
    DAY,
    HOUR,
    NOON,
    TODAY,
    count,
    delete_before,
    record,
    update,
)
from tests.support.events import event_of


def days(first: int, last: int) -> list[tuple[int, int, int]]:
    return [(day, day * DAY, (day + 1) * DAY) for day in range(first, last + 1)]


async def test_what_would_be_deleted_is_counted_and_nothing_changes(store: Store) -> None:
    await record(store, [update(at=NOON - 1), update(at=NOON - 1), update(at=NOON), update(BO)])

    assert await store.count_before(NOON) == 2
    assert await store.count_before(NOON + 0.5) == 4
    assert await count(store) == 4


async def test_older_interactions_go_and_an_interaction_at_the_moment_itself_stays(
    store: Store,
) -> None:
    await record(store, [update(at=NOON - 1), update(at=NOON - 1), update(at=NOON), update(BO)])

    assert await delete_before(store, NOON) == 2
    assert await delete_before(store, NOON) == 0
    assert await count(store) == 2
    assert await store.moments_of(ADA) == [NOON]


async def test_a_step_deletes_the_oldest_and_says_how_many_interactions(store: Store) -> None:
    await record(store, [update(at=NOON - 2)] * 3 + [update(at=NOON - 1), update(BO, NOON - 3)])
    async with store.deletion(NOON):
        steps = [await store.delete_before(NOON, 1) for _ in range(4)]

    assert steps == [1, 3, 1, 0]


async def test_who_has_nothing_left_is_not_known_any_more(store: Store) -> None:
    await record(store, [update(at=NOON - 1), update(BO, NOON - 1), update(BO)])
    await delete_before(store, NOON)

    assert not await store.is_known(ADA)
    assert await store.is_known(BO)
    assert (await store.totals(0, 0, 0)).daily == 1


async def test_events_of_older_days_are_forgotten(store: Store) -> None:
    today = TODAY // DAY
    await record(store, [update(at=at, events=[event_of("/help")]) for at in (TODAY - 1, TODAY)])
    await store.forget_events(today)

    assert [each.day for each in await store.event_days(0)] == [today]


async def test_the_audit_log_listed_erasures_and_notes_are_forgotten_by_age(store: Store) -> None:
    for at in (NOON - 1, NOON):
        await store.perform(NoteAccess(at, None, "stats"))
        await store.add_note(at, "deployed", 2)
    await store.put_setting(Setting.LAST_BACKUP, NOON)
    await store.list_erasure(1, 19, NOON)
    await store.list_erasure(2, 20, NOON)
    asked = [
        (NOON - 1, 19, NOON - 1),
        (NOON, 19, NOON - 1),
        (NOON - 1, 20, NOON - 1),
        (NOON - 1, 19, NOON),
    ]
    found = [await store.has_listed(*each) for each in asked]
    async with store.deletion(NOON):
        await store.forget_listed(NOON, 20, NOON)

    assert found == [False, True, True, True]
    assert not await store.has_listed(NOON, 20, NOON)
    assert len(await store.audit_entries()) == 1
    assert [await store.erased_on(number) for number in (1, 2)] == [None, 20]
    assert [note.moment for note in await store.notes()] == [NOON]


async def test_the_totals_of_days_stay_as_they_were_before_the_deletion(store: Store) -> None:
    day = TODAY // DAY
    await record(store, [update(at=TODAY - DAY), update(BO, TODAY - DAY), update(CY, TODAY - DAY)])
    await record(
        store, [update(at=TODAY - 3 * DAY), update(at=TODAY - 3 * DAY, interaction_type="command")]
    )
    await record(store, [update(at=TODAY)])
    await store.keep_days(days(day - 366, day - 1), 3)
    await delete_before(store, TODAY - DAY + HOUR)
    await store.keep_days(days(day - 366, day - 1), 0)
    kept = (await store.history_counts([], day - 30, TODAY, TODAY)).days
    await store.forget_days()

    assert list(kept) == [
        DayTotals(day - 3, 2, 1, None),
        DayTotals(day - 2, 0, 0, None),
        DayTotals(day - 1, 3, 3, {"message": 3}),
    ]
    assert not (await store.history_counts([], day - 30, TODAY, TODAY)).days


async def test_no_day_before_the_first_that_is_asked_for_is_kept(store: Store) -> None:
    day = TODAY // DAY
    await record(store, [update(at=TODAY - 9 * DAY), update(at=TODAY)])
    await store.keep_days(days(day - 1, day), 0)
    kept = (await store.history_counts([], day - 30, TODAY, TODAY)).days

    assert [each.day for each in kept] == [day - 1, day]


async def test_what_was_deleted_is_compacted_away_or_said_to_be_due(store: Store) -> None:
    await record(store, [update(at=NOON - 1)])
    before = (await store.totals(0, 0, 0)).is_compaction_due
    await delete_before(store, NOON)
    is_gone = await store.compact_if_due(NOON, nullcontext, large_too=True)

    assert not before
    assert is_gone
    assert not (await store.totals(0, 0, 0)).is_compaction_due
