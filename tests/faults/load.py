"""More than usual comes at once: everything is answered and recorded, in bounded memory."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from analytics.telegram.texts import rights
from bot.sandbox import Person, Sandbox
from bot.sandbox.chats import BOT
from bot.sandbox.faults import hangs
from bot.session import ANSWERS_AT_ONCE
from tests.faults.database import folder
from tests.faults.kills import MAX_SHUTDOWN, row
from tests.faults.table import Fault, Row
from tests.support.conversation import ask
from tests.support.processes import Process, bot_process

ADMIN = 6_000_000_001
PEOPLE = 300
PER_SECOND = 300
# Whatever is slow today: all that is asked for is answered in the end, in seconds.
PATIENCE = 300.0
# What the bot may need more under load than idle: its updates in flight take 10 MB.
MORE_MEGABYTES = 60


class Crowd:
    """People who write, and wait for their answers."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.longest_wait = 0.0
        self._people = [sandbox.person() for _ in range(PEOPLE)]
        self._waiting: list[asyncio.Task[None]] = []

    async def says(self, number: int) -> None:
        person = self._people[number % PEOPLE]
        await person.says("good morning")
        self._waiting.append(asyncio.create_task(self._answered(person, time.monotonic())))

    async def answered(self) -> None:
        await asyncio.gather(*self._waiting)
        self._waiting.clear()

    async def _answered(self, person: Person, since: float) -> None:
        await person.answer(within=PATIENCE)
        self.longest_wait = max(self.longest_wait, time.monotonic() - since)


def megabytes(pid: int, name: str) -> float:
    """Of a process: `VmRSS`, what it has in memory now, or `VmHWM`, the most it ever had."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) / 1024
    raise LookupError(name)


@asynccontextmanager
async def bounded(bot: Process) -> AsyncIterator[None]:
    idle = megabytes(bot.pid, "VmRSS")
    Path(f"/proc/{bot.pid}/clear_refs").write_text("5")  # the most begins anew
    yield
    more = megabytes(bot.pid, "VmHWM") - idle
    assert more < MORE_MEGABYTES, f"{more:.0f} MB more than idle"


async def stopped(bot: Process) -> None:
    bot.send(signal.SIGTERM)
    status, _, errors = await bot.ended(MAX_SHUTDOWN)
    assert status == 0, errors


async def steady(times: int) -> Row:
    """So many updates, 300 each second."""
    with folder() as path:
        database = path / "analytics.sqlite3"
        async with Sandbox() as sandbox, bot_process(sandbox, database) as bot:
            crowd = Crowd(sandbox)
            async with bounded(bot):
                begin = time.monotonic()
                for number in range(times):
                    # Not a wait for something: the pace itself.
                    await asyncio.sleep(begin + number / PER_SECOND - time.monotonic())
                    await crowd.says(number)
                await crowd.answered()
                await sandbox.settled()
            await stopped(bot)
            return replace(row(times, sandbox, database), longest_wait=crowd.longest_wait)


async def burst(times: int) -> Row:
    """So many updates wait when the bot starts."""
    with folder() as path:
        database = path / "analytics.sqlite3"
        async with Sandbox() as sandbox:
            crowd = Crowd(sandbox)
            async with bot_process(sandbox, database) as bot:
                waiting = sandbox.plan("getUpdates", hangs())
                await sandbox.person().says("the waiting poll brings this")
                for number in range(times):
                    await crowd.says(number)
                async with bounded(bot):
                    waiting.lift()
                    await crowd.answered()
                    await sandbox.settled()
                await stopped(bot)
            return replace(row(times, sandbox, database), longest_wait=crowd.longest_wait)


async def one_person(times: int) -> Row:
    """One person asks for what is expensive, so often by command and by button; others write."""
    with folder() as path:
        database = path / "analytics.sqlite3"
        async with (
            Sandbox() as sandbox,
            bot_process(sandbox, database, ADMIN_IDS=str(ADMIN)) as bot,
        ):
            crowd = Crowd(sandbox)
            greedy = sandbox.person(ADMIN)
            await ask(greedy, "/start")
            async with bounded(bot):
                for number in range(times):
                    await greedy.says("/stats")
                    await greedy.clicks(rights.SEE_PRIVACY)
                    if number % 10 == 0:
                        await crowd.says(number)
                await crowd.answered()
                await sandbox.settled()
            await stopped(bot)
            answers = [line for line in greedy.transcript if line.who == BOT]
            # Those at once, and then one in some seconds.
            assert len(answers) < times / 5, f"{len(answers)} answers"
            found = row(times, sandbox, database)
            # The clicks are of a right: each is remembered, and leaves nothing else.
            return replace(
                found,
                recorded=found.recorded + times,
                counted_twice=found.counted_twice + times,
                longest_wait=crowd.longest_wait,
            )


async def unanswerable(times: int) -> Row:
    """Telegram takes no answers, while so many updates wait; then it does again."""
    with folder() as path:
        database = path / "analytics.sqlite3"
        async with Sandbox() as sandbox, bot_process(sandbox, database) as bot:
            crowd = Crowd(sandbox)
            answers = sandbox.plan("sendMessage", hangs(), times=None)
            async with bounded(bot):
                for number in range(times):
                    await crowd.says(number)
                await sandbox.called("sendMessage", ANSWERS_AT_ONCE, within=PATIENCE)
                answers.lift()
                await crowd.answered()
                await sandbox.settled()
            await stopped(bot)
            return replace(row(times, sandbox, database), longest_wait=crowd.longest_wait)


FAULTS = [
    Fault("300 updates a second", steady, short=600, long=18_000),
    Fault("burst of waiting updates", burst, short=2_000, long=10_000, few=500),
    Fault("one person asks for too much", one_person, short=500, long=1_000, few=300),
    Fault("Telegram takes no answers under load", unanswerable, short=500, long=10_000, few=300),
]
