"""Analytics for any aiogram bot: record on receipt, routers for admins and people, alerts.

The only package in `analytics` that imports aiogram.
"""

from typing import TYPE_CHECKING, Any

from analytics.telegram.admin import admin_router, alerts_router
from analytics.telegram.answering import CLICK_TIMEOUT, place, refer_to_private_chat
from analytics.telegram.attached import Attached
from analytics.telegram.attaching import attach
from analytics.telegram.charts import (
    ChartRequest,
    TriangleRequest,
    chart_request,
    nothing_to_draw,
    quantiles,
    time_ticks,
    triangle_request,
    type_color,
)
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
from analytics.telegram.owners_cleanup import OwnersCleanup
from analytics.telegram.recording import RecordOnReceipt
from analytics.telegram.rights import people_router, privacy_button
from analytics.telegram.spreadsheet import spreadsheet
from analytics.telegram.texts.cells import format_cell, format_share, row_name
from analytics.telegram.texts.meaning import of_figures as report_meaning
from analytics.telegram.texts.stats import format_figure, report_warnings
from analytics.telegram.texts.type_names import type_name
from analytics.telegram.texts.who_comes_back import nothing_to_draw as no_cohorts
from analytics.telegram.texts.who_comes_back import stickiness as report_stickiness

if TYPE_CHECKING:
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
    "ChartRequest",
    "Command",
    "CommandEntry",
    "CommandStart",
    "Dependencies",
    "FromAny",
    "LimitPerPerson",
    "LocaleMiddleware",
    "OwnersCleanup",
    "RecordOnReceipt",
    "TriangleRequest",
    "WebhookHandler",
    "_",
    "admin_router",
    "alerts_router",
    "attach",
    "chart_request",
    "commands_of",
    "current_locale",
    "format_cell",
    "format_date",
    "format_datetime",
    "format_figure",
    "format_number",
    "format_percent",
    "format_share",
    "in_private_chat",
    "interaction_type",
    "is_not_taken",
    "languages",
    "loads",
    "no_cohorts",
    "nothing_to_draw",
    "outside_private_chat",
    "people_router",
    "place",
    "privacy_button",
    "purposes",
    "quantiles",
    "refer_to_private_chat",
    "report_meaning",
    "report_stickiness",
    "report_warnings",
    "row_name",
    "set_languages",
    "set_locale",
    "spreadsheet",
    "time_ticks",
    "translations",
    "triangle_request",
    "type_color",
    "type_name",
]


def __getattr__(name: str) -> Any:
    """Import `WebhookHandler` where it is used: polling has no use for aiohttp's server."""
    if name != "WebhookHandler":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from analytics.telegram.webhook import WebhookHandler

    return WebhookHandler
