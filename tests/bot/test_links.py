"""`/links` in the chat: owners make, list and retire start links, whose starts are counted."""

import re
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from aiogram import Bot

from analytics import Access, AnalyticsService, EventKind
from analytics.telegram import attaching
from analytics.telegram.admin.links import LINKS_PER_PAGE, Retire, Turn
from analytics.telegram.buttons import Cancel, Confirm, Irreversible
from analytics.telegram.confirmations import CANCEL, VALID_FOR
from analytics.telegram.texts import links
from bot.sandbox import Person, Sandbox
from tests.support.clock import Clock
from tests.support.conversation import ask, click, message_for
from tests.support.events import counted
from tests.support.own_bot import polling, their_bot
from tests.support.running import running_bot
from tests.support.second_connection import select

ADMIN, OWNER, ANOTHER_OWNER = 6_000_000_001, 6_000_000_002, 6_000_000_003
SETTINGS: dict[str, Any] = {
    "admin_ids": f"{ADMIN},{OWNER},{ANOTHER_OWNER}",
    "owner_ids": f"{OWNER},{ANOTHER_OWNER}",
}
LINK = re.compile(r"https://t\.me/sandbox_bot\?start=([a-z0-9]{6})\b")


async def make(owner: Person, name: str) -> str:
    """Make a link; return its code."""
    [code] = LINK.findall(await ask(owner, f"/links {name}"))
    return str(code)


async def edit(owner: Person, button: str) -> Any:
    await owner.clicks(button)
    return await owner.sees_edit()


def retired(database: Path) -> list[str]:
    rows = select(database, "SELECT name FROM start_links WHERE retired IS NOT NULL ORDER BY name")
    return [name for (name,) in rows]


def actions(database: Path) -> list[str]:
    shown = "SELECT action FROM audit_trail WHERE action <> 'stats'"
    return [action for (action,) in select(database, shown)]


async def test_an_owner_makes_a_link_people_follow_it_and_the_owner_retires_it(
    sandbox: Sandbox, database: Path
) -> None:
    owner, known, new = sandbox.person(OWNER), sandbox.person(), sandbox.person()
    group = sandbox.group()
    async with running_bot(sandbox, database, **SETTINGS):
        nothing = await ask(owner, "/links")
        await ask(known, "/start")
        code = await make(owner, "channel-ad")
        for person in (known, new, new):
            await ask(person, f"/start {code}")
        for payload in ("referred-by-7000000001", code.upper(), "privacy"):
            await ask(known, f"/start {payload}")
        await known.says(f"/start@sandbox_bot {code}", chat=group)
        listed = await ask(owner, "/links")
        question = await edit(owner, "Retire: channel-ad")
        kept = await edit(owner, CANCEL)
        await edit(owner, "Retire: channel-ad")
        gone = await edit(owner, links.CONFIRM)
        await ask(new, f"/start {code}")

    assert "There are no links yet." in nothing
    assert "Starts: 4 · 4 · 4; new users: 1 · 1 · 1" in listed
    assert "Starts: 4 · 4 · 4; new users: 1 · 1 · 1" in gone.text
    assert LINK.findall(listed) == LINK.findall(kept.text) == [code]
    assert "Retire channel-ad?" in question.text
    assert LINK.findall(gone.text) == []
    assert "channel-ad, retired" in gone.text
    assert gone.buttons == ()
    assert counted(database, EventKind.START_LINK) == {code: 4, "other": 3}
    assert counted(database, EventKind.NEW_BY_LINK) == {code: 1}
    assert actions(database) == ["make-link", "retire-link"]


async def test_a_link_of_another_process_is_counted_at_once_and_once_retired_until_the_next_tick(
    bot: Bot, sandbox: Sandbox, database: Path
) -> None:
    person = sandbox.person()
    ticks: list[Callable[[], Awaitable[None]]] = []

    def each_minute(tick: Callable[[], Awaitable[None]], *_: Any) -> AbstractContextManager[None]:
        ticks.append(tick)
        return nullcontext()

    with patch.object(attaching, "each_minute", each_minute):
        async with polling(bot, their_bot(), sandbox, path=database):
            async with AnalyticsService.open(database, access=Access.SHARE) as command:
                code = (await command.links.make("channel-ad")).code
            await ask(person, f"/start {code}")
            await ticks[0]()
            await ask(person, f"/start {code}")
            async with AnalyticsService.open(database, access=Access.SHARE) as command:
                await command.links.retire(code)
            await ticks[0]()
            await ask(person, f"/start {code}")

    assert counted(database, EventKind.START_LINK) == {code: 2, "other": 1}


@pytest.mark.parametrize("name", ["x" * 41, "x" * 100, "two\nlines"])
async def test_a_wrong_name_is_one_sentence(sandbox: Sandbox, database: Path, name: str) -> None:
    owner = sandbox.person(OWNER)
    async with running_bot(sandbox, database, **SETTINGS):
        told = await message_for(owner, f"/links {name}")

    assert told["text"].startswith("Give a name of up to 40 characters in one line")
    assert select(database, "SELECT * FROM start_links") == []
    assert actions(database) == []


async def test_a_name_in_use_is_refused_and_markup_in_a_name_is_shown_as_it_is(
    sandbox: Sandbox, database: Path
) -> None:
    owner, name = sandbox.person(OWNER), "<b>Ada</b> & Co"
    async with running_bot(sandbox, database, **SETTINGS):
        made = await ask(owner, f"/links {name}")
        again = await ask(owner, f"/links {name}")
        listed = await ask(owner, "/links")
        question = await edit(owner, f"Retire: {name}")

    assert name in made
    assert again == links.NAME_IN_USE
    assert name in listed
    assert f"Retire {name}?" in question.text


async def test_many_links_are_listed_in_pages_that_fit_on_a_phone(
    sandbox: Sandbox, database: Path
) -> None:
    owner = sandbox.person(OWNER)
    async with AnalyticsService.open(database) as analytics:
        made = [await analytics.links.make(f"link {number}") for number in range(200)]
    async with running_bot(sandbox, database, **SETTINGS):
        refused = await ask(owner, "/links one more")
        shown = [await ask(owner, "/links")]
        line = None
        while line is None or "»" in [label for row in line.buttons for label in row]:
            line = await edit(owner, "»")
            shown.append(line.text)
        last = line.buttons
        back = await edit(owner, "«")

    assert refused.startswith("The limit of 200 links is reached.")
    assert len(shown) == 200 // LINKS_PER_PAGE
    assert max(len(text.splitlines()) for text in shown) <= 25
    assert sorted(LINK.findall("".join(shown))) == sorted(each.code for each in made)
    assert last[-1] == ("«",)
    assert back.text == shown[-2]


async def test_links_that_admins_and_others_ask_for_are_an_unknown_command(
    sandbox: Sandbox, database: Path
) -> None:
    owner, admin, stranger = (sandbox.person(each) for each in (OWNER, ADMIN, None))
    group, same = sandbox.group(), ("text", "entities", "reply_markup")
    async with running_bot(sandbox, database, **SETTINGS):
        answers = [
            [(await message_for(each, said)).get(part) for part in same]
            for each in (admin, stranger)
            for said in ("/links", "/links channel-ad", "/nobody_made_this")
        ]
        for each in (owner, admin, stranger):
            await each.says("/links channel-ad", chat=group)
        helps = ["/links" in await ask(each, "/help") for each in (owner, admin, stranger)]
        for each in (owner, admin):
            await ask(each, "/start")
        await sandbox.settled()

    assert answers[0] == answers[1] == answers[2]
    assert answers[3] == answers[4] == answers[5]
    assert not [line for line in group.chat.transcript if line.who == "bot"]
    assert helps == [True, False, False]
    assert ["links" in sandbox.menu(each) for each in (owner, admin, stranger)] == [
        True,
        False,
        False,
    ]
    assert select(database, "SELECT * FROM start_links") == []


async def test_a_button_of_another_owner_or_an_old_one_retires_nothing(
    sandbox: Sandbox, database: Path, clock: Clock
) -> None:
    owner, other, admin = (sandbox.person(each) for each in (OWNER, ANOTHER_OWNER, ADMIN))
    async with running_bot(sandbox, database, clock, **SETTINGS):
        code = await make(owner, "channel-ad")
        await ask(owner, "/links")
        question = await edit(owner, "Retire: channel-ad")
        data = question.message["reply_markup"]["inline_keyboard"][0][0]["callback_data"]
        forged = Confirm(action=Irreversible.RETIRE, subject=code, issued=1, signature="1").pack()
        for person, carried in ((other, data), (owner, forged), (owner, data.replace(code, "x"))):
            await sandbox.inject(click(person, question.message, carried))
            assert (await person.answer()).text == links.TOO_OLD
        await sandbox.inject(click(admin, question.message, data))
        clock.now += VALID_FOR * 2
        await sandbox.inject(click(owner, question.message, data))
        late = (await owner.answer()).text
        await sandbox.settled()

    assert late == links.TOO_OLD
    assert retired(database) == []


@pytest.mark.parametrize(
    "data",
    [
        *(Turn(page=page).pack() for page in (-(10**9), -1, 1, 10**30)),
        *(Retire(code=code).pack() for code in ("", "abc234", "\N{SNOWMAN}")),
        Cancel(action=Irreversible.RETIRE).pack(),
    ],
)
async def test_whatever_a_button_of_the_list_carries_the_list_is_shown(
    sandbox: Sandbox, database: Path, data: str
) -> None:
    owner = sandbox.person(OWNER)
    async with running_bot(sandbox, database, **SETTINGS):
        code = await make(owner, "channel-ad")
        message = await message_for(owner, "/help")
        await sandbox.inject(click(owner, message, data))
        line = await owner.sees_edit()

    assert LINK.findall(line.text) == [code]
    assert line.buttons == (("Retire: channel-ad",),)
