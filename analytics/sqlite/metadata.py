"""Read and write facts about the file itself, which are kept in it by name."""

from analytics.sqlite.database import Database

GET = "SELECT value FROM file_settings WHERE name = ?"
PUT = """
    INSERT INTO file_settings (name, value) VALUES (?, ?)
    ON CONFLICT DO UPDATE SET value = excluded.value
"""
PUT_ONCE = "INSERT INTO file_settings (name, value) VALUES (?, ?) ON CONFLICT DO NOTHING"
# The names. When a backup was last begun, in Unix seconds.
LAST_BACKUP = "last_backup"
REMOVE = "DELETE FROM file_settings WHERE name = ?"


async def get(database: Database, name: str) -> str | int | None:
    """Return the value of a name, None without one.

    Raises AnalyticsError if the database cannot be read.
    """
    rows = await database.read(GET, (name,))
    return rows[0][0] if rows else None


async def put(database: Database, name: str, value: str | int) -> None:
    """Store a value, in place of the one that the name has.

    Raises AnalyticsError if the database cannot be written.
    """
    await database.write(PUT, (name, value))


async def put_once(database: Database, name: str, value: str | int) -> None:
    """Store a value unless the name has one already.

    Raises AnalyticsError if the database cannot be written.
    """
    await database.write(PUT_ONCE, (name, value))


async def remove(database: Database, name: str) -> None:
    await database.write(REMOVE, (name,))
