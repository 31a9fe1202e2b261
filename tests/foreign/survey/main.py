"""A survey by long polling."""

import asyncio

from aiogram import Bot, Dispatcher
from aiogram.client.default import DefaultBotProperties
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.enums import ParseMode
from aiogram.fsm.storage.memory import MemoryStorage
from bot.config import load_config
from bot.i18n import setup_i18n
from scheduler.heartbeat import start_heartbeat, stop_heartbeat

from analytics.telegram import ALL_UPDATES, attach
from bot.handlers import routers
from bot.logs import setup_logging


async def main() -> None:
    config = load_config()
    setup_logging(config.log_level)
    bot = Bot(
        config.token,
        session=AiohttpSession(api=TelegramAPIServer.from_base(config.api)),
        default=DefaultBotProperties(parse_mode=ParseMode.MARKDOWN_V2),
    )
    dp = Dispatcher(storage=MemoryStorage(), config=config)
    dp.startup.register(start_heartbeat)
    dp.shutdown.register(stop_heartbeat)
    dp.include_routers(*routers())
    setup_i18n(dp)

    async with attach(bot, dispatcher=dp, admin_ids=config.admin_ids):
        await dp.start_polling(bot, allowed_updates=ALL_UPDATES)


if __name__ == "__main__":
    asyncio.run(main())
