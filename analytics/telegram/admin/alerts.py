"""`/alerts`: the list of alerts, with buttons to mute and unmute them."""

from aiogram import Bot
from aiogram.types import CallbackQuery, Message, User

from analytics import AnalyticsService
from analytics.telegram.alerts import messages
from analytics.telegram.alerts.messages import Turn
from analytics.telegram.answering import edit_or_send, place, rewrite
from analytics.telegram.options import Options


async def show(
    message: Message, event_from_user: User, analytics: AnalyticsService, options: Options
) -> None:
    muted = await analytics.alert_state.muted(event_from_user.id)
    keyboard = messages.below_list(muted, options)
    await message.answer(messages.listed(muted, options), reply_markup=keyboard)


async def turn(
    click: CallbackQuery,
    callback_data: Turn,
    bot: Bot,
    analytics: AnalyticsService,
    options: Options,
) -> None:
    telegram_id, kind = click.from_user.id, callback_data.kind
    do = analytics.alert_state.unmute if callback_data.on else analytics.alert_state.mute
    await do(telegram_id, kind)
    muted = await analytics.alert_state.muted(telegram_id)
    text, keyboard = messages.listed(muted, options), messages.below_list(muted, options)
    if callback_data.listed:
        await rewrite(bot, click, text, keyboard)
        return
    where, button = place(click), messages.below(kind, is_on=callback_data.on)
    edit = bot.edit_message_reply_markup(
        chat_id=where.chat.id, message_id=where.message_id, reply_markup=button
    )
    await edit_or_send(edit, where, text, keyboard)
