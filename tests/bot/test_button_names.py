"""The names of a bot's buttons are found by the filters of its handlers."""

from enum import Enum, StrEnum
from pathlib import Path
from typing import Any

import pytest
from aiogram import Bot, Dispatcher, F, Router
from aiogram.filters import and_f, invert_f, or_f
from aiogram.filters.callback_data import CallbackData
from aiogram.types import CallbackQuery, InlineKeyboardButton, InlineKeyboardMarkup, Message
from hypothesis import given
from hypothesis import strategies as st

from analytics import EventKind
from analytics.telegram.button_table import button_of, registered_buttons
from bot.sandbox import Sandbox
from tests.support.conversation import ask
from tests.support.events import counted
from tests.support.own_bot import polling


class Page(CallbackData, prefix="page"):
    number: int


class Shop(CallbackData, prefix="shop", sep="|"):
    item: int


class OfAnalytics(CallbackData, prefix="analytics-ask"):
    right: str


class OfAPerson(CallbackData, prefix="u7000000001"):
    number: int


class Menu(StrEnum):
    HELP = "help"


class OldMenu(str, Enum):  # noqa: UP042 - as older bots have it
    BACK = "back"


async def handler() -> None: ...


def names(*filters: Any) -> dict[str, set[str]]:
    """The names of the buttons of a bot that has one handler, with these filters."""
    router = Router()
    router.callback_query.register(handler, *filters)
    return {separator: set(each) for separator, each in registered_buttons([router]).items()}


def test_buttons_are_found_where_their_handlers_are() -> None:
    inner, outer, dispatcher = Router(), Router(), Dispatcher()
    inner.callback_query.register(handler, Page.filter(F.number > 1))
    outer.callback_query.register(handler, F.data == "menu")
    outer.include_router(inner)
    dispatcher.include_router(outer)
    dispatcher.callback_query.register(handler, Shop.filter())
    dispatcher.message.register(handler, F.data == "no button")

    assert registered_buttons(dispatcher.chain_tail) == {"": {"menu"}, ":": {"page"}, "|": {"shop"}}


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ([F.data == "yes"], {"yes"}),
        ([F.data == "no"], {"no"}),
        ([F.data.in_({"yes", "no"})], {"yes", "no"}),
        ([F.data.in_(["yes", 5, None])], {"yes"}),
        ([F.data == Menu.HELP], {"help"}),
        ([F.data.in_([*OldMenu])], {"back"}),
        ([F.data.in_({OldMenu.BACK})], {"back"}),
        ([(F.data == "yes").as_("answer")], {"yes"}),
        ([(F.data == "yes") | (F.data == "no")], {"yes", "no"}),
        ([(F.data == "yes") & F.message.chat.type], {"yes"}),
        ([F.message & (F.data == "yes")], {"yes"}),
        ([~(F.data == "yes")], {"yes"}),
        ([F.message, F.data == "yes"], {"yes"}),
        ([or_f(F.data == "yes", and_f(F.message, F.data == "no"))], {"yes", "no"}),
        ([invert_f(F.data == "yes")], {"yes"}),
        ([~or_f(F.data == "yes", F.data == "no")], {"yes", "no"}),
        ([or_f(Page.filter(), F.data == "first")], {"page", "first"}),
        ([~Page.filter()], {"page"}),
    ],
)
def test_declared_names_are_found_in_every_filter(filters: list[Any], found: set[str]) -> None:
    assert set().union(*names(*filters).values()) == found


@pytest.mark.parametrize(
    "filters",
    [
        [],
        [F.data],
        [F.data.startswith("yes")],
        [F.data.contains("yes")],
        [F.data.in_("yes, no")],
        [F.data.in_(range(5))],
        [F.data.not_in({"yes"})],
        [F.data != "yes"],
        [F.data == 5],
        [F.data == F.message.text],
        [F.data.lower() == "yes"],
        [F.data[0] == "y"],
        [F.data.len() == 3],
        [F.data.regexp("yes")],
        [F.data.func(lambda data: data == "yes")],
        [F.message.text == "yes"],
        [F.from_user.data == "yes"],
        [F == "yes"],
        [lambda click: click.data == "yes"],
        [OfAnalytics.filter()],
        [OfAPerson.filter()],
        [F.data == "analytics-x"],
        [F.data == ""],
        [F.data == "x" * 65],
        [F.data == "ж" * 33],
        [F.data == "two\nlines"],
        [F.data == "\ud800"],
        [F.data == "user_7000000001"],
        [F.data == "on 20261231"],
        [F.data.in_([f"item {number}" for number in range(101)])],
    ],
)
def test_what_declares_no_name_is_left_out(filters: list[Any]) -> None:
    assert names(*filters) == {}


@pytest.mark.parametrize("name", ["x" * 64, "ж" * 32, "item 1234", "👍", "with:colon"])
def test_a_short_text_is_a_name(name: str) -> None:
    assert names(F.data == name) == {"": {name}}


@given(data=st.text() | st.from_regex(r"\A(page|shop|menu)[:|]?.{0,5}\Z"))
def test_whatever_a_button_carries_its_name_is_a_declared_one(data: str) -> None:
    buttons = {"": {"menu"}, ":": {"page"}, "|": {"shop"}}
    name = button_of(data, buttons)

    assert name in {"menu", "page", "shop", None}
    assert name is None or data.startswith(name)


@given(number=st.integers(0, 10**9))
def test_what_a_factory_packs_is_a_click_on_its_button(number: int) -> None:
    buttons = registered_buttons([shop_and_pages()])

    assert button_of(Page(number=number).pack(), buttons) == "page"
    assert button_of(Shop(item=number).pack(), buttons) == "shop"


def shop_and_pages() -> Router:
    router = Router()
    router.callback_query.register(handler, or_f(Page.filter(), Shop.filter()))
    return router


async def ask_with_buttons(message: Message) -> None:
    """Answer with a button of each kind."""
    carried = {
        "Page": Page(number=7_000_000_001).pack(),
        "Shop": Shop(item=1).pack(),
        "Yes": "yes",
        "Old": "of-a-former-version",
    }
    rows = [[InlineKeyboardButton(text=text, callback_data=carried[text])] for text in carried]
    await message.answer("Which?", reply_markup=InlineKeyboardMarkup(inline_keyboard=rows))


async def test_clicks_are_counted_by_the_names_that_a_bots_handlers_declare(
    bot: Bot, sandbox: Sandbox, database: Path
) -> None:
    async def answer(click: CallbackQuery) -> None:
        await click.answer("done")

    person, dispatcher, later = sandbox.person(), Dispatcher(), Router()
    dispatcher.message.register(ask_with_buttons, F.text == "menu")
    dispatcher.callback_query.register(answer, Page.filter())
    later.callback_query.register(answer, or_f(F.data.in_({"yes", "no"}), Shop.filter()))
    later.callback_query.register(answer)
    async with polling(bot, dispatcher, sandbox, path=database, included_later=[later]):
        await ask(person, "menu")
        for label in ("Page", "Shop", "Yes", "Yes", "Old"):
            await person.clicks(label)
            await person.toast()
        await ask(person, "/privacy")
        await person.clicks("All details")
        await person.sees_edit()

    assert counted(database, EventKind.BUTTON) == {"page": 1, "shop": 1, "yes": 2}
