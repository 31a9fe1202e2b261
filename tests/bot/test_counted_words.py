"""What the whole bot counts by day: where people are, the bot's place in groups, languages."""

from pathlib import Path
from typing import Any

import pytest

from analytics import EventKind
from bot.sandbox import Sandbox
from tests.support.conversation import ask
from tests.support.events import counted
from tests.support.running import running_bot
from tests.support.second_connection import select


async def test_where_people_are_is_counted_and_no_chat_is_named(
    sandbox: Sandbox, database: Path
) -> None:
    person, group = sandbox.person(), sandbox.group()
    async with running_bot(sandbox, database):
        await ask(person, "hello")
        await person.says("hello", chat=group)
        await person.says("/help@sandbox_bot", chat=group)
        await sandbox.inject({"inline_query": query(person.user)})
        await sandbox.settled()

    assert counted(database, EventKind.CHAT) == {"private": 1, "group": 2, "inline": 1}


def query(user: dict[str, Any]) -> dict[str, Any]:
    return {"id": "1", "from": user, "query": "cats", "offset": "", "chat_type": "group"}


async def test_being_added_to_a_group_and_removed_from_it_is_counted(
    sandbox: Sandbox, database: Path
) -> None:
    person, group = sandbox.person(), sandbox.group()
    async with running_bot(sandbox, database):
        for old, new in (("left", "member"), ("member", "left")):
            members = {
                f"{when}_chat_member": {"user": person.user, "status": status}
                for when, status in (("old", old), ("new", new))
            }
            change = {"chat": group.facts, "from": person.user, "date": 1, **members}
            await sandbox.inject({"my_chat_member": change})
        await sandbox.settled()

    assert counted(database, EventKind.MEMBERSHIP) == {
        "added_to_group": 1,
        "removed_from_group": 1,
    }


@pytest.mark.parametrize("count", [True, False])
async def test_new_people_are_counted_by_language_once_and_only_if_it_is_set(
    sandbox: Sandbox, database: Path, count: bool
) -> None:
    spoken = ["de", "de", "pt-br", "tlh", None]
    people = [sandbox.person(language_code=code) if code else sandbox.person() for code in spoken]
    for person in people[4:]:
        del person.user["language_code"]
    refuses = sandbox.person(language_code="fr")
    async with running_bot(sandbox, database, count_languages=count):
        policy = await ask(people[2], "/privacy")
        await ask(refuses, "/optout")
        for person in [*people, *people, refuses]:
            await ask(person, "hello")

    expected = {"de": 2, "pt": 1, "other": 2} if count else {}
    assert counted(database, EventKind.NEW_BY_LANGUAGE) == expected
    assert ("the app languages of new users" in policy) is count
    assert select(database, "SELECT count(*) FROM users") == [(5,)]
