"""Each test of the contract runs with an empty store of each kind."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from analytics import Access
from analytics.store import Store
from tests.store.kinds import STORES, Kind
from tests.support.postgres import database_of


@pytest.fixture(params=STORES, ids=lambda kind: kind.name)
def kind(request: pytest.FixtureRequest) -> Kind:
    found = request.param
    assert isinstance(found, Kind)
    if found.reason_to_skip:
        pytest.skip(found.reason_to_skip)
    return found


@pytest.fixture
async def store(kind: Kind, tmp_path: Path) -> AsyncIterator[Store]:
    async with kind.open(tmp_path) as opened:
        yield opened


@pytest.fixture
async def replicas(tmp_path: Path) -> AsyncIterator[list[Store]]:
    """Four processes at one PostgreSQL database."""
    from analytics.postgres.store import open_store

    url = database_of(tmp_path)
    async with AsyncExitStack() as stack:
        # At once: one of them makes the schema.
        opening = [stack.enter_async_context(open_store(url, Access.OWN)) for _ in range(4)]
        yield list(await asyncio.gather(*opening))
