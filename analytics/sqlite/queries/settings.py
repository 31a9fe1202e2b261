"""Read and write facts about the file itself, which are kept in it by name, and carry out acts."""

from analytics.acts import (
    Act,
    KeepMutes,
    Mute,
    NoteAccess,
    PutSetting,
    RemoveSetting,
    Unmute,
)
from analytics.sqlite.queries import Queries, Statement
from analytics.store_types import Setting

GET = "SELECT value FROM file_settings WHERE name = ?"
PUT = """
    INSERT INTO file_settings (name, value) VALUES (?, ?)
    ON CONFLICT DO UPDATE SET value = excluded.value
"""
PUT_ONCE = "INSERT INTO file_settings (name, value) VALUES (?, ?) ON CONFLICT DO NOTHING"
PUT_FIRST = f"{PUT_ONCE} RETURNING name"
REPLACE = "UPDATE file_settings SET value = ? WHERE name = ? AND value = ? RETURNING name"
STATEMENTS: dict[type[Act], str] = {
    NoteAccess: "INSERT INTO audit_trail (timestamp, admin_id, action) VALUES (?, ?, ?)",
    Mute: "INSERT INTO turned_off (admin_id, notice) VALUES (?, ?) ON CONFLICT DO NOTHING",
    Unmute: "DELETE FROM turned_off WHERE admin_id = ? AND notice = ?",
    KeepMutes: "DELETE FROM turned_off WHERE admin_id NOT IN (SELECT value FROM json_each(?))",
    PutSetting: PUT,
    RemoveSetting: "DELETE FROM file_settings WHERE name = ?",
}


class SettingsQueries(Queries):
    """The settings of a file, and the acts that may have to wait."""

    async def get_setting(self, name: str) -> str | int | None:
        rows = await self._database.read(GET, (name,))
        return rows[0][0] if rows else None

    async def put_setting(self, name: str, value: str | int) -> None:
        await self._database.write(PUT, (name, value))

    async def put_setting_once(self, name: str, value: str | int) -> None:
        await self._database.write(PUT_ONCE, (name, value))

    async def replace_setting(self, name: str, was: str | int | None, value: str | int) -> bool:
        if was is None:
            return bool(await self._database.write(PUT_FIRST, (name, value)))
        return bool(await self._database.write(REPLACE, (value, name, was)))

    async def perform(self, act: Act, committed: str | None = None) -> None:
        await self._write((STATEMENTS[type(act)], act), *marked(committed))

    async def committed(self, token: str) -> int:
        of, _, position = str(await self.get_setting(Setting.COMMITTED) or "").partition(":")
        return int(position) if of == token else 0

    async def note_committed(self, committed: str) -> None:
        await self._write(*marked(committed))


def marked(committed: str | None) -> list[Statement]:
    """Return the statement that notes how far a spool is committed; none for None."""
    return [] if committed is None else [(PUT, (Setting.COMMITTED.value, committed))]
