"""Analytics in an embedded SQLite file. Knows SQLite, not Telegram."""

from analytics.audit import Action, AuditEntry
from analytics.files import CannotOpen
from analytics.interactions import InteractionType, UserInteraction
from analytics.locks import Access
from analytics.pseudonyms import PlainIds, Pseudonyms
from analytics.reports import AdminReport
from analytics.rights import PersonalData, StoredRow
from analytics.service import AnalyticsService, Erasure

__all__ = [
    "Access",
    "Action",
    "AdminReport",
    "AnalyticsService",
    "AuditEntry",
    "CannotOpen",
    "Erasure",
    "InteractionType",
    "PersonalData",
    "PlainIds",
    "Pseudonyms",
    "StoredRow",
    "UserInteraction",
]
