"""Read and write facts about the database itself, which are kept by name, and carry out acts."""

from psycopg.types.json import Jsonb

from analytics.acts import (
    Act,
    KeepMutes,
    Mute,
    NoteAccess,
    PutSetting,
    RemoveSetting,
    Unmute,
)
from analytics.postgres.database import Parameters
from analytics.postgres.queries import Queries

GET = "SELECT value FROM bot_analytics.settings WHERE name = %s"
PUT = """
    INSERT INTO bot_analytics.settings (name, value) VALUES (%s, %s)
    ON CONFLICT (name) DO UPDATE SET value = excluded.value
"""
PUT_ONCE = "INSERT INTO bot_analytics.settings (name, value) VALUES (%s, %s) ON CONFLICT DO NOTHING"
PUT_FIRST = f"{PUT_ONCE} RETURNING name"
REPLACE = """
    UPDATE bot_analytics.settings SET value = %s WHERE name = %s AND value = %s RETURNING name
"""
COMMITTED = "SELECT position FROM bot_analytics.spools WHERE token = %s"
NOTE_COMMITTED = """
    INSERT INTO bot_analytics.spools (token, position) VALUES (%s, %s)
    ON CONFLICT (token) DO UPDATE SET position = excluded.position, day = excluded.day
"""
# A process that did not come back for so long has no spool any more.
FORGET_SPOOLS = "DELETE FROM bot_analytics.spools WHERE day < current_date - 366"
STATEMENTS: dict[type[Act], str] = {
    NoteAccess: (
        "INSERT INTO bot_analytics.audit_trail (timestamp, admin_id, action) VALUES (%s, %s, %s)"
    ),
    Mute: (
        "INSERT INTO bot_analytics.turned_off (admin_id, notice) VALUES (%s, %s) "
        "ON CONFLICT DO NOTHING"
    ),
    Unmute: "DELETE FROM bot_analytics.turned_off WHERE admin_id = %s AND notice = %s",
    KeepMutes: (
        "DELETE FROM bot_analytics.turned_off WHERE admin_id NOT IN "
        "(SELECT value::bigint FROM jsonb_array_elements(%s::jsonb))"
    ),
    PutSetting: PUT,
    RemoveSetting: "DELETE FROM bot_analytics.settings WHERE name = %s",
}


class SettingsQueries(Queries):
    """The settings of a database, and the acts that may have to wait."""

    async def get_setting(self, name: str) -> str | int | None:
        rows = await self._database.read(GET, (name,))
        return rows[0][0] if rows else None

    async def put_setting(self, name: str, value: str | int) -> None:
        await self._database.write((PUT, (name, Jsonb(value))))

    async def put_setting_once(self, name: str, value: str | int) -> None:
        await self._database.write((PUT_ONCE, (name, Jsonb(value))))

    async def replace_setting(self, name: str, was: str | int | None, value: str | int) -> bool:
        if was is None:
            return bool(await self._database.change(PUT_FIRST, (name, Jsonb(value))))
        return bool(await self._database.change(REPLACE, (Jsonb(value), name, Jsonb(was))))

    async def perform(self, act: Act, committed: str | None = None) -> None:
        values: Parameters = act
        if isinstance(act, PutSetting):
            values = act.name, Jsonb(act.value)
        await self._database.write((STATEMENTS[type(act)], values), *marked(committed))

    async def committed(self, token: str) -> int:
        rows = await self._database.read(COMMITTED, (token,))
        return rows[0][0] if rows else 0

    async def note_committed(self, committed: str) -> None:
        await self._database.write(*marked(committed))


def marked(committed: str | None) -> list[tuple[str, Parameters]]:
    """Return the statement that notes how far a spool is committed; none for None."""
    if committed is None:
        return []
    token, _, position = committed.partition(":")
    return [(NOTE_COMMITTED, (token, int(position)))]
