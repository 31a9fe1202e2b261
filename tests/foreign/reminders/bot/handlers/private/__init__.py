from aiogram import F, Router

from bot.handlers.private import commands, fallback


def setup() -> Router:
    router = Router(name="private")
    router.message.filter(F.chat.type == "private")
    router.include_routers(commands.setup(), fallback.setup())
    return router
