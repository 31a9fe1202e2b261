"""COUNT_ADMINS=false: nothing of what admins do is in the file, or in a number."""

import re
from pathlib import Path
from typing import Any

import pytest

from analytics.key_files import key_file, read_key
from analytics.pseudonyms import Pseudonyms
from bot.sandbox import Person, Sandbox
from tests.support.conversation import ask
from tests.support.recount import inconsistencies
from tests.support.running import running_bot
from tests.support.second_connection import select
from tests.support.webhooks import free_port, webhook_settings

ADMIN, PERSON = 6_000_000_001, 6_000_000_002
MESSAGES = "SELECT total(count) FROM user_interactions WHERE interaction_type = 'message'"


async def use(person: Person) -> None:
    """Each kind of what is counted: messages, commands, clicks, and that the bot is blocked."""
    for said in ("good morning", "/help", "/remind"):
        await ask(person, said)
    await person.blocks_bot()
    await person.unblocks_bot()


def pseudonyms(database: Path) -> Pseudonyms:
    key = read_key(key_file(database))
    assert key
    return Pseudonyms(key)


@pytest.mark.parametrize("metrics", [False, True])
@pytest.mark.parametrize("webhook", [False, True])
async def test_what_admins_do_is_neither_recorded_nor_counted(
    sandbox: Sandbox, database: Path, webhook: bool, metrics: bool
) -> None:
    admin, person = sandbox.person(ADMIN), sandbox.person(PERSON)
    settings: dict[str, Any] = webhook_settings(webhook=webhook)
    if metrics:
        settings["metrics_port"] = free_port()
    async with running_bot(sandbox, database, admin_ids=str(ADMIN), count_admins=False, **settings):
        await ask(person, "good morning")
        await ask(person, "/help")
        await use(admin)
        report = await ask(admin, "/stats")
        await admin.clicks("30 d")
        await admin.sees_edit()

    assert select(database, "SELECT reference FROM users") == [
        (pseudonyms(database).reference(PERSON),)
    ]
    commands = "SELECT event, count FROM daily_events WHERE kind = 'command'"
    assert select(database, commands) == [("help", 1)]
    assert re.search(r"^Interactions +2$", report, re.MULTILINE)
    assert inconsistencies(database) == []


async def test_their_rights_work_all_the_same(sandbox: Sandbox, database: Path) -> None:
    """Also that they opt out, for when they are no admins any more."""
    admin = sandbox.person(ADMIN)
    async with running_bot(sandbox, database, admin_ids=str(ADMIN)):
        await ask(admin, "good morning")
    before = select(database, MESSAGES)
    async with running_bot(sandbox, database, admin_ids=str(ADMIN), count_admins=False):
        await ask(admin, "good evening")
        held = await ask(admin, "/mydata")
        await admin.answer()
        await ask(admin, "/forgetme")
        await admin.clicks("Yes, erase everything")
        erased = (await admin.answer()).text
        await ask(admin, "/optout")
    async with running_bot(sandbox, database):
        await ask(admin, "good night")

    assert before == [(1.0,)]
    assert "message" in held
    assert erased.startswith("Erased from the database: ")
    assert select(database, MESSAGES) == [(0.0,)]
    assert select(database, "SELECT * FROM opt_outs") == [(pseudonyms(database).opt_out(ADMIN),)]


async def test_by_default_admins_are_counted(sandbox: Sandbox, database: Path) -> None:
    admin = sandbox.person(ADMIN)
    async with running_bot(sandbox, database, admin_ids=str(ADMIN)):
        await ask(admin, "good morning")

    assert select(database, MESSAGES) == [(1.0,)]
