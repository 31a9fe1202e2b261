"""Handlers of `/cancel`, which ends any dialogue."""

from aiogram import Router
from aiogram.fsm.context import FSMContext
from aiogram.types import Message

from analytics.telegram import Command, _, in_private_chat
from bot import texts


def router() -> Router:
    """Return a router to include before those with dialogues: `/cancel` answers no question."""
    router = Router(name="dialogues")
    router.message.register(cancel, Command("cancel"), in_private_chat)
    return router


async def cancel(message: Message, state: FSMContext) -> None:
    was_in_dialogue = await state.get_state() is not None
    await state.clear()
    await message.answer(_(texts.CANCELLED) if was_in_dialogue else _(texts.NOTHING_TO_CANCEL))
