"""Analytics for any aiogram bot: record on receipt, routers for admins and people, alerts.

The only package in `analytics` that imports aiogram.
"""

from analytics.telegram.admin import admin_router, alerts_router
from analytics.telegram.answering import CLICK_TIMEOUT, place, refer_to_private_chat
from analytics.telegram.attached import Attached
from analytics.telegram.attaching import attach
from analytics.telegram.classify import interaction_type
from analytics.telegram.command_table import (
    ADMIN_COMMANDS,
    PEOPLE_COMMANDS,
    Audience,
    CommandEntry,
    commands_of,
    purposes,
)
from analytics.telegram.decode import ALL_UPDATES, loads
from analytics.telegram.failures import TRANSIENT, is_not_taken
from analytics.telegram.filters import (
    Command,
    CommandStart,
    FromAny,
    in_private_chat,
    outside_private_chat,
)
from analytics.telegram.i18n import (
    N_,
    SOURCE_LOCALE,
    LocaleMiddleware,
    _,
    current_locale,
    format_date,
    format_datetime,
    format_number,
    format_percent,
    languages,
    set_languages,
    set_locale,
    translations,
)
from analytics.telegram.in_flight import UPDATES_IN_FLIGHT
from analytics.telegram.limits import EXPENSIVE, LimitPerPerson
from analytics.telegram.own_router import Dependencies
from analytics.telegram.recording import RecordOnReceipt
from analytics.telegram.rights import people_router, privacy_button
from analytics.telegram.webhook import WebhookHandler

__all__ = [
    "ADMIN_COMMANDS",
    "ALL_UPDATES",
    "CLICK_TIMEOUT",
    "EXPENSIVE",
    "N_",
    "PEOPLE_COMMANDS",
    "SOURCE_LOCALE",
    "TRANSIENT",
    "UPDATES_IN_FLIGHT",
    "Attached",
    "Audience",
    "Command",
    "CommandEntry",
    "CommandStart",
    "Dependencies",
    "FromAny",
    "LimitPerPerson",
    "LocaleMiddleware",
    "RecordOnReceipt",
    "WebhookHandler",
    "_",
    "admin_router",
    "alerts_router",
    "attach",
    "commands_of",
    "current_locale",
    "format_date",
    "format_datetime",
    "format_number",
    "format_percent",
    "in_private_chat",
    "interaction_type",
    "is_not_taken",
    "languages",
    "loads",
    "outside_private_chat",
    "people_router",
    "place",
    "privacy_button",
    "purposes",
    "refer_to_private_chat",
    "set_languages",
    "set_locale",
    "translations",
]
