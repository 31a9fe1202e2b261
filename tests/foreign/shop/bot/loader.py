from aiogram import Bot, Dispatcher
from aiogram.client.default import DefaultBotProperties
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer

from bot.config import settings

bot = Bot(
    settings.bot_token,
    session=AiohttpSession(api=TelegramAPIServer.from_base(settings.bot_api)),
    default=DefaultBotProperties(parse_mode="HTML", protect_content=True),
)
dp = Dispatcher()
