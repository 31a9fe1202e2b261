"""What a bot has stored, read as another program would."""

import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from analytics.key_files import read_key
from analytics.pseudonyms import Pseudonyms
from bot.sandbox.people import FIRST_USER_ID
from tests.support.second_connection import select


def stored(database: Path) -> list[tuple[int, str]]:
    """Whose each row is, by the order in which the people were made up, and its type."""
    key = read_key(database.with_suffix(".key"))
    assert key
    number = {Pseudonyms(key).reference(FIRST_USER_ID + n): n + 1 for n in range(9)}
    rows = select(
        database,
        "SELECT reference, interaction_type "
        "FROM user_interactions JOIN users ON users.id = user_id",
    )
    return sorted((number[reference], kind) for reference, kind in rows)


def remembered(path: Path) -> set[int]:
    """The updates that the file has recorded; none if there is no usable file."""
    with (
        suppress(sqlite3.Error),
        closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as db,
    ):
        return {
            update_id for (update_id,) in db.execute("SELECT update_id FROM remembered_updates")
        }
    return set()
