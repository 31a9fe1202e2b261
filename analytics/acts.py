"""Acts that have to be carried out though the database fails, also by a later process.

Each is a tuple of JSON values, so that it can wait in a spool under its name.
"""

import json
from collections.abc import Sequence
from typing import Any, NamedTuple


class NoteAccess(NamedTuple):
    """Add an entry to the audit log; `timestamp` is in Unix seconds."""

    timestamp: int
    admin_reference: int | None
    """The pseudonym of an admin, None for the command line."""
    action: str


class Mute(NamedTuple):
    """Mute a kind of alert for an admin, who is given by a pseudonym."""

    admin_reference: int
    kind: str


class Unmute(NamedTuple):
    """Send a kind of alert to an admin again, who is given by a pseudonym."""

    admin_reference: int
    kind: str


class KeepMutes(NamedTuple):
    """Forget the muted alerts of all but these admins: a JSON array of pseudonyms."""

    admins: str

    @classmethod
    def of(cls, admins: Sequence[int]) -> "KeepMutes":
        return cls(json.dumps(admins))


class PutSetting(NamedTuple):
    """Store a setting, in place of the value that it has."""

    name: str
    value: str | int


class RemoveSetting(NamedTuple):
    """Remove a setting, if there is one of this name."""

    name: str


class Person(NamedTuple):
    """A person to be erased, without their Telegram ID."""

    reference: int
    admin_reference: int
    """Their pseudonym among admins, if they are one."""
    erasure: int
    """Their pseudonym among erasures, listed with `day` if a backup was made since `oldest`."""
    day: int
    """The day of the erasure, in days since 1970."""
    oldest: int
    """The moment before which backups are deleted, in Unix seconds."""


Act = NoteAccess | Mute | Unmute | KeepMutes | PutSetting | RemoveSetting
# The names that spools have for them: a spool may have been written by an earlier version.
NAMES: dict[type[Act | Person], str] = {
    NoteAccess: "audit",
    KeepMutes: "keep_only",
    PutSetting: "told",
    Mute: "turn_off",
    Unmute: "turn_on",
    RemoveSetting: "untold",
    Person: "erase",
}
KINDS = {name: kind for kind, name in NAMES.items()}


def named(name: str, content: Sequence[Any]) -> Act | Person:
    """Return what waits in a spool under a name. Raises KeyError for an unknown name."""
    return KINDS[name](*content)
