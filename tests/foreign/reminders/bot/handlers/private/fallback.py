from aiogram import Router
from aiogram.types import Message


async def fallback(message: Message) -> None:
    await message.answer("Sorry?")


def setup() -> Router:
    router = Router(name="fallback")
    router.message.register(fallback)
    return router
