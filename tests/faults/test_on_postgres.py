"""Bots on PostgreSQL: whatever ends a bot, a server or the leader of three, nothing is lost."""

import pytest

from tests.faults.postgres import one_server, three_nodes
from tests.faults.postgres.programs import reason_to_skip
from tests.faults.table import Fault
from tests.support.postgres import needs_postgres

IN_THE_TESTS = ("kill -9 of the server", "kill -9 of the leader of three nodes")


def chosen(faults: list[Fault]) -> list[Fault]:
    return [fault for fault in faults if fault.name in IN_THE_TESTS]


async def assert_nothing_is_lost(fault: Fault) -> None:
    row = await fault.inject(fault.short)

    assert row.acknowledged > 0
    assert (row.lost, row.counted_twice) == (0, 0)
    assert row.recorded == row.acknowledged


@pytest.mark.long
@needs_postgres()
@pytest.mark.parametrize("fault", chosen(one_server.FAULTS), ids=lambda fault: fault.name)
async def test_a_server_that_is_killed_has_what_was_acknowledged(fault: Fault) -> None:
    await assert_nothing_is_lost(fault)


@pytest.mark.long
@pytest.mark.skipif(reason_to_skip() is not None, reason=reason_to_skip() or "")
@pytest.mark.parametrize("fault", chosen(three_nodes.FAULTS), ids=lambda fault: fault.name)
async def test_a_leader_that_is_killed_leaves_what_was_acknowledged(fault: Fault) -> None:
    await assert_nothing_is_lost(fault)
