"""Whoever uses the analytics meets AnalyticsError, and never what a driver raises."""

import ast
import errno
import sqlite3
from pathlib import Path

import pytest

import analytics
from analytics import Access, AnalyticsError, errors
from analytics.sqlite.connections import translate
from analytics.sqlite.database import Database
from tests.support import ROOT

# Text files that people write may be in no encoding that is known.
READERS_OF_TEXT = {Path("bot/environment.py"), Path("bot/settings.py")}
OUTSIDE = [
    file
    for room in ("analytics", "bot", "scheduler")
    for file in sorted((ROOT / room).rglob("*.py"))
    if "sqlite" not in file.relative_to(ROOT).parts
] + [ROOT / "main.py"]
CLASSES = [
    each
    for each in vars(errors).values()
    if isinstance(each, type) and issubclass(each, AnalyticsError)
]


def names_of_drivers(file: Path) -> set[str]:
    """What a file says of the exceptions of a driver, however it is imported."""
    drivers = {"ERRORS", "MemoryError", "UnicodeDecodeError"} | {
        name for name, each in vars(sqlite3).items() if isinstance(each, type) and "Error" in name
    }
    found = set()
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Name):
            found.add(node.id)
        elif isinstance(node, ast.alias):
            found |= {node.name, node.asname or ""}
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            is_driver = node.value.id in ("sqlite3", "aiosqlite", "sqlcipher", "connections")
            found |= {node.attr} if is_driver else set()
    return found & drivers


def test_only_the_store_knows_what_a_driver_raises() -> None:
    found = {
        file.relative_to(ROOT): names
        for file in OUTSIDE
        if (names := names_of_drivers(file))
        and not (names == {"UnicodeDecodeError"} and file.relative_to(ROOT) in READERS_OF_TEXT)
    }

    assert found == {}


def test_every_error_is_public_and_says_when_it_is_raised() -> None:
    for each in CLASSES:
        assert each.__name__ in analytics.__all__
        assert each is AnalyticsError or (each.__doc__ or "").startswith("Raised ")


def test_only_what_may_be_over_without_a_person_is_transient() -> None:
    """A bot that ends with one of these is started again, with the others it is not."""
    transient = {
        analytics.DatabaseInUse,
        analytics.DatabaseReplaced,
        analytics.DatabaseUnavailable,
        analytics.DiskFull,
        analytics.InteractionsLost,
        analytics.NoRoomForCopy,
    }

    assert {each for each in CLASSES if each.is_transient} == transient


@pytest.mark.parametrize("each", CLASSES)
def test_an_error_has_what_is_wrong_and_what_to_do_as_two_fields(
    each: type[AnalyticsError],
) -> None:
    error = each("a: b is locked", "close it: then try again")

    assert (error.problem, error.remedy) == ("a: b is locked", "close it: then try again")
    assert str(error) == "a: b is locked: close it: then try again"


@pytest.mark.parametrize(
    "error",
    [
        sqlite3.OperationalError(),
        MemoryError(),
        UnicodeDecodeError("utf-8", b"\xa5", 0, 1, "invalid start byte"),
        *(OSError(number, "") for number in (errno.ENOSPC, errno.EIO, errno.EACCES)),
    ],
)
def test_whatever_a_driver_raises_becomes_a_sentence(error: Exception, tmp_path: Path) -> None:
    told = translate(tmp_path / "a", error)

    assert str(tmp_path / "a") in told.problem
    assert told.remedy
    assert "()" not in told.problem


async def test_a_statement_that_fails_raises_no_error_of_the_driver(tmp_path: Path) -> None:
    async with Database.open(tmp_path / "a", Access.OWN) as database:
        for failing in (
            database.read("SELECT * FROM nowhere"),
            database.write("INSERT INTO nowhere VALUES (1)"),
            database.write_all(("INSERT INTO nowhere VALUES (1)", ())),
        ):
            with pytest.raises(AnalyticsError, match="no such table: nowhere") as refused:
                await failing
            assert isinstance(refused.value.__cause__, sqlite3.OperationalError)
