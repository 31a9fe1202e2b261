"""While the database cannot be read, `/stats` says so, and blames nothing else."""

import shutil
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.faults.database import ADMIN, story
from tests.support.processes import run
from tests.support.second_connection import locked


@pytest.mark.parametrize("how", ["locked", "no database of ours"])
async def test_in_chat(tmp_path: Path, how: str) -> None:
    """What is in its place is put there as a hasty restore would do."""
    other = tmp_path / "other"
    with ExitStack() as stack:
        async with story(tmp_path, admin_ids={ADMIN}) as tale:
            admin = await tale.an_admin()
            shutil.copy(tale.database, other)
            if how == "locked":
                stack.enter_context(locked(other, "EXCLUSIVE"))
            else:
                other.write_text("the notes of somebody else")
            other.rename(tale.database)
            await admin.says("/stats")
            # They are told that recording fails, too.
            answers = [(await admin.answer()).text, (await admin.answer()).text]
            stack.close()

    assert "The database cannot be read at the moment" in "".join(answers)
    assert "REPORT_INTERVAL" not in "".join(answers)


async def test_on_the_command_line(tmp_path: Path) -> None:
    async with story(tmp_path) as tale:
        await tale.talk(1)
    with locked(tale.database, "EXCLUSIVE"):
        status, _, errors = await run(tmp_path, "stats", DATABASE_PATH=str(tale.database))

    assert status == 1
    assert "is locked by another program" in errors
    assert "REPORT_INTERVAL" not in errors
