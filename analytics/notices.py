"""Events that the operator has to know at once, put into a queue that the bot reads."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class RecordingFails:
    """Recording began to fail: interactions wait from now on."""


@dataclass(frozen=True, slots=True)
class RecordingWorks:
    """Recording works again: the waiting interactions are being committed."""


@dataclass(frozen=True, slots=True)
class DatabaseSetAside:
    """The database was damaged. It was renamed to `path`, and a new one was begun."""

    path: Path


@dataclass(frozen=True, slots=True)
class BackupFails:
    """No backup could be made; it is tried again each hour."""


@dataclass(frozen=True, slots=True)
class NotReceiving:
    """Telegram does not send the updates here, and correcting that again does not help."""


# Something that admins are to be told; `AnalyticsService.notices` is a queue of them.
Notice = RecordingFails | RecordingWorks | DatabaseSetAside | BackupFails | NotReceiving
