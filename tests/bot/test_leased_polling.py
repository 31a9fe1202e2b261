"""A bot polls while its process holds the lease, and leaves what it has not begun to the next."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from unittest.mock import patch

from aiogram import Bot, Dispatcher
from aiogram.types import Message

from analytics.lease import Term
from analytics.sqlite import store
from analytics.telegram import ALL_UPDATES, attach
from bot.sandbox import Sandbox
from tests.support.own_bot import their_bot
from tests.support.processes import PATIENCE
from tests.support.second_connection import total
from tests.support.stored import remembered


class LeaseByHand:
    """A lease that this process holds when a test says so."""

    is_waiting = False

    def __init__(self) -> None:
        self.term = Term()
        self.term.end()
        self.begun = asyncio.Event()
        self.asked = asyncio.Event()

    @property
    def is_held(self) -> bool:
        return not self.term.is_over

    def begin(self, clock: Callable[[], float] = lambda: 0.0) -> None:
        """Begin a term that is over at 1.0 by the clock."""
        self.term = Term(1.0, clock)
        self.begun.set()

    def end(self) -> None:
        self.begun.clear()
        self.asked.clear()
        self.term.end()

    async def take(self) -> Term:
        self.asked.set()
        await self.begun.wait()
        return self.term

    async def give_up(self) -> None:
        self.end()


@asynccontextmanager
async def leased(bot: Bot, dispatcher: Dispatcher, database: Path) -> AsyncIterator[LeaseByHand]:
    """A bot that polls once its lease begins, and handles one update at a time."""
    lease = LeaseByHand()
    with patch.object(store, "Unshared", lambda: lease):
        async with attach(bot, dispatcher, path=database):
            running = asyncio.create_task(
                dispatcher.start_polling(
                    bot,
                    allowed_updates=ALL_UPDATES,
                    tasks_concurrency_limit=1,
                    handle_signals=False,
                    close_bot_session=False,
                )
            )
            try:
                async with asyncio.timeout(PATIENCE):
                    await lease.asked.wait()
                yield lease
            finally:
                await dispatcher.stop_polling()
                await running
    assert not lease.is_held


async def test_updates_wait_at_telegram_until_the_lease_is_held(
    sandbox: Sandbox, bot: Bot, database: Path
) -> None:
    person = sandbox.person()
    await person.says("hello")
    async with leased(bot, their_bot(), database) as lease:
        assert await sandbox.called("getUpdates", 0) == []
        lease.begin()
        await person.answer()
        await sandbox.settled()

    assert total(database) == 1


async def test_a_poll_ends_with_the_lease_and_begins_again_with_it(
    sandbox: Sandbox, bot: Bot, database: Path
) -> None:
    person = sandbox.person()
    async with leased(bot, their_bot(), database) as lease:
        lease.begin()
        await sandbox.called("getUpdates", 1)
        lease.end()
        async with asyncio.timeout(PATIENCE):
            await lease.asked.wait()
        await person.says("hello")
        assert not sandbox.updates.deliveries
        assert len(await sandbox.called("getUpdates")) == 1
        lease.begin()
        await person.answer()
        await sandbox.settled()

    assert total(database) == 1


async def test_what_is_received_once_the_lease_is_over_is_neither_recorded_nor_handled(
    sandbox: Sandbox, bot: Bot, database: Path
) -> None:
    """As when the process was stopped between."""
    person, is_over = sandbox.person(), False
    async with leased(bot, their_bot(), database) as lease:
        lease.begin(lambda: 1.0 if is_over else 0.0)
        await sandbox.called("getUpdates", 1)
        is_over = True
        await person.says("hello")
        async with asyncio.timeout(PATIENCE):
            await lease.asked.wait()
        assert remembered(database) == set()
        assert len(person.transcript) == 1
        lease.begin()
        await person.answer()
        await sandbox.settled()

    assert total(database) == 1


async def test_what_was_not_begun_is_left_and_comes_again(
    sandbox: Sandbox, bot: Bot, database: Path
) -> None:
    """And whatever was begun once more, as after a crash."""
    handled, ended = [], asyncio.Event()
    dispatcher = Dispatcher()

    @dispatcher.message()
    async def handle(message: Message) -> None:
        handled.append(message.text)
        if not ended.is_set():
            ended.set()
            lease.end()

    person = sandbox.person()
    for each in ("first", "second", "third"):
        await person.says(each)
    async with leased(bot, dispatcher, database) as lease:
        lease.begin()
        async with asyncio.timeout(PATIENCE):
            await ended.wait()
            await lease.asked.wait()
        assert handled == ["first"]
        assert sandbox.updates.acknowledged == set()
        lease.begin()
        await sandbox.settled()

    assert handled == ["first", "first", "second", "third"]
    assert total(database) == 3
