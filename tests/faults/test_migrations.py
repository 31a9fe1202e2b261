"""A kill leaves an old file or a new one, never one in between."""

import pytest

from tests.faults.migrations import FAULTS, STATEMENTS
from tests.faults.table import Fault


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
async def test_a_kill_leaves_the_old_file_or_the_new_one(fault: Fault) -> None:
    row = await fault.inject(fault.short)

    # BEGIN, each statement, the version, COMMIT.
    assert row.injected >= len(STATEMENTS) + 3
    assert row.acknowledged == row.recorded
    assert (row.lost, row.counted_twice) == (0, 0)
