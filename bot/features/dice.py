"""An example of a feature to copy: CONTRIBUTING.md says what belongs to one."""

from random import randint

from aiogram import F, Router
from aiogram.types import Message

from analytics.telegram import Command
from bot import texts


def router() -> Router:
    router = Router(name="dice")
    router.message.register(roll, Command("roll"), F.chat.type == "private")
    return router


async def roll(message: Message) -> None:
    await message.answer(texts.rolled(randint(1, 6)))
