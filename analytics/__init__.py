"""Analytics in an embedded SQLite file, or in PostgreSQL. Knows databases, not Telegram."""

from analytics.calendar import Calendar
from analytics.clock import GuardedClock, http_date, utc_now
from analytics.diagnosing import diagnose_server
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
    ErasuresRefused,
    InteractionsLost,
    LinkNameInUse,
    MoveRefused,
    NewerSchema,
    NoReportYet,
    NoRoomForCopy,
    NoSuchLink,
    NotOurDatabase,
    OlderSchema,
    PseudonymKeyMissing,
    RestoreRefused,
    RotationRefused,
    TooManyLinks,
    UnknownTimeZone,
    UnsupportedPostgreSQL,
    UnsupportedSQLite,
    WipeIncomplete,
    WrongDatabaseKey,
    WrongPseudonymKey,
)
from analytics.events import ChatKind, Event, EventKind, Membership
from analytics.events.outcome_words import OUTCOME_TIME_BOUNDS
from analytics.findings import Finding
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
    StartLink,
    UserInteraction,
)
from analytics.moving import Moved, MovedTable, move
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
from analytics.sqlite.maintenance.backups import DailyBackups, backup, backup_into, last_backup
from analytics.sqlite.maintenance.diagnostics import check_up as diagnose
from analytics.sqlite.maintenance.diagnostics import permissions as check_permissions
from analytics.sqlite.maintenance.restore import restore
from analytics.sqlite.maintenance.wipe import everything as wipe
from analytics.sqlite.refusals import refuse_missing
from analytics.statistics import event_figures, figures
from analytics.statistics.cohorts import Cohort, Cohorts
from analytics.statistics.daily_events.event_days import EventDays
from analytics.statistics.daily_events.event_models import (
    LinkCounts,
    OutcomeCounts,
    OwnEventCounts,
    PeriodEvents,
)
from analytics.statistics.export import FORMATS, Aggregates, ChosenDays
from analytics.statistics.notes import NoteRefused
from analytics.statistics.report_models import (
    AdminReport,
    Bucket,
    History,
    Missing,
    Note,
    Overview,
    Period,
    PeriodReport,
)
from analytics.statistics.reports import DEFAULT_TRENDS_MIN_USERS
from analytics.store_types import Access
from analytics.time_zones import DEFAULT_TIMEZONE, check_timezone, nearest_timezones
from analytics.tokens import Holder, TokenKind, Tokens

__all__ = [
    "ACTION_NAMES",
    "DAILY",
    "DEFAULT_RETENTION_DAYS",
    "DEFAULT_TIMESTAMP_PRECISION",
    "DEFAULT_TIMEZONE",
    "DEFAULT_TRENDS_MIN_USERS",
    "FORMATS",
    "FORMER_ADMIN",
    "HOURLY",
    "MAX_LIMIT",
    "MAX_RETENTION_DAYS",
    "MAX_TELEGRAM_ID",
    "MIN_RETENTION_DAYS",
    "OUTCOME_TIME_BOUNDS",
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
    "Calendar",
    "ChatKind",
    "ChosenDays",
    "Cohort",
    "Cohorts",
    "DailyBackups",
    "DatabaseDamaged",
    "DatabaseInUse",
    "DatabaseInaccessible",
    "DatabaseMissing",
    "DatabaseReplaced",
    "DatabaseUnavailable",
    "DiskFull",
    "Erasure",
    "ErasuresRefused",
    "Event",
    "EventDays",
    "EventKind",
    "Finding",
    "GuardedClock",
    "History",
    "Holder",
    "Interaction",
    "InteractionType",
    "InteractionsLost",
    "LinkCounts",
    "LinkNameInUse",
    "Membership",
    "Missing",
    "MoveRefused",
    "Moved",
    "MovedTable",
    "NewerSchema",
    "NoReportYet",
    "NoRoomForCopy",
    "NoSuchLink",
    "NotOurDatabase",
    "NotReceiving",
    "Note",
    "NoteRefused",
    "Notice",
    "OlderSchema",
    "OutcomeCounts",
    "Overview",
    "OwnEventCounts",
    "OwnRow",
    "Period",
    "PeriodEvents",
    "PeriodReport",
    "PersonalData",
    "PlainIds",
    "PseudonymKeyMissing",
    "Pseudonyms",
    "RestoreRefused",
    "RotationRefused",
    "Schedule",
    "StartLink",
    "Task",
    "TokenKind",
    "Tokens",
    "TooManyLinks",
    "UnknownTimeZone",
    "UnsupportedPostgreSQL",
    "UnsupportedSQLite",
    "UserInteraction",
    "WipeIncomplete",
    "WrongDatabaseKey",
    "WrongPseudonymKey",
    "available_languages",
    "backup",
    "backup_into",
    "check_permissions",
    "check_timezone",
    "diagnose",
    "diagnose_server",
    "encrypt",
    "event_figures",
    "figures",
    "http_date",
    "key_file",
    "last_backup",
    "maintenance_tasks",
    "move",
    "nearest_timezones",
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
