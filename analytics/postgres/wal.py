"""Remove the write-ahead log that has what was deleted, where the server lets this user."""

from analytics.postgres.connections import Connection

# A checkpoint removes the segments before it, unless they are recycled: then they keep their
# content under another name.
MAY_REMOVE = """
    SELECT current_setting('wal_recycle') = 'off'
        AND has_function_privilege('pg_switch_wal()', 'execute')
        AND (current_setting('is_superuser') = 'on' OR EXISTS (
            SELECT 1 FROM pg_roles
            WHERE rolname = 'pg_checkpoint' AND pg_has_role(oid, 'usage')))
"""


async def remove_log(connection: Connection) -> bool:
    """Have the server remove the log written so far; return False where it does not let us.

    What a standby, a replication slot or an archive keeps of it is not ours to remove.
    Raises psycopg.Error if the server fails.
    """
    [(may_remove,)] = await (await connection.execute(MAY_REMOVE)).fetchall()
    if may_remove:
        await connection.execute("SELECT pg_switch_wal()")
        await connection.execute("CHECKPOINT")
    return bool(may_remove)
