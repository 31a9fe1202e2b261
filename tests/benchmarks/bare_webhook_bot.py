"""A plain aiogram bot with aiogram's own webhook: what one would run without analytics."""

import os
from urllib.parse import urlsplit

from aiogram import Bot, Dispatcher
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.types import PollAnswer
from aiogram.webhook.aiohttp_server import SimpleRequestHandler, setup_application
from aiohttp import web


async def anything(answer: PollAnswer) -> None:
    """Nothing is said to who votes in a poll."""


async def begin(bot: Bot) -> None:
    await bot.set_webhook(os.environ["WEBHOOK_URL"], secret_token=os.environ["WEBHOOK_SECRET"])


def serve() -> None:
    server = TelegramAPIServer.from_base(os.environ["BOT_API_URL"])
    bot = Bot(os.environ["BOT_TOKEN"], session=AiohttpSession(api=server))
    dispatcher = Dispatcher()
    dispatcher.poll_answer.register(anything)
    dispatcher.startup.register(begin)
    application = web.Application()
    handler = SimpleRequestHandler(dispatcher, bot, secret_token=os.environ["WEBHOOK_SECRET"])
    handler.register(application, path=urlsplit(os.environ["WEBHOOK_URL"]).path)
    setup_application(application, dispatcher, bot=bot)
    port = int(os.environ["WEBHOOK_PORT"])
    web.run_app(application, host="127.0.0.1", port=port, print=None, access_log=None)


if __name__ == "__main__":
    serve()
