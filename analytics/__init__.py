"""Analytics in an embedded SQLite file. Knows SQLite, not Telegram."""

from analytics.clock import GuardedClock, http_date, utc_now
from analytics.disk import real as real_path
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
    NoRoomForCopy,
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
from analytics.key_files import key_file
from analytics.languages import SOURCE_LOCALE, available_languages
from analytics.maintenance.schedule import (
    DAILY,
    HOURLY,
    WEEKLY,
    Schedule,
    Task,
    maintenance_tasks,
    next_planned,
)
from analytics.models import (
    MAX_TELEGRAM_ID,
    SERVICE_ACCOUNTS,
    Interaction,
    InteractionType,
    OwnRow,
    UserInteraction,
)
from analytics.notices import Notice, NotReceiving
from analytics.privacy.audit import ACTION_NAMES, FORMER_ADMIN, Action, AuditEntry
from analytics.privacy.people import Erasure
from analytics.privacy.personal_data import PersonalData
from analytics.privacy.personal_data import as_json as personal_data_as_json
from analytics.privacy.retention import (
    DEFAULT_RETENTION_DAYS,
    MAX_RETENTION_DAYS,
    MIN_RETENTION_DAYS,
)
from analytics.pseudonyms import PlainIds, Pseudonyms, parse_key
from analytics.service import DEFAULT_TIMESTAMP_PRECISION, MAX_LIMIT, AnalyticsService
from analytics.sqlite.belongings import plain_leftovers
from analytics.sqlite.encryption import encrypt
from analytics.sqlite.maintenance.backups import DailyBackups, backup, backup_into
from analytics.sqlite.maintenance.diagnostics import Finding
from analytics.sqlite.maintenance.diagnostics import check_up as diagnose
from analytics.sqlite.maintenance.diagnostics import permissions as check_permissions
from analytics.sqlite.maintenance.restore import restore
from analytics.sqlite.maintenance.wipe import everything as wipe
from analytics.sqlite.refusals import refuse_missing
from analytics.statistics import figures
from analytics.statistics.export import FORMATS, Aggregates
from analytics.statistics.report_models import (
    AdminReport,
    Bucket,
    History,
    Missing,
    Overview,
    Period,
    PeriodReport,
)
from analytics.statistics.reports import DEFAULT_TRENDS_MIN_USERS
from analytics.store_types import Access

__all__ = [
    "ACTION_NAMES",
    "DAILY",
    "DEFAULT_RETENTION_DAYS",
    "DEFAULT_TIMESTAMP_PRECISION",
    "DEFAULT_TRENDS_MIN_USERS",
    "FORMATS",
    "FORMER_ADMIN",
    "HOURLY",
    "MAX_LIMIT",
    "MAX_RETENTION_DAYS",
    "MAX_TELEGRAM_ID",
    "MIN_RETENTION_DAYS",
    "SERVICE_ACCOUNTS",
    "SOURCE_LOCALE",
    "WEEKLY",
    "Access",
    "Action",
    "AdminReport",
    "Aggregates",
    "AnalyticsError",
    "AnalyticsService",
    "AuditEntry",
    "BackupRefused",
    "Bucket",
    "DailyBackups",
    "DatabaseDamaged",
    "DatabaseInUse",
    "DatabaseInaccessible",
    "DatabaseMissing",
    "DatabaseReplaced",
    "DatabaseUnavailable",
    "DiskFull",
    "Erasure",
    "Finding",
    "GuardedClock",
    "History",
    "Interaction",
    "InteractionType",
    "InteractionsLost",
    "Missing",
    "NewerSchema",
    "NoReportYet",
    "NoRoomForCopy",
    "NotOurDatabase",
    "NotReceiving",
    "Notice",
    "OlderSchema",
    "Overview",
    "OwnRow",
    "Period",
    "PeriodReport",
    "PersonalData",
    "PlainIds",
    "PseudonymKeyMissing",
    "Pseudonyms",
    "RestoreRefused",
    "RotationRefused",
    "Schedule",
    "Task",
    "UnsupportedSQLite",
    "UserInteraction",
    "WipeIncomplete",
    "WrongDatabaseKey",
    "WrongPseudonymKey",
    "available_languages",
    "backup",
    "backup_into",
    "check_permissions",
    "diagnose",
    "encrypt",
    "figures",
    "http_date",
    "key_file",
    "maintenance_tasks",
    "next_planned",
    "parse_key",
    "personal_data_as_json",
    "plain_leftovers",
    "real_path",
    "refuse_missing",
    "restore",
    "utc_now",
    "wipe",
]
