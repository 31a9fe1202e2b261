from aiogram import F, Router
from aiogram.types import Message

router = Router()


@router.message(F.text)
async def support(message: Message) -> None:
    await message.reply("Our support will answer soon.")
