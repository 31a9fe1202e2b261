"""A scheduler made by hand: a task that says each hour that the bot is alive."""

import asyncio
import logging

from aiogram import Dispatcher

logger = logging.getLogger(__name__)
AN_HOUR = 3600


async def beat() -> None:
    while True:
        logger.info("alive")
        await asyncio.sleep(AN_HOUR)


async def start_heartbeat(dispatcher: Dispatcher) -> None:
    dispatcher["heartbeat"] = asyncio.create_task(beat())


async def stop_heartbeat(dispatcher: Dispatcher) -> None:
    dispatcher["heartbeat"].cancel()
