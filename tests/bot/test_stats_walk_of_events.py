"""An admin's walk over the pages about events, of a bot that is used in all the ways counted."""

import re
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

from aiogram import Bot, Dispatcher
from aiogram.filters import Command, CommandStart
from aiogram.filters.callback_data import CallbackData
from aiogram.types import CallbackQuery, InlineKeyboardButton, InlineKeyboardMarkup, Message

from analytics import AnalyticsService, Period
from analytics.telegram import Attached
from analytics.telegram.admin.stats import Page, PageName, Show
from bot.sandbox import Person, Sandbox
from tests.support.conversation import ask
from tests.support.languages import SHIPPED
from tests.support.own_bot import polling

ADMIN, OWNER = 6_000_000_001, 6_000_000_002
SECRET = "a text of a person"
EVENTS = ("order_placed", "refunded")
PAGES = (PageName.SOURCES, PageName.COMMANDS, PageName.FAILURES)
# Lines, and characters of each, that a phone shows.
MAX_LINES, MAX_WIDTH = 25, 40


class Item(CallbackData, prefix="item"):
    number: int


def shop() -> Dispatcher:
    """A bot with a button, events of its own, and commands that fail."""

    async def start(message: Message) -> None:
        button = InlineKeyboardButton(text="Buy", callback_data=Item(number=7).pack())
        keyboard = InlineKeyboardMarkup(inline_keyboard=[[button]])
        await message.answer("Welcome!", reply_markup=keyboard)

    async def buy(click: CallbackQuery, analytics: AnalyticsService) -> None:
        await analytics.count("order_placed")
        await click.answer("Thank you!")

    async def refund(message: Message, analytics: AnalyticsService) -> None:
        await analytics.count("refunded")
        raise ValueError(SECRET)

    async def pay(message: Message) -> None:
        raise KeyError(SECRET)

    dispatcher = Dispatcher()
    dispatcher.message.register(start, CommandStart())
    dispatcher.message.register(pay, Command("pay"))
    dispatcher.message.register(refund, Command("refund"))
    dispatcher.callback_query.register(buy, Item.filter())
    return dispatcher


def running(
    bot: Bot, sandbox: Sandbox, path: Path, **options: Any
) -> AbstractAsyncContextManager[Attached]:
    """The bot while it polls; what became of updates is in the file once it has stopped."""
    admins = {ADMIN, OWNER}
    return polling(
        bot,
        shop(),
        sandbox,
        path=path,
        events=EVENTS,
        admin_ids=admins,
        owner_ids={OWNER},
        uncounted_ids=admins,
        **options,
    )


async def make_links(owner: Person) -> list[str]:
    """Make two start links; return their codes."""
    made = [await ask(owner, f"/links {name}") for name in ("channel-ad", "poster")]
    return [code for text in made for code in re.findall(r"\?start=([a-z0-9]{6})\b", text)]


async def shops(person: Person, code: str) -> None:
    """Come by a link, click the button, try to pay, and say what no handler takes."""
    await ask(person, f"/start {code}")
    await person.clicks("Buy")
    await person.toast()
    await person.says("/pay")
    await person.says(SECRET)


async def pages(admin: Person) -> list[str]:
    """Go to each page of 7 days by its button, and back."""
    shown = []
    await ask(admin, "/stats")
    for name in PAGES:
        await admin.clicks(Page(name=name, period=Period.WEEK).pack())
        shown.append((await admin.sees_edit()).text)
        await admin.clicks(Show(period=Period.WEEK).pack())
        await admin.sees_edit()
    return shown


async def test_the_pages_show_what_people_did_and_only_owners_see_where_it_failed(
    bot: Bot, sandbox: Sandbox, database: Path
) -> None:
    people, group = [sandbox.person() for _ in range(4)], sandbox.group()
    async with running(bot, sandbox, database):
        codes = await make_links(sandbox.person(OWNER))
        for person in people[:3]:
            await shops(person, codes[0])
        await ask(people[3], "/start referred-by-7000000001")
        await people[3].says("/refund")
        await people[3].says("/start@sandbox_bot", chat=group)
    async with running(bot, sandbox, database):
        of_owner = await pages(sandbox.person(OWNER))
        of_admin = await pages(sandbox.person(ADMIN))
    sources, commands, errors = of_owner
    errors, _title, places = errors.partition("\n\nPlaces of errors\n")

    assert sources.split("\n") == [
        "📊 Sources, 7 days",
        "",
        "Start links",
        "           starts new users",
        "channel-ad      3         3",
        "poster          0         0",
        "other           1         1",
        "New users without a link: 0",
        "",
        "By kind of chat",
        "private 14",
        "groups   1",
        "",
        "Groups and channels",
        "Added to none, removed from none.",
    ]
    assert commands.split("\n")[2:] == [
        "Commands",
        "/start  5",
        "/pay    3",
        "/refund 1",
        "",
        "Buttons",
        "item 3",
        "",
        "Own events",
        "               per user",
        "order_placed 3     0.75",
        "refunded     1     0.25",
    ]
    assert errors.startswith(
        "📊 Errors, 7 days\n4 of 12 failed (33%)\n3 ignored, without an answer"
    )
    rows = [re.sub(r" [\d.]+ s$", "", line).split() for line in errors.split("\n")[7:]]
    assert rows == [
        ["/pay", "3", "100%", "0"],
        ["/refund", "1", "100%", "0"],
        ["message", "0", "3"],
        ["/start", "0", "0"],
        ["[item]", "0", "0"],
    ]
    assert re.fullmatch(
        r"3  KeyError\n   \S+_walk_of_events\.py:\d+\n1  ValueError\n   \S+_of_events\.py:\d+",
        places,
    )
    # An admin who is no owner sees the same, but no error and no line of the code.
    assert of_admin == [sources, commands, errors]
    assert max(len(page.split("\n")) for page in of_owner) <= MAX_LINES


async def test_with_a_minimum_no_page_names_what_few_people_did_in_any_language(
    bot: Bot, sandbox: Sandbox, database: Path
) -> None:
    shown = []
    options: dict[str, Any] = {"breakdown_min_users": 5, "count_languages": True}
    async with running(bot, sandbox, database, **options):
        codes = await make_links(sandbox.person(OWNER))
        for _ in range(6):
            await shops(sandbox.person(), codes[0])
        for _ in range(2):
            person = sandbox.person(language_code="fr")
            await shops(person, codes[1])
            await person.says("/refund")
    async with running(bot, sandbox, database, **options):
        for language in SHIPPED:
            shown += await pages(sandbox.person(OWNER, language_code=language))
    lines = [line for page in shown for line in page.split("\n")]

    assert all("order_placed" in page for page in shown[1::3])
    assert all("pay" in page for page in shown[2::3])
    # What is left of a total would tell of the few: so that is hidden, too.
    for word in ("poster", "channel-ad", "refund", "ValueError", "KeyError", "French"):
        assert word not in "\n".join(lines)
    assert max(len(page.split("\n")) for page in shown) <= MAX_LINES
    assert max(map(len, lines)) <= MAX_WIDTH
