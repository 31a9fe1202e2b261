from aiogram import Bot, Dispatcher
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from bot.handlers import private
from bot.services.reminders import Reminders
from scheduler import jobs


def create_bot(token: str, api: str) -> Bot:
    return Bot(token, session=AiohttpSession(api=TelegramAPIServer.from_base(api)))


async def on_startup(bot: Bot, scheduler: AsyncIOScheduler) -> None:
    jobs.bots.append(bot)
    scheduler.start()


async def on_shutdown(scheduler: AsyncIOScheduler) -> None:
    scheduler.shutdown(wait=False)


def create_dispatcher(scheduler: AsyncIOScheduler) -> Dispatcher:
    dp = Dispatcher(scheduler=scheduler, reminders=Reminders(scheduler))
    dp.startup.register(on_startup)
    dp.shutdown.register(on_shutdown)
    dp.include_router(private.setup())
    return dp
