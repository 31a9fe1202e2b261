"""The log lines of a start: what runs, and what an operator may want to change."""

import logging

from aiogram import Bot

from analytics import AnalyticsError, AnalyticsService, Calendar, NoReportYet
from analytics.telegram import Attached
from bot.settings import Settings

logger = logging.getLogger(__name__)


async def announce(
    bot: Bot,
    settings: Settings,
    attached: Attached,
    *,
    is_new: bool,
) -> None:
    """Log what runs, how to stop it, the database, the admins and the next cleanup.

    `is_new` tells whether the database was created by this start.
    """
    by = "polling"
    if settings.webhook_url is not None:
        by = f"webhook at {settings.webhook_host}:{settings.webhook_port}"
    logger.info("@%s is running (%s). Press Ctrl+C to stop it", (await bot.me()).username, by)
    holds = "new" if is_new else await _contents(attached.analytics)
    logger.info("database: %s (%s)", attached.analytics.database_name, holds)
    if settings.admin_ids:
        logger.info("admins: %d", len(settings.admin_ids))
    else:
        logger.warning("no admins: set ADMIN_IDS to your Telegram ID to use /stats")
    cleanup = attached.next_cleanup()
    logger.info(
        "next cleanup: %s, of interactions older than %d days",
        f"{cleanup:%Y-%m-%d %H:%M} {Calendar.offset_name(cleanup)}",
        settings.retention_days,
    )


async def _contents(analytics: AnalyticsService) -> str:
    try:
        report = await analytics.get_admin_analytics_report()
    except NoReportYet:
        return "no report yet"
    # The bot answers and keeps interactions all the same.
    except AnalyticsError:
        return "cannot be read now"
    if report.oldest_interaction is None:
        return "no interactions yet"
    return f"interactions since {report.oldest_interaction:%Y-%m-%d}"
