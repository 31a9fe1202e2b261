"""`move` takes the database from a file to a server and back, and says what to do next."""

import asyncio
from pathlib import Path

import pytest

from analytics import Access, AnalyticsService, key_file, parse_key, utc_now
from analytics.key_files import read_key
from analytics.models import Interaction, InteractionType
from tests.support.command_line import invoke
from tests.support.postgres import database_of, execute, needs_postgres
from tests.support.second_connection import NAME, total
from tests.support.service import SOMEBODY

pytestmark = needs_postgres()


async def recorded(path: Path) -> None:
    said = [Interaction(SOMEBODY + n, InteractionType.MESSAGE, utc_now()) for n in range(5)]
    async with AnalyticsService.open(path) as analytics:
        await analytics.record(said, [1, 2, 3, 4, 5])


def in_file(path: Path) -> dict[str, str]:
    return {"DATABASE_PATH": str(path), "DATABASE_URL": "", "USER_ID_KEY": "", "BACKUP_DIR": ""}


def test_a_file_is_moved_to_a_server_and_back_by_what_the_command_says(tmp_path: Path) -> None:
    path, url = tmp_path / NAME, database_of(tmp_path)
    asyncio.run(recorded(path))
    figures = invoke("stats", "--json", **in_file(path)).output.splitlines()
    counted = invoke("move", "--to", url, "--dry-run", **in_file(path))
    assert counted.exit_code == 0, counted.output
    assert "would be copied" in counted.output
    assert execute(url, "SELECT to_regnamespace('bot_analytics') IS NULL") == [(True,)]
    moved = invoke("move", "--to", url, **in_file(path))

    assert moved.exit_code == 0, moved.output
    assert f"set USER_ID_KEY to what is in {key_file(path)}" in moved.output.replace("\n", " ")
    assert ["interactions", "5"] in [line.split() for line in moved.output.splitlines()]
    key = read_key(key_file(path))
    assert key
    on_server = in_file(path) | {"DATABASE_URL": url, "USER_ID_KEY": key.hex()}
    # The first line is the time of the report.
    assert invoke("stats", "--json", **on_server).output.splitlines()[2:] == figures[2:]
    assert '"count": 1' in invoke("export", "--user", str(SOMEBODY), **on_server).output

    back = tmp_path / "back.sqlite3"
    returned = invoke("move", "--to", str(back), **on_server)
    assert returned.exit_code == 0, returned.output
    assert f"set DATABASE_PATH to {back}" in returned.output
    assert total(back) == 5

    async def erased() -> None:
        async with AnalyticsService.open(
            back, access=Access.SHARE, pseudonym_key=parse_key(key.hex())
        ) as analytics:
            assert await analytics.people.erase(SOMEBODY)

    asyncio.run(erased())
    assert total(back) == 4


def test_a_second_move_to_the_same_place_is_refused(tmp_path: Path) -> None:
    path, url = tmp_path / NAME, database_of(tmp_path)
    asyncio.run(recorded(path))
    invoke("move", "--to", url, **in_file(path))
    again = invoke("move", "--to", url, **in_file(path))

    assert again.exit_code == 2
    assert "has data of a bot already" in again.output


@pytest.mark.parametrize(
    ("to", "has_url", "says"),
    [
        ("postgresql://somebody:kept-from-everyone@127.0.0.1/bot", True, "unset DATABASE_URL"),
        ("copy.sqlite3", False, "set DATABASE_URL"),
        ("postgresql://somebody:kept-from-everyone@127.0.0.1:1/bot", False, "cannot be reached"),
        ("postgresql://somebody:kept-from-everyone@/b?nonsense=1", False, "postgresql://"),
    ],
)
def test_wrong_places_are_told_in_a_sentence_without_passwords(
    to: str, has_url: bool, says: str, tmp_path: Path
) -> None:
    path = tmp_path / NAME
    asyncio.run(recorded(path))
    where = in_file(path)
    if has_url:
        where["DATABASE_URL"] = "postgresql://127.0.0.1/other"
    result = invoke("move", "--to", to, **where)

    assert result.exit_code in (1, 2)
    assert says in result.output
    assert "Traceback" not in result.output
    assert "kept-from-everyone" not in result.output
    assert total(path) == 5
