from aiogram import Router
from aiogram.filters import Command, CommandObject
from aiogram.types import Message

from bot.services.reminders import Reminders


async def start(message: Message) -> None:
    await message.answer("I remind you: /remind 0 drink something")


async def remind(message: Message, command: CommandObject, reminders: Reminders) -> None:
    minutes, _, text = (command.args or "").partition(" ")
    if not minutes.isdigit() or not text:
        await message.answer("Like this: /remind 0 drink something")
        return
    reminders.add(message.chat.id, int(minutes), text)
    await message.answer("I will.")


async def stats(message: Message, reminders: Reminders) -> None:
    await message.answer(f"You have {reminders.count(message.chat.id)} reminders.")


def setup() -> Router:
    router = Router(name="commands")
    router.message.register(start, Command("start"))
    router.message.register(remind, Command("remind"))
    router.message.register(stats, Command(commands=["stats", "statistics"]))
    return router
