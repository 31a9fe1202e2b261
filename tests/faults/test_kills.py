"""Whatever ends the process, what Telegram considers delivered is in the file, and once."""

import pytest

from tests.faults.kills import FAULTS
from tests.faults.table import Fault, few_and_often


@pytest.mark.parametrize(("fault", "times"), few_and_often(FAULTS))
async def test_nothing_acknowledged_is_lost_or_counted_twice(fault: Fault, times: int) -> None:
    row = await fault.inject(times)

    assert row.acknowledged > 0
    assert (row.lost, row.counted_twice) == (0, 0)
    assert row.recorded == row.acknowledged
