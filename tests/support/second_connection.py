"""What is in a file, through a connection of our own, whether it is encrypted or not."""

import sqlite3
from pathlib import Path
from typing import Any

from analytics.sqlite import files

DATABASE_KEY = bytes(range(100, 132))


def second_connection(path: Path) -> sqlite3.Connection:
    """Encrypted means with DATABASE_KEY."""
    if not files.size(path) or files.is_plain(path):
        return sqlite3.connect(path)
    from sqlcipher3 import dbapi2 as sqlcipher  # not everyone has the extra

    connection: Any = sqlcipher.connect(str(path))
    connection.execute(f"""PRAGMA key="x'{DATABASE_KEY.hex()}'" """)
    return connection  # type: ignore[no-any-return]
