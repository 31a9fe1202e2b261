from aiogram import Router
from aiogram.types import CallbackQuery, Message
from aiogram.utils.i18n import gettext as _

router = Router()


@router.message()
async def anything(message: Message) -> None:
    await message.answer(_("I did not understand that\\."))


@router.callback_query()
async def any_click(click: CallbackQuery) -> None:
    await click.answer(_("This button is too old."))
