"""Handler of `/web`, which sends an admin a one-time link to the admin page."""

from aiogram import Router
from aiogram.types import (
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    LinkPreviewOptions,
    Message,
    User,
    WebAppInfo,
)

from analytics.telegram import Command, FromAny, _, in_private_chat
from bot import texts
from bot.settings import Settings
from bot.web.links import Links

# A preview would fetch the address.
NO_PREVIEW = LinkPreviewOptions(is_disabled=True)


def router(settings: Settings) -> Router:
    router = Router(name="web")
    router.message.register(web, Command("web"), FromAny(settings.admin_ids), in_private_chat)
    return router


async def web(message: Message, event_from_user: User, page_links: Links | None = None) -> None:
    if page_links is None:
        await message.answer(_(texts.NO_PAGE))
        return
    address = await page_links.new(event_from_user.id)
    if page_links.url is None:
        text = texts.link(address)
        await message.answer(text, link_preview_options=NO_PREVIEW)
        return
    rows = [
        [InlineKeyboardButton(text=_(texts.OPEN_HERE), web_app=WebAppInfo(url=page_links.url))],
        [InlineKeyboardButton(text=_(texts.OPEN_IN_BROWSER), url=address)],
    ]
    keyboard = InlineKeyboardMarkup(inline_keyboard=rows)
    await message.answer(texts.web(), reply_markup=keyboard, link_preview_options=NO_PREVIEW)
