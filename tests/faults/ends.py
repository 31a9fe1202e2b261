"""The bot's process ends while the database is locked, or after a commit nobody was told of."""

import asyncio
import signal
from functools import partial
from pathlib import Path

from aiohttp import web

from bot.sandbox import Sandbox
from bot.sandbox.faults import Fault as Planned
from tests.faults.database import Story, folder
from tests.faults.kills import MAX_SHUTDOWN
from tests.faults.table import Fault, Row
from tests.support.conversation import ask
from tests.support.processes import bot_process
from tests.support.second_connection import locked, total
from tests.support.stored import remembered

MESSAGES = 60


async def locked_until_the_end(tale: Story, number: signal.Signals) -> None:
    """People write and are answered while another program holds the lock, until the bot ends."""
    async with bot_process(tale.sandbox, tale.database) as bot:
        with locked(tale.database):
            await tale.talk(MESSAGES)
            await tale.sandbox.settled()
            bot.send(number)
            status, _, _ = await bot.ended(MAX_SHUTDOWN)
    assert status == (-number if number == signal.SIGKILL else 0)


async def ended_while_locked(times: int, *, number: signal.Signals) -> Row:
    with folder() as path:
        async with Sandbox() as sandbox:
            tale = Story(sandbox, path / "analytics.sqlite3")
            for _ in range(times):
                await locked_until_the_end(tale, number)
            async with bot_process(sandbox, tale.database):
                await tale.talk(1)
                await sandbox.settled()
        return tale.row(times)


async def ended_before_acknowledging(times: int) -> Row:
    """Each time: five messages of somebody who opted out, then /optin, /optout and one more.

    None of it counts, but for /optin and /optout themselves as far as they are recorded.
    """
    with folder() as path:
        async with Sandbox() as sandbox:
            tale = Story(sandbox, path / "analytics.sqlite3")
            person = sandbox.person()
            counted_twice = 0
            for turn in range(times):
                async with bot_process(sandbox, tale.database) as bot:
                    if not turn:
                        await ask(person, "/optout")
                        await sandbox.settled()
                    bot.send(signal.SIGTERM)
                    await bot.ended(MAX_SHUTDOWN)
                words = [*["not counted"] * 5, "/optin", "/optout", "not counted"]
                ids = {await person.says(word) for word in words}
                committed, planned = never_told(sandbox, tale.database, ids)
                async with bot_process(sandbox, tale.database) as bot:
                    await committed.wait()
                    before = total(tale.database)
                    bot.send(signal.SIGKILL)
                    await bot.ended()
                planned.lift()
                async with bot_process(sandbox, tale.database):
                    await sandbox.settled()
                counted_twice += total(tale.database) - before
                tale.said += [each for each in ids if each is not None]
        row = tale.row(times)
        return Row(
            injected=times,
            acknowledged=row.acknowledged,
            recorded=row.recorded,
            lost=row.lost,
            counted_twice=counted_twice,
        )


def never_told(
    sandbox: Sandbox, database: Path, ids: set[int | None]
) -> tuple[asyncio.Event, Planned]:
    """From when the updates are committed no getUpdates arrives, which would acknowledge them."""
    committed = asyncio.Event()

    async def answer(fault: Planned, request: web.Request) -> web.StreamResponse | None:
        if not ids <= remembered(database):
            return None
        committed.set()
        await fault.lifted.wait()
        return web.Response()

    return committed, sandbox.plan("getUpdates", answer, times=None)


LOCKED = "database locked and the bot ended"

FAULTS = [
    Fault(
        f"{LOCKED}, kill -9", partial(ended_while_locked, number=signal.SIGKILL), short=1, long=20
    ),
    Fault(
        f"{LOCKED}, SIGTERM", partial(ended_while_locked, number=signal.SIGTERM), short=1, long=20
    ),
    Fault(
        "crash between commit and acknowledgement with opt-outs",
        ended_before_acknowledging,
        short=1,
        long=20,
    ),
]
