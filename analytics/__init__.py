"""Analytics in an embedded SQLite file. Knows SQLite, not Telegram."""

from analytics.errors import (
    AnalyticsError,
    BackupRefused,
    DatabaseDamaged,
    DatabaseInaccessible,
    DatabaseInUse,
    DatabaseMissing,
    DatabaseReplaced,
    DatabaseUnavailable,
    DiskFull,
    InteractionsLost,
    NewerSchema,
    NoReportYet,
    NotOurDatabase,
    OlderSchema,
    PseudonymKeyMissing,
    RestoreRefused,
    RotationRefused,
    UnsupportedSQLite,
    WipeIncomplete,
    WrongDatabaseKey,
    WrongPseudonymKey,
)
from analytics.models import InteractionType, UserInteraction
from analytics.privacy.audit import Action, AuditEntry
from analytics.privacy.personal_data import OwnRow, PersonalData
from analytics.pseudonyms import PlainIds, Pseudonyms
from analytics.service import AnalyticsService, Erasure
from analytics.sqlite.locks import Access
from analytics.sqlite.records import StoredRow
from analytics.statistics.periods import AdminReport, Bucket, History, Missing, Period, PeriodReport

__all__ = [
    "Access",
    "Action",
    "AdminReport",
    "AnalyticsError",
    "AnalyticsService",
    "AuditEntry",
    "BackupRefused",
    "Bucket",
    "DatabaseDamaged",
    "DatabaseInUse",
    "DatabaseInaccessible",
    "DatabaseMissing",
    "DatabaseReplaced",
    "DatabaseUnavailable",
    "DiskFull",
    "Erasure",
    "History",
    "InteractionType",
    "InteractionsLost",
    "Missing",
    "NewerSchema",
    "NoReportYet",
    "NotOurDatabase",
    "OlderSchema",
    "OwnRow",
    "Period",
    "PeriodReport",
    "PersonalData",
    "PlainIds",
    "PseudonymKeyMissing",
    "Pseudonyms",
    "RestoreRefused",
    "RotationRefused",
    "StoredRow",
    "UnsupportedSQLite",
    "UserInteraction",
    "WipeIncomplete",
    "WrongDatabaseKey",
    "WrongPseudonymKey",
]
