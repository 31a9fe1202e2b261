"""Tell the admins at once what they have to know: in their chats, and in the log."""

import asyncio
import logging
from collections.abc import Iterable

from aiogram import Bot
from aiogram.exceptions import AiogramError

from analytics.notices import Notice
from bot import texts

logger = logging.getLogger(__name__)


async def tell_admins(bot: Bot, admin_ids: Iterable[int], notices: asyncio.Queue[Notice]) -> None:
    """Runs until it is cancelled."""
    while True:
        text = texts.notice(await notices.get())
        for admin_id in admin_ids:
            try:
                await bot.send_message(admin_id, text)
            except AiogramError as error:
                logger.warning("an admin could not be told (%s)", type(error).__name__)
