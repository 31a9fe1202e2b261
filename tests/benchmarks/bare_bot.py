"""A plain aiogram bot that gives the same answers: what one would run without analytics."""

import asyncio
import os

from aiogram import Bot, Dispatcher
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup, Message

ANSWER = "I did not understand that. See /help for what I can do."


async def anything(message: Message) -> None:
    if message.chat.type != "private":
        return
    button = InlineKeyboardButton(text="What is stored about you", callback_data="privacy")
    keyboard = InlineKeyboardMarkup(inline_keyboard=[[button]])
    await message.answer(ANSWER, reply_markup=keyboard)


async def serve() -> None:
    server = TelegramAPIServer.from_base(os.environ["BOT_API_URL"])
    dispatcher = Dispatcher()
    dispatcher.message.register(anything)
    async with Bot(os.environ["BOT_TOKEN"], session=AiohttpSession(api=server)) as bot:
        await dispatcher.start_polling(bot, close_bot_session=False)


if __name__ == "__main__":
    asyncio.run(serve())
