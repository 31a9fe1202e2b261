"""Whatever ends the process, what Telegram considers delivered is in the file, and once."""

import pytest

from tests.faults.kills import FAULTS
from tests.faults.table import Fault


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
async def test_nothing_acknowledged_is_lost_or_counted_twice(fault: Fault) -> None:
    row = await fault.inject(fault.short)

    assert row.acknowledged > 0
    assert (row.lost, row.counted_twice) == (0, 0)
    assert row.recorded == row.acknowledged
