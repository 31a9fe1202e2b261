"""Commands and buttons of people about their own data, in the private chat."""

from collections.abc import Callable
from datetime import datetime
from functools import cache

from aiogram import Bot, F
from aiogram.dispatcher.event.bases import SkipHandler
from aiogram.enums import ChatMemberStatus
from aiogram.types import (
    BufferedInputFile,
    CallbackQuery,
    ChatMemberUpdated,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    Message,
    Update,
    User,
)

from analytics import AnalyticsService
from analytics.clock import utc_now
from analytics.privacy.personal_data import as_json
from analytics.telegram.answering import place, refer_to_private_chat, remove_buttons, rewrite
from analytics.telegram.buttons import Ask, Cancel, Confirm, Irreversible, Policy, Right
from analytics.telegram.confirmations import Confirmations
from analytics.telegram.filters import (
    Command,
    CommandStart,
    in_private_chat,
    outside_private_chat,
)
from analytics.telegram.i18n import _
from analytics.telegram.limits import EXPENSIVE
from analytics.telegram.options import Options
from analytics.telegram.own_router import Dependencies, OwnRouter
from analytics.telegram.texts import privacy, rights

Button = InlineKeyboardButton
Event = Message | CallbackQuery


def people_router(dependencies: Dependencies) -> OwnRouter:
    """Return a router of the commands and buttons about one's own data, for everyone."""
    router = OwnRouter("people", dependencies)
    messages, clicks = router.message, router.callback_query

    link = CommandStart(deep_link=True, magic=F.args == Right.PRIVACY)
    messages.register(show_privacy, link, in_private_chat, flags=EXPENSIVE)
    for right, handler, flags in (
        (Right.PRIVACY, show_privacy, EXPENSIVE),
        (Right.MY_DATA, my_data, EXPENSIVE),
        (Right.FORGET_ME, forget_me, None),
        (Right.OPT_OUT, opt_out, None),
        (Right.OPT_IN, opt_in, None),
    ):
        messages.register(handler, Command(right), in_private_chat, flags=flags)
        clicks.register(handler, Ask.filter(F.right == right), flags=flags)
    clicks.register(turn_page, Policy.filter(), flags=EXPENSIVE)
    messages.register(in_group, Command(*Right), outside_private_chat)
    clicks.register(erase, Confirm.filter(F.action == Irreversible.ERASE), flags=EXPENSIVE)
    clicks.register(cancel, Cancel.filter(F.action == Irreversible.ERASE))
    if dependencies.options.erase_when_blocked:
        is_blocked = F.new_chat_member.status == ChatMemberStatus.KICKED
        router.my_chat_member.register(blocked, in_private_chat, is_blocked)
    return router


def privacy_button() -> InlineKeyboardMarkup:
    """Return a keyboard with a button that does the same as `/privacy`."""
    return _keyboard(_button(_(rights.SEE_PRIVACY), Right.PRIVACY))


async def show_privacy(
    event: Event,
    event_from_user: User,
    analytics: AnalyticsService,
    options: Options,
) -> None:
    text, keyboard = await _policy(event_from_user.id, analytics, options)
    await place(event).answer(text, reply_markup=keyboard)


async def turn_page(
    click: CallbackQuery,
    callback_data: Policy,
    bot: Bot,
    analytics: AnalyticsService,
    options: Options,
) -> None:
    """Show all details of the policy in the place of its one screen, or that again."""
    if callback_data.details:
        back = _policy_button(f"« {_(privacy.BACK)}", details=False)
        text, keyboard = privacy.details(options), _keyboard(back)
    else:
        text, keyboard = await _policy(click.from_user.id, analytics, options)
    await rewrite(bot, click, text, keyboard)


async def in_group(message: Message, bot: Bot) -> None:
    """Reply to a command in a group with a link to the private chat.

    The link is the same for every right: all of them are buttons there.
    """
    await refer_to_private_chat(message, bot, _(rights.IN_A_GROUP), Right.PRIVACY)


async def my_data(event: Event, event_from_user: User, analytics: AnalyticsService) -> None:
    data = await analytics.people.personal_data(event_from_user.id)
    file = BufferedInputFile(as_json(data, utc_now(), _).encode(), "my-data.json")
    await place(event).answer(rights.my_data(data))
    await place(event).answer_document(file, caption=_(rights.FILE))


async def forget_me(
    event: Event, event_from_user: User, options: Options, confirmations: Confirmations
) -> None:
    keyboard = confirmations.keyboard(_(rights.CONFIRM), Irreversible.ERASE, event_from_user.id)
    await place(event).answer(rights.forget_me(options), reply_markup=keyboard)


async def erase(
    click: CallbackQuery,
    callback_data: Confirm,
    bot: Bot,
    analytics: AnalyticsService,
    options: Options,
    confirmations: Confirmations,
    next_cleanup: Callable[[], datetime],
) -> None:
    """Erase the person's data, if the button confirms it.

    The same button erases again until it expires: then what was recorded since is erased.
    """
    telegram_id = click.from_user.id
    if confirmations.confirms(callback_data, telegram_id):
        again = confirmations.is_used(callback_data)
        if erasure := await analytics.people.erase(telegram_id):
            confirmations.use(callback_data)
            text = rights.erased(erasure, next_cleanup(), options, again=again)
        else:
            text = _(rights.NOT_NOW)
        await options.on_erase(telegram_id)
    else:
        text = _(rights.TOO_OLD)
    await place(click).answer(text)
    await remove_buttons(bot, click)


async def cancel(click: CallbackQuery, bot: Bot) -> None:
    await rewrite(bot, click, _(rights.CANCELLED))


async def opt_out(
    event: Event, event_from_user: User, event_update: Update, analytics: AnalyticsService
) -> None:
    # In force since it was received; called again to know whether it is committed.
    committed = await analytics.people.opt_out(event_from_user.id, event_update.update_id)
    keyboard = _keyboard(_button(_(rights.ERASE), Right.FORGET_ME))
    await place(event).answer(rights.opted_out(committed), reply_markup=keyboard)


async def opt_in(
    event: Event, event_from_user: User, event_update: Update, analytics: AnalyticsService
) -> None:
    committed = await analytics.people.opt_in(event_from_user.id, event_update.update_id)
    await place(event).answer(rights.opted_in(committed))


async def blocked(change: ChatMemberUpdated, analytics: AnalyticsService, options: Options) -> None:
    """Erase the data of a person who blocked the bot, without an answer: it could not be sent.

    Other handlers of the same update run as if this one did not exist.
    """
    await analytics.people.erase(change.from_user.id)
    await options.on_erase(change.from_user.id)
    raise SkipHandler


async def _policy(
    telegram_id: int, analytics: AnalyticsService, options: Options
) -> tuple[str, InlineKeyboardMarkup]:
    row, opted_out = await analytics.people.own_row(telegram_id)
    in_backups = await analytics.people.may_be_in_backups()
    keyboard = _keyboard(
        _button(_(rights.MY_DATA), Right.MY_DATA),
        _button(_(rights.ERASE), Right.FORGET_ME),
        _button(_(rights.OPT_IN), Right.OPT_IN)
        if opted_out
        else _button(_(rights.OPT_OUT), Right.OPT_OUT),
        _policy_button(_(privacy.ALL_DETAILS), details=True),
    )
    return privacy.policy(options, row, opted_out, in_backups, utc_now()), keyboard


@cache
def _asking_for(right: Right) -> str:
    """Return the callback data of a button for a right: below many answers there is one."""
    return Ask(right=right).pack()


def _policy_button(label: str, *, details: bool) -> InlineKeyboardButton:
    return Button(text=label, callback_data=Policy(details=details).pack())


def _button(label: str, right: Right) -> InlineKeyboardButton:
    return Button(text=label, callback_data=_asking_for(right))


def _keyboard(*buttons: InlineKeyboardButton) -> InlineKeyboardMarkup:
    """Return a keyboard with one button per row, since labels are long."""
    return InlineKeyboardMarkup(inline_keyboard=[[button] for button in buttons])
