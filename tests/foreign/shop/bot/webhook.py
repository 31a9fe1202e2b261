from collections.abc import AsyncIterator

from aiogram import Bot, Dispatcher
from aiogram.types import BotCommand
from aiogram.utils.callback_answer import CallbackAnswerMiddleware
from aiogram.webhook.aiohttp_server import setup_application
from aiohttp import web

from analytics.telegram import ALL_UPDATES, WebhookHandler, attach
from bot.config import settings
from bot.handlers import get_handlers_router
from bot.loader import bot, dp
from bot.middlewares.basket import BasketMiddleware
from bot.middlewares.throttling import ThrottlingMiddleware
from scheduler import prices


async def on_startup(bot: Bot, dispatcher: Dispatcher) -> None:
    """Like many bots, this one sets itself up only when it starts."""
    dispatcher.update.outer_middleware(BasketMiddleware())
    dispatcher.message.outer_middleware(ThrottlingMiddleware(settings.rate_limit))
    dispatcher.callback_query.middleware(CallbackAnswerMiddleware())
    dispatcher.include_router(get_handlers_router())
    dispatcher["prices"] = prices.of_today()
    await bot.set_my_commands([BotCommand(command="shop", description="What there is to buy")])
    await bot.set_webhook(
        settings.webhook_url,
        allowed_updates=ALL_UPDATES,
        secret_token=settings.webhook_secret,
    )


async def on_shutdown(bot: Bot) -> None:
    await bot.session.close()


async def analytics(_: web.Application) -> AsyncIterator[None]:
    async with attach(bot, dp, admin_ids={settings.admins}):
        yield


async def health(_: web.Request) -> web.Response:
    return web.json_response({"ok": True})


def create_app() -> web.Application:
    dp.startup.register(on_startup)
    dp.shutdown.register(on_shutdown)
    app = web.Application()
    app.router.add_get("/health", health)
    app.cleanup_ctx.append(analytics)
    WebhookHandler(dp, bot, secret_token=settings.webhook_secret).register(
        app, path=settings.webhook_path
    )
    setup_application(app, dp, bot=bot)
    return app
