"""Analytics for any aiogram bot: record on receipt, routers for admins and people, alerts.

The only package in `analytics` that imports aiogram.
"""

from analytics.telegram.admin import admin_router
from analytics.telegram.alerts.checks import Alerts
from analytics.telegram.alerts.notifier import Notifier
from analytics.telegram.answering import place, refer_to_private_chat
from analytics.telegram.charts import Charts
from analytics.telegram.classify import interaction_type
from analytics.telegram.command_table import (
    ADMIN_COMMANDS,
    PEOPLE_COMMANDS,
    Audience,
    CommandEntry,
    commands_of,
    purposes,
)
from analytics.telegram.confirmations import Confirmations
from analytics.telegram.decode import ALL_UPDATES, SkipUnknownKinds, decode, loads
from analytics.telegram.failures import TRANSIENT, is_not_taken
from analytics.telegram.filters import Command, CommandStart
from analytics.telegram.i18n import (
    N_,
    SOURCE_LOCALE,
    LocaleMiddleware,
    _,
    format_date,
    format_datetime,
    format_number,
    format_percent,
    languages,
    preload,
    set_locale,
    translations,
)
from analytics.telegram.limits import LimitPerPerson
from analytics.telegram.options import Options
from analytics.telegram.recording import RecordOnReceipt
from analytics.telegram.rights import people_router, privacy_button

__all__ = [
    "ADMIN_COMMANDS",
    "ALL_UPDATES",
    "N_",
    "PEOPLE_COMMANDS",
    "SOURCE_LOCALE",
    "TRANSIENT",
    "Alerts",
    "Audience",
    "Charts",
    "Command",
    "CommandEntry",
    "CommandStart",
    "Confirmations",
    "LimitPerPerson",
    "LocaleMiddleware",
    "Notifier",
    "Options",
    "RecordOnReceipt",
    "SkipUnknownKinds",
    "_",
    "admin_router",
    "commands_of",
    "decode",
    "format_date",
    "format_datetime",
    "format_number",
    "format_percent",
    "interaction_type",
    "is_not_taken",
    "languages",
    "loads",
    "people_router",
    "place",
    "preload",
    "privacy_button",
    "purposes",
    "refer_to_private_chat",
    "set_locale",
    "translations",
]
