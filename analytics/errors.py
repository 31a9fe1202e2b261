"""The errors of the analytics: a class for each situation that a caller can tell apart."""

from typing import ClassVar


class AnalyticsError(Exception):
    """Base class of all errors of the analytics: `problem` says what is wrong, `remedy` what to do.

    Both are about settings, files and programs and quote no person, so they may be logged and
    shown.
    """

    is_transient: ClassVar[bool] = False
    """True if the same call may succeed later without a change of settings or files."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(problem, remedy)
        self.problem = problem
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.problem}: {self.remedy}"


class NotOurDatabase(AnalyticsError):
    """Raised for a path with something else than a database of this program; it is left alone."""


class DatabaseMissing(AnalyticsError):
    """Raised for a path with no database, by what does not create one."""


class DatabaseDamaged(AnalyticsError):
    """Raised for a database that cannot be read any more, or was deleted while in use."""


class DatabaseInaccessible(AnalyticsError):
    """Raised for a path that cannot be used as it is, for example for lack of permissions."""


class DatabaseInUse(AnalyticsError):
    """Raised while another bot, command or backup holds the database."""

    is_transient = True


class DatabaseUnavailable(AnalyticsError):
    """Raised while the database cannot be read or written: locked, or out of memory."""

    is_transient = True


class DiskFull(DatabaseUnavailable):
    """Raised where the disk, a quota or a limit on the size of files leaves no room to write."""


class DatabaseReplaced(DatabaseUnavailable):
    """Raised for a write that went into a file that is no longer at its path."""


class NewerSchema(AnalyticsError):
    """Raised for a database that a newer version of this program has written."""


class OlderSchema(AnalyticsError):
    """Raised for a database of an older version, by what does not migrate it: all but the bot."""


class UnsupportedSQLite(AnalyticsError):
    """Raised for an SQLite that is too old or refuses a pragma, and without a working SQLCipher."""


class UnsupportedPostgreSQL(AnalyticsError):
    """Raised for a PostgreSQL server that is too old, or where its driver is not installed."""


class WrongDatabaseKey(AnalyticsError):
    """Raised for a database that is encrypted with another key, or not encrypted at all."""


class WrongPseudonymKey(AnalyticsError):
    """Raised for a database that was written with another pseudonym key, or without one."""


class PseudonymKeyMissing(AnalyticsError):
    """Raised for a database whose pseudonym key is in no setting, and in no readable key file."""


class RotationRefused(AnalyticsError):
    """Raised where the pseudonym key cannot be replaced: there is none, or it is shared."""


class NoReportYet(AnalyticsError):
    """Raised for a report of complete intervals, before the running bot has made the first one."""


class InteractionsLost(AnalyticsError):
    """Raised on closing, for interactions that neither the database nor the spool could take."""

    is_transient = True


class UnknownTimeZone(AnalyticsError):
    """Raised for a database that counts days in a time zone which this computer does not know."""


class LinkNameInUse(AnalyticsError):
    """Raised for a start link that is not made, as another one has its name."""


class TooManyLinks(AnalyticsError):
    """Raised for a start link that is not made, as too many are live."""


class NoSuchLink(AnalyticsError):
    """Raised for the code of no start link."""


class BackupRefused(AnalyticsError):
    """Raised when there is no backup, for example for lack of room; nothing of it is left."""


class NoRoomForCopy(BackupRefused):
    """Raised when a copy of the database does not fit on the disk; nothing of it is left."""

    is_transient = True


class RestoreRefused(AnalyticsError):
    """Raised when a backup is not restored; the database is as it was."""


class ErasuresRefused(AnalyticsError):
    """Raised for a list of erasures that cannot be read or written, or is of another key."""


class MoveRefused(AnalyticsError):
    """Raised when a database is not moved to another place; both are as they were."""


class WipeIncomplete(AnalyticsError):
    """Raised for files that could not be deleted, after all others were."""


def reason(error: Exception) -> str:
    """Return the message of an AnalyticsError, or the class of another, which may quote people."""
    return str(error) if isinstance(error, AnalyticsError) else type(error).__name__
