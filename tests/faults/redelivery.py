"""Telegram sends again, in another order, under other numbers, or what nobody can read."""

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from bot.sandbox import Person, Sandbox
from bot.sandbox.faults import resets
from tests.faults.database import Story, folder
from tests.faults.table import Fault, Row
from tests.support.running import running_bot
from tests.support.webhooks import webhook_settings

# What people write and are called, and what must not be in the log.
SECRET = "canary"
# The sender of a forwarded message who hides, without the name that Telegram promises.
NAMELESS = {"type": "hidden_user", "date": 1_767_225_600, "note": SECRET}
SEVERAL = 5
# Update ids begin far above, and each time they restart lower by up to so much.
LOWER = 1_000_000

Update = dict[str, Any]


@asynccontextmanager
async def empty_story() -> AsyncIterator[Story]:
    """Before the bot is started."""
    with folder() as path:
        async with Sandbox() as sandbox:
            yield Story(sandbox, path / "analytics.sqlite3")


def somebody(tale: Story) -> Person:
    return tale.sandbox.person(first_name=SECRET, username=SECRET)


async def says(tale: Story, person: Person) -> Update:
    """What the person says, as it could be sent again."""
    update_id = await person.says(SECRET)
    assert update_id is not None
    tale.said.append(update_id)
    return {"update_id": update_id, "message": person.transcript[-1].message}


async def sent_again(times: int, *, webhook: bool) -> Row:
    """Each time all that was ever sent comes again, twice and in any order, with some new.

    First in the same life of the bot, then as the first that the next one gets.
    """
    chance = random.Random(times)
    settings = webhook_settings(webhook=webhook)
    async with empty_story() as tale:
        person = somebody(tale)
        updates = [await says(tale, person) for _ in range(SEVERAL)]
        for _ in range(times):
            async with running_bot(tale.sandbox, tale.database, **settings):
                await tale.sandbox.settled()
                updates += [await says(tale, person) for _ in range(SEVERAL)]
                for update in chance.sample(2 * updates, 2 * len(updates)):
                    await tale.sandbox.inject(update)
                await tale.sandbox.settled()
            for update in chance.sample(2 * updates, 2 * len(updates)):
                await tale.sandbox.inject(update)
        async with running_bot(tale.sandbox, tale.database, **settings):
            await tale.sandbox.settled()
        return tale.row(times)


async def ids_restarted(times: int) -> Row:
    """Numbers lower than all before, to a bot that runs on, and to one that is started again."""
    chance = random.Random(times)
    async with empty_story() as tale:
        await tale.sandbox.person().says("a number to restart from")
        [first] = tale.sandbox.updates.pending
        tale.said.append(lowest := first.update_id)
        for _ in range(times):
            async with running_bot(tale.sandbox, tale.database):
                await tale.talk()
                await tale.sandbox.settled()
                for _ in range(2):
                    lowest -= chance.randint(1_000, LOWER)
                    tale.sandbox.updates.restart_ids(lowest)
                    await tale.talk()
                    await tale.sandbox.settled()
        return tale.row(times)


async def answer_lost(times: int) -> Row:
    """The answer to getUpdates, with an update in it, ends in a reset connection."""
    async with empty_story() as tale, running_bot(tale.sandbox, tale.database):
        for _ in range(times):
            await tale.talk()
            await tale.sandbox.settled()
            fault = tale.sandbox.plan("getUpdates", resets(), after=True)
            # The first is brought by the poll that waits already, the second is lost on its way.
            await tale.talk(2)
            assert fault.times == 0
            assert tale.sandbox.updates.deliveries[tale.said[-1]] == 2
        await tale.sandbox.settled()
        return tale.row(times)


async def unreadable(times: int, *, webhook: bool) -> Row:
    """Undecodable updates, and kinds nobody knows, among others that wait and are answered."""
    chance = random.Random(times)
    settings = webhook_settings(webhook=webhook)
    async with empty_story() as tale:
        person = somebody(tale)
        sandbox = tale.sandbox
        broken = {"message": {"text": SECRET, "from": person.user, "forward_origin": NAMELESS}}
        unknown = {"thought": {"text": SECRET, "from": person.user}}
        for _ in range(times):
            kinds = ["good", "broken", "unknown", "good"]
            chance.shuffle(kinds)
            answers = 0
            for kind in kinds:
                if kind == "good":
                    await says(tale, person)
                    answers += 1
                elif kind == "broken":
                    tale.said.append(await sandbox.inject(broken) or 0)
                else:
                    tale.said.append(await sandbox.inject(unknown, forced=True) or 0)
            async with running_bot(sandbox, tale.database, log_level="DEBUG", **settings):
                for _ in range(answers):
                    await person.answer()
                await tale.talk(1)
                await sandbox.settled()
                # With nothing after it that would be acknowledged.
                tale.said.append(await sandbox.inject(broken) or 0)
                await sandbox.settled()
        return tale.row(times)


AGAIN = "updates sent again, in any order"
UNREADABLE = "undecodable and unknown updates"

FAULTS = [
    Fault(f"{AGAIN}, polling", partial(sent_again, webhook=False), short=2, long=20),
    Fault(f"{AGAIN}, webhook", partial(sent_again, webhook=True), short=2, long=20),
    Fault("update ids restarted lower", ids_restarted, short=2, long=20),
    Fault("answer to getUpdates lost", answer_lost, short=2, long=20),
    Fault(f"{UNREADABLE}, polling", partial(unreadable, webhook=False), short=5, long=50),
    Fault(f"{UNREADABLE}, webhook", partial(unreadable, webhook=True), short=5, long=50),
]
