"""Each test of the contract runs with an empty store of each kind."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from analytics.store import Store
from tests.store.kinds import STORES, Kind


@pytest.fixture(params=STORES, ids=lambda kind: kind.name)
def kind(request: pytest.FixtureRequest) -> Kind:
    found = request.param
    assert isinstance(found, Kind)
    return found


@pytest.fixture
async def store(kind: Kind, tmp_path: Path) -> AsyncIterator[Store]:
    async with kind.open(tmp_path) as opened:
        yield opened
