"""Analytics in an embedded SQLite file. Knows SQLite, not Telegram."""

from analytics.files import CannotOpen
from analytics.interactions import InteractionType, UserInteraction
from analytics.locks import Access
from analytics.pseudonyms import PlainIds, Pseudonyms
from analytics.reports import AdminReport
from analytics.service import AnalyticsService

__all__ = [
    "Access",
    "AdminReport",
    "AnalyticsService",
    "CannotOpen",
    "InteractionType",
    "PlainIds",
    "Pseudonyms",
    "UserInteraction",
]
