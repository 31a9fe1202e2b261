"""A feature of one's own, as an example: CONTRIBUTING.md says what belongs to it."""

from random import randint

from aiogram.types import Message

from bot import texts


async def roll(message: Message) -> None:
    await message.answer(texts.rolled(randint(1, 6)))
