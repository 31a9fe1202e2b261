"""The whole service over a store: what people and admins see does not tell which one it is."""

from pathlib import Path
from typing import Any

import pytest

from tests.store.kinds import STORES, Kind
from tests.store.life import ADMIN, PEOPLE, live, seen, service_of
from tests.support.clock import Clock


async def history_of(kind: Kind, folder: Path, few: int) -> list[list[Any]]:
    """Return what is seen after a life, after a cleanup, an erasure and a change of key."""
    clock = Clock()
    folder.mkdir()
    async with service_of(kind, folder, clock, few) as analytics:
        await live(analytics, clock)
        moments = [await seen(analytics)]
        deleted = await analytics.cleanup_old_interactions(40)
        moments.append([deleted, *await seen(analytics)])
        erased = await analytics.people.erase(PEOPLE[0]), await analytics.people.erase(ADMIN)
        moments.append([erased, *await seen(analytics)])
        await analytics.maintenance.run(large_too=True)
        moments.append(await seen(analytics))
        return moments


@pytest.mark.parametrize("few", [1, 4])
async def test_whoever_looks_sees_the_same_whichever_the_store_is(tmp_path: Path, few: int) -> None:
    for kind in STORES:
        if kind.reason_to_skip:
            pytest.skip(kind.reason_to_skip)
    first, *others = [await history_of(kind, tmp_path / kind.name, few) for kind in STORES]

    assert first[0][0].total_interactions > 400
    assert first[1][0] > 100
    assert None not in first[2][0]
    for other in others:
        for expected, found in zip(first, other, strict=True):
            for one, another in zip(expected, found, strict=True):
                assert one == another
