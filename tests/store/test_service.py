"""The whole service over a store: what people and admins see does not tell which one it is."""

from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from analytics.statistics.reports import ReportRules
from tests.store.kinds import STORES, Kind
from tests.store.life import ADMIN, PEOPLE, RULES, live, seen
from tests.support.any_store import service_over
from tests.support.clock import Clock


async def history_of(kind: Kind, folder: Path, rules: ReportRules) -> list[list[Any]]:
    """Return what is seen after a life, after a cleanup, an erasure and a change of key."""
    clock = Clock()
    folder.mkdir()
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(kind.open(folder))
        analytics = await stack.enter_async_context(service_over(store, folder, clock, rules))
        await live(analytics, clock)
        moments = [await seen(analytics)]
        deleted = await analytics.cleanup_old_interactions(40)
        moments.append([deleted, *await seen(analytics)])
        erased = await analytics.people.erase(PEOPLE[0]), await analytics.people.erase(ADMIN)
        moments.append([erased, *await seen(analytics)])
        await analytics.maintenance.run(large_too=True)
        moments.append(await seen(analytics))
        return moments


@pytest.mark.parametrize("rules", RULES, ids=["all", "suppressed"])
async def test_whoever_looks_sees_the_same_whichever_the_store_is(
    tmp_path: Path, rules: ReportRules
) -> None:
    for kind in STORES:
        if kind.reason_to_skip:
            pytest.skip(kind.reason_to_skip)
    first, *others = [await history_of(kind, tmp_path / kind.name, rules) for kind in STORES]

    assert first[0][0].total_interactions > 400
    assert first[1][0] > 100
    assert None not in first[2][0]
    for other in others:
        for expected, found in zip(first, other, strict=True):
            for one, another in zip(expected, found, strict=True):
                assert one == another
