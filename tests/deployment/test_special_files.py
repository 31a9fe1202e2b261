"""A pipe or a folder in the place of a file is refused in a sentence, and nothing waits for it."""

import os
from pathlib import Path

import pytest

from analytics import AnalyticsService
from analytics.sqlite.maintenance.backups import backup
from tests.support.processes import run
from tests.support.second_connection import NAME

IN_DATA = {"DATABASE_PATH": f"data/{NAME}"}


@pytest.fixture
async def folder(tmp_path: Path) -> Path:
    """With a database, its key, and a backup."""
    async with AnalyticsService.open(tmp_path / "data" / NAME):
        pass
    await backup(tmp_path / "data" / NAME, tmp_path / "copy", None)
    return tmp_path


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir], ids=["pipe", "folder"])
@pytest.mark.parametrize(
    ("special", "arguments", "said"),
    [
        ("backup", ("restore", "backup", "--force"), "backup is not a file"),
        ("target", ("backup", "target"), "exists already"),
        ("data/analytics.key", ("export", "--user", "7"), "contains no key (it is not a file)"),
        (
            "data/analytics.key",
            ("restore", "copy", "--force"),
            "contains no key (it is not a file)",
        ),
        (".env", ("stats",), ".env is not a file"),
        (f"data/{NAME}", ("stats",), "is not a file"),
        (f"data/{NAME}", ("backup", "target"), "is not a file"),
        (f"data/{NAME}", ("restore", "copy", "--force"), "is not a file"),
        (f"data/{NAME}.lock", ("cleanup",), "is not a regular file"),
    ],
)
async def test_what_is_no_file_is_named_and_not_waited_for(
    folder: Path, make: object, special: str, arguments: tuple[str, ...], said: str
) -> None:
    path = folder / special
    path.unlink(missing_ok=True)
    make(path)  # type: ignore[operator]
    status, output, errors = await run(folder, *arguments, **IN_DATA)

    assert (status, output, errors.count("\n")) == (2, "", 1), errors
    assert said in errors


async def test_doctor_names_a_pipe_and_ends(folder: Path) -> None:
    (folder / "data" / NAME).unlink()
    os.mkfifo(folder / "data" / NAME)
    _, output, errors = await run(folder, "doctor", **IN_DATA)

    assert f"{NAME} is not a file" in output
    assert errors == ""
