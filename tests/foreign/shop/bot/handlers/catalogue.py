from aiogram import Router
from aiogram.filters import Command, CommandStart
from aiogram.filters.callback_data import CallbackData
from aiogram.types import CallbackQuery, Message
from aiogram.utils.keyboard import InlineKeyboardBuilder

router = Router()


class Buy(CallbackData, prefix="buy"):
    article: str


@router.message(CommandStart())
async def start(message: Message) -> None:
    await message.answer("<b>Welcome!</b> See /shop")


@router.message(Command("shop"))
async def catalogue(message: Message, prices: dict[str, int]) -> None:
    keyboard = InlineKeyboardBuilder()
    for article, price in prices.items():
        keyboard.button(text=f"{article}, {price} €", callback_data=Buy(article=article))
    await message.answer("What would you like?", reply_markup=keyboard.as_markup())


@router.callback_query(Buy.filter())
async def buy(click: CallbackQuery, callback_data: Buy, basket: list[str]) -> None:
    basket.append(callback_data.article)
    await click.message.answer(f"In your basket: <i>{', '.join(basket)}</i>")
