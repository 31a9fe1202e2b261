"""Analytics in an embedded SQLite file. Knows SQLite, not Telegram."""

from analytics.models import InteractionType, UserInteraction
from analytics.privacy.audit import Action, AuditEntry
from analytics.privacy.personal_data import OwnRow, PersonalData
from analytics.pseudonyms import PlainIds, Pseudonyms
from analytics.recording import NotRecorded
from analytics.service import AnalyticsService, Erasure
from analytics.sqlite.files import CannotOpen, NotNow
from analytics.sqlite.locks import Access
from analytics.sqlite.records import StoredRow
from analytics.statistics.periods import AdminReport, Bucket, History, Missing, Period, PeriodReport
from analytics.statistics.reports import NoReportYet

__all__ = [
    "Access",
    "Action",
    "AdminReport",
    "AnalyticsService",
    "AuditEntry",
    "Bucket",
    "CannotOpen",
    "Erasure",
    "History",
    "InteractionType",
    "Missing",
    "NoReportYet",
    "NotNow",
    "NotRecorded",
    "OwnRow",
    "Period",
    "PeriodReport",
    "PersonalData",
    "PlainIds",
    "Pseudonyms",
    "StoredRow",
    "UserInteraction",
]
