"""The contract about one person: found, erased as a whole or not at all, made anonymous."""

from pathlib import Path

import pytest

from analytics import DatabaseUnavailable, InteractionType
from analytics.clock import from_unix
from analytics.models import OwnRow
from analytics.one_process import OneProcess
from analytics.store import Store
from analytics.store_types import Setting
from tests.store.kinds import Kind
from tests.store.updates import ADA, BO, DAY, HOUR, NOON, count, day_of, erase, record, update

MESSAGE, COMMAND = InteractionType.MESSAGE, InteractionType.COMMAND


async def test_a_persons_interactions_are_theirs_alone_the_oldest_first(store: Store) -> None:
    await record(store, [update(), update(at=NOON - DAY, interaction_type="command"), update()])
    await record(store, [update(BO, NOON + HOUR)])

    oldest, newest = (
        OwnRow(COMMAND, from_unix(NOON - DAY), 1),
        OwnRow(MESSAGE, from_unix(NOON), 2),
    )
    assert await store.interactions_of(ADA) == [oldest, newest]
    assert await store.latest_of(ADA) == newest
    assert sorted(await store.moments_of(ADA)) == [NOON - DAY, NOON]
    assert await store.is_known(ADA)


async def test_nothing_is_found_of_somebody_who_was_never_here(store: Store) -> None:
    await record(store, [update(BO)])

    assert await store.interactions_of(ADA) == []
    assert await store.latest_of(ADA) is None
    assert await store.moments_of(ADA) == []
    assert not await store.is_known(ADA)
    assert await erase(store, ADA) is None


async def test_erasing_removes_the_person_and_all_their_counts(store: Store) -> None:
    await record(store, [update(BO, NOON - HOUR + 1)])
    alone = (await store.totals(0, NOON - HOUR, NOON))[:5], await store.seen_since([0, NOON])
    await record(store, [update(), update(), update(at=NOON - HOUR + 1), update(at=NOON - DAY)])

    assert await erase(store, ADA) == 4
    assert not await store.is_known(ADA)
    assert await store.interactions_of(ADA) == []
    assert (await store.totals(0, NOON - HOUR, NOON))[:5] == alone[0]
    assert await store.seen_since([0, NOON]) == alone[1]
    assert await store.people_of_windows([(0, NOON + DAY)]) == [1]


@pytest.mark.parametrize("late", [NOON + 1, NOON - DAY])
async def test_erasing_does_nothing_if_a_moment_is_missing(store: Store, late: int) -> None:
    await record(store, [update(), update(at=NOON - 1)])
    moments = await store.moments_of(ADA)
    await record(store, [update(at=late)])
    async with store.deletion(NOON):
        first = await store.erase(ADA, moments, day_of)

    assert first is None
    assert await count(store) == 3
    assert await erase(store, ADA) == 3


async def test_an_erasure_is_listed_where_a_copy_may_bring_the_person_back(store: Store) -> None:
    """A backup of a file; on a server, what waits at another process, at any time."""
    await store.list_erasure(1, 20, NOON)
    await store.put_setting(Setting.LAST_BACKUP, NOON)
    await store.list_erasure(2, 20, NOON + 1)
    await store.list_erasure(3, 20, NOON)
    await store.list_erasure(4, 20, NOON)
    await store.list_erasure(4, 21, NOON)

    early = None if isinstance(store, OneProcess) else 20
    assert [await store.erased_on(number) for number in range(1, 5)] == [early, early, 20, 21]


async def test_made_anonymous_interactions_count_but_are_of_no_person(store: Store) -> None:
    await record(store, [update(), update(BO), update(BO, NOON - HOUR, "command")])
    await store.put_setting(Setting.LAST_BACKUP, NOON)
    await store.list_erasure(1, 20, NOON)
    async with store.deletion(NOON):
        await store.make_anonymous("another key")
    totals = await store.totals(0, 0, 0)
    await record(store, [update(at=NOON + HOUR)])

    assert totals.types == {"message": 2, "command": 1}
    assert (totals.daily, totals.weekly, totals.monthly) == (0, 0, 0)
    assert await store.people_of_windows([(0, NOON + 1), (0, 0)]) == [0, 0]
    assert not await store.is_known(BO)
    assert await store.get_setting(Setting.REFERENCES) == "another key"
    assert await store.erased_on(1) is None
    assert (await store.totals(0, 0, 0)).daily == 1


async def test_an_erasure_that_fails_has_deleted_nothing(
    store: Store, kind: Kind, tmp_path: Path
) -> None:
    await record(store, [update(), update(at=NOON - DAY)])
    moments = await store.moments_of(ADA)
    async with store.deletion(NOON):
        with kind.locked(tmp_path), pytest.raises(DatabaseUnavailable):
            await store.erase(ADA, moments, day_of)

    assert await count(store) == 2
