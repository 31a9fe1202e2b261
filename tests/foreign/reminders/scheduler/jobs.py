"""What the scheduler runs: functions of a module, so that a store can keep them by name."""

import logging

from aiogram import Bot

logger = logging.getLogger(__name__)
bots: list[Bot] = []


async def send_reminder(chat_id: int, text: str) -> None:
    await bots[0].send_message(chat_id, f"Reminder: {text}")


async def count_jobs() -> None:
    logger.info("still here")
