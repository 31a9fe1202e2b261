"""What docs/interoperate.md shows is run here, word for word."""

import json
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.support import ROOT
from tests.support.documents import code
from tests.support.old_files import make
from tests.support.second_connection import select

PAGE = (ROOT / "docs" / "interoperate.md").read_text("utf-8")


@pytest.fixture
async def folder(tmp_path: Path) -> Path:
    """With `look.sqlite3`: three people, each with a message and a command."""
    await make(tmp_path / "look.sqlite3")
    return tmp_path


def run(folder: Path, *command: str) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_sql(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "look.sqlite3")) as connection:
        rows = connection.execute(code("docs/interoperate.md", "SQL", "sql")).fetchall()

    assert rows == [
        (day, interaction_type, 1)
        for day in ("2026-05-30", "2026-05-31", "2026-06-01")
        for interaction_type in ("command", "message")
    ]


def test_the_page_names_the_columns_of_the_view(folder: Path) -> None:
    columns = [
        row[1] for row in select(folder / "look.sqlite3", "PRAGMA table_info(user_interactions)")
    ]

    assert re.findall(r"^\| `(\w+)` \|", PAGE, re.M) == columns


@pytest.mark.skipif(not find_spec("datasette"), reason="the extra interop is not installed")
def test_datasette(folder: Path) -> None:
    command = code("docs/interoperate.md", "Datasette", "sh")
    command = command.replace("datasette", f"{sys.executable} -m datasette")
    rows = json.loads(run(folder, "bash", "-euc", command))

    assert len(rows) == 6
    assert set(rows[0]) == {"user_id", "interaction_type", "timestamp", "count"}


@pytest.mark.skipif(not find_spec("pandas"), reason="the extra interop is not installed")
def test_pandas(folder: Path) -> None:
    printed = run(folder, sys.executable, "-c", code("docs/interoperate.md", "pandas", "python"))

    assert json.loads(printed) == {"command": 3, "message": 3}


@pytest.mark.skipif(not find_spec("duckdb"), reason="the extra interop is not installed")
def test_duckdb(folder: Path) -> None:
    printed = run(folder, sys.executable, "-c", code("docs/interoperate.md", "DuckDB", "python"))

    assert printed == "[(3,)]\n"
