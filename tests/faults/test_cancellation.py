"""A cancelled task leaves nothing half done, and nothing open."""

import pytest

from tests.faults.cancellation import CASES, FAULTS, start_cancelled_everywhere


async def test_a_cancellation_at_any_await_loses_nothing_and_leaves_nothing_open() -> None:
    [fault] = FAULTS
    row = await fault.inject(fault.short)

    assert row.injected > 10 * len(CASES)
    assert row.recorded == row.acknowledged
    assert (row.lost, row.counted_twice) == (0, 0)


@pytest.mark.parametrize("late", [False, True])
async def test_a_start_or_stop_cancelled_at_any_await_leaves_nothing_behind(late: bool) -> None:
    assert await start_cancelled_everywhere(late=late) > 20
