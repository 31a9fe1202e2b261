from aiogram import F, Router
from aiogram.filters import Command
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, InlineKeyboardButton, InlineKeyboardMarkup, Message
from aiogram.utils.formatting import Bold, Text
from aiogram.utils.i18n import gettext as _

from bot.states import Survey

router = Router()


@router.message(Command("survey"))
async def begin(message: Message, state: FSMContext) -> None:
    await state.set_state(Survey.colour)
    await message.answer(_("Which colour do you like best?"))


@router.message(Survey.colour, F.text)
async def take_colour(message: Message, state: FSMContext) -> None:
    await state.update_data(colour=message.text)
    await state.set_state(Survey.age)
    await message.answer(_("And how old are you?"))


@router.message(Survey.age, F.text.isdigit())
async def take_age(message: Message, state: FSMContext) -> None:
    answers = await state.get_data()
    await state.clear()
    again = InlineKeyboardButton(text=_("Again"), callback_data="again")
    summary = Text(_("Thanks: "), Bold(answers["colour"]), f", {message.text}.")
    await message.answer(
        **summary.as_kwargs(), reply_markup=InlineKeyboardMarkup(inline_keyboard=[[again]])
    )


@router.callback_query(F.data == "again")
async def again(click: CallbackQuery, state: FSMContext) -> None:
    await click.answer(_("Here we go"))
    await begin(click.message, state)
