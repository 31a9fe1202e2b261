"""The contract of recording: once per update id, opt-outs in turn, all of a batch or nothing."""

from pathlib import Path

import pytest

from analytics import DatabaseUnavailable
from analytics.store import Store
from analytics.store_types import Batch
from tests.store.kinds import Kind
from tests.store.updates import (
    ADA,
    BO,
    NOON,
    TODAY,
    count,
    day_of,
    erase,
    opt_out_of,
    record,
    update,
)
from tests.support.events import event_of


def nobody(*_event: object) -> int:
    return 0


async def test_an_update_id_is_recorded_once_within_a_batch_and_across(store: Store) -> None:
    await record(store, [update(update_id=1), update(update_id=1), update(update_id=2)])
    await record(store, [update(BO, update_id=2), update(BO, update_id=3)])

    assert await count(store) == 3
    assert [each.count for each in await store.interactions_of(ADA)] == [2]


async def test_updates_without_an_id_are_all_recorded(store: Store) -> None:
    await record(store, [update(), update()])

    assert await count(store) == 2


async def test_a_forgotten_update_id_is_recorded_again(store: Store) -> None:
    await record(store, [update(update_id=1)])
    await store.forget_updates(TODAY)
    await record(store, [update(update_id=1)])
    await store.forget_updates(TODAY + 1)
    await record(store, [update(update_id=1)])

    assert await count(store) == 2


async def test_an_update_without_a_type_is_only_remembered(store: Store) -> None:
    await record(store, [update(interaction_type=None, update_id=1), update(update_id=1)])

    assert await count(store) == 0
    assert not await store.is_known(ADA)


async def test_opting_out_and_in_is_effective_from_the_next_update_of_the_batch(
    store: Store,
) -> None:
    await record(
        store,
        [
            update(opting_out=True, events=[event_of("/optout")]),
            update(events=[event_of("/help")]),
            update(BO),
            update(opting_out=False),
            update(events=[event_of("/help")]),
            update(opting_out=True),
        ],
    )

    assert await store.opted_out([opt_out_of(ADA), opt_out_of(BO)]) == {opt_out_of(ADA)}
    assert [each.count for each in await store.interactions_of(ADA)] == [3]
    events = {each.event: each.count for each in await store.event_days(0)}
    assert events == {"optout": 1, "help": 1}


async def test_an_opt_out_is_bound_to_its_update_id_and_outlives_an_erasure(store: Store) -> None:
    await record(store, [update(), update(interaction_type=None, update_id=1, opting_out=True)])
    await record(store, [update(interaction_type=None, update_id=1, opting_out=False)])
    await erase(store, ADA)
    await record(store, [update()])

    assert await store.opted_out([opt_out_of(ADA)]) == {opt_out_of(ADA)}
    assert await count(store) == 0


async def test_an_event_keeps_the_largest_number_of_people(store: Store) -> None:
    day = NOON // 86_400
    await record(store, [update(events=[event_of("/help")])], 1)
    await record(store, [update(BO, events=[event_of("/help")])], 2)
    await record(store, [update(events=[event_of("/help")])], 1)

    [event] = await store.event_days(day)
    assert (event.day, event.event, event.count, event.people) == (day, "help", 3, 2)
    assert await store.event_days(day + 1) == []
    assert await store.event_days(day, ["command"]) == [event]
    assert await store.event_days(day, ["button"]) == await store.event_days(day, []) == []


async def test_what_is_dropped_and_how_far_a_spool_is_committed_come_with_the_batch(
    store: Store, kind: Kind, tmp_path: Path
) -> None:
    batch = [update(update_id=number) for number in range(3)]
    await store.record(Batch(batch[:1], nobody, day_of, TODAY, dropped=2, committed="token:1"))
    with kind.locked(tmp_path), pytest.raises(DatabaseUnavailable):
        await store.record(Batch(batch[1:], nobody, day_of, TODAY, dropped=3, committed="token:2"))
    failed = await count(store), (await store.totals(0, 0, 0)).dropped
    mark = await store.committed("token")
    await store.record(Batch(batch[1:], nobody, day_of, TODAY, dropped=3, committed="token:2"))

    assert failed == (1, 2)
    assert mark == 1
    assert await count(store) == 3
    assert (await store.totals(0, 0, 0)).dropped == 5
    assert await store.committed("token") == 2


async def test_what_is_recorded_is_there_when_the_store_is_opened_again(
    kind: Kind, tmp_path: Path
) -> None:
    async with kind.open(tmp_path) as store:
        await record(store, [update(update_id=1)])
    async with kind.open(tmp_path) as store:
        await record(store, [update(update_id=1)])
        found = await count(store)

    assert found == 1
