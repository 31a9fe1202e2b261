"""`bash deploy/try-scale.sh`: three nodes, two bots and people, while things are killed at random.

At the end the database is compared with the sandbox's record of what was acknowledged.
"""

import asyncio
import logging
import os
import random
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from analytics.sqlite.files import spool
from bot.sandbox import Sandbox
from tests.faults.postgres import programs
from tests.faults.postgres.cluster import Cluster, Node, cluster
from tests.faults.postgres.load import RECORDED, REMEMBERED
from tests.support.postgres import execute, send
from tests.support.processes import Process, settings, start

BOTS = 2
PEOPLE = 50
WORDS = ("good morning", "thank you!", "/help", "/nobody_made_this")
# Updates that wait at most: whoever is not answered writes on, but not for ever.
WAITING = 1_000
SAY_SECONDS = 0.05
PATIENCE = 120.0
# A fault lasts so long, and there is a pause before the next; seconds.
LASTS = (12.0, 20.0)
PAUSE = (1.0, 8.0)
AGAIN_SECONDS = 0.5
# How often a fault is that of the bot that began to poll last.
POLLING = 0.7
STATUSES = (0, 1, -signal.SIGKILL)
KEY = "ab" * 32


class Bot:
    """A bot that is started again whenever it ends, as systemd does it."""

    def __init__(self, folder: Path, sandbox: Sandbox, url: str) -> None:
        self.database = folder / "analytics.sqlite3"
        self._folder = folder
        self._environment = settings(
            sandbox, self.database, DATABASE_URL=url, USER_ID_KEY=KEY, LOG_LEVEL="INFO"
        )
        self._process: Process | None = None
        self.polls_since = float("-inf")

    async def run(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            self._process = await start(self._folder, **self._environment)
            noting = asyncio.create_task(self._note_polling(self._process))
            try:
                status, _, log = await self._process.ended(within=None)
            except asyncio.CancelledError:
                # Not by `send`: whoever ends all of this is no longer told of ends.
                os.kill(self._process.pid, signal.SIGKILL)
                raise
            finally:
                noting.cancel()
            assert status in STATUSES, log
            await asyncio.sleep(AGAIN_SECONDS)

    async def _note_polling(self, process: Process) -> None:
        await process.logged("this process polls from now on", within=3_600)
        self.polls_since = time.monotonic()

    def send(self, number: int) -> None:
        if self._process is not None:
            self._process.send(number)


class Answers:
    """What people are answered, and the longest time without an answer to anybody."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.longest_gap = 0.0
        self._sandbox = sandbox

    async def watch(self) -> None:
        last, count = time.monotonic(), 0
        while True:
            answers = await self._sandbox.called("sendMessage", count + 1, within=10 * PATIENCE)
            count, now = len(answers), time.monotonic()
            self.longest_gap, last = max(self.longest_gap, now - last), now


async def talk(sandbox: Sandbox, chance: random.Random) -> None:
    people = [sandbox.person() for _ in range(PEOPLE)]
    while True:
        if len(sandbox.updates) < WAITING:
            await chance.choice(people).says(chance.choice(WORDS))
        await asyncio.sleep(SAY_SECONDS)


Fault = Callable[[Node, Bot, float], Awaitable[None]]


async def kill_bot(_leader: Node, bot: Bot, seconds: float) -> None:
    bot.send(signal.SIGKILL)
    await asyncio.sleep(seconds)


async def hang_bot(_leader: Node, bot: Bot, seconds: float) -> None:
    bot.send(signal.SIGSTOP)
    await asyncio.sleep(seconds)
    bot.send(signal.SIGCONT)


async def kill_server(leader: Node, _bot: Bot, seconds: float) -> None:
    send(leader.data, signal.SIGKILL)
    await asyncio.sleep(seconds)


async def kill_leader(leader: Node, _bot: Bot, seconds: float) -> None:
    await leader.kill()
    await asyncio.sleep(seconds)
    await leader.start()


async def hang_leader(leader: Node, _bot: Bot, seconds: float) -> None:
    leader.stop()
    await asyncio.sleep(seconds)
    leader.go_on()


async def cut_leader(leader: Node, _bot: Bot, seconds: float) -> None:
    leader.cut()
    await asyncio.sleep(seconds)
    leader.heal()


KINDS: dict[str, Fault] = {
    "kill -9 of a bot": kill_bot,
    "a bot hangs": hang_bot,
    "kill -9 of the leading server": kill_server,
    "kill -9 of the leading server and its Patroni": kill_leader,
    "the leading server and its Patroni hang": hang_leader,
    "the leader is cut off from the other nodes": cut_leader,
}


@asynccontextmanager
async def beside(*works: Awaitable[None]) -> AsyncIterator[None]:
    """Run works in the background, and cancel them at the end; raise what one of them raises."""
    async with asyncio.TaskGroup() as group:

        async def run(work: Awaitable[None]) -> None:
            await work

        tasks = [group.create_task(run(work)) for work in works]
        yield
        for task in tasks:
            task.cancel()


async def inject(nodes: Cluster, bots: list[Bot], chance: random.Random, seconds: float) -> int:
    """Inject faults one after the other until the time is over; return how many."""
    end = time.monotonic() + seconds
    count = 0
    names = list(KINDS)
    while time.monotonic() < end:
        # Each once in a random order, and again.
        if count % len(names) == 0:
            chance.shuffle(names)
        name = names[count % len(names)]
        left = int(end - time.monotonic())
        typer.echo(f"{left:4} s left: {name}", err=True)
        leader = await nodes.whole()
        # Rather the one that polls, on which the others wait.
        bot = max(bots, key=lambda bot: bot.polls_since)
        bot = bot if chance.random() < POLLING else chance.choice(bots)
        await KINDS[name](leader, bot, chance.uniform(*LASTS))
        await asyncio.sleep(chance.uniform(*PAUSE))
        count += 1
    await nodes.whole()
    return count


async def settled(sandbox: Sandbox, bots: list[Bot]) -> None:
    """Wait until everything is acknowledged, and what waited beside the bots is committed."""
    await sandbox.settled(within=PATIENCE)
    end = time.monotonic() + PATIENCE
    while any(spool(bot.database).exists() for bot in bots):
        assert time.monotonic() < end, "what waits beside a bot is not committed"
        await asyncio.sleep(AGAIN_SECONDS)


async def play(seconds: float, seed: int) -> bool:
    """Return whether nothing was lost and nothing counted twice."""
    chance = random.Random(seed)
    stop = asyncio.Event()
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        typer.echo("starting three nodes and two bots", err=True)
        nodes = await stack.enter_async_context(cluster())
        sandbox = await stack.enter_async_context(Sandbox())
        bots = []
        for number in range(BOTS):
            own = folder / f"bot{number + 1}"
            own.mkdir()
            bots.append(Bot(own, sandbox, nodes.url))
        answers = Answers(sandbox)
        async with beside(*(bot.run(stop) for bot in bots)):
            await sandbox.called("getUpdates", 1, within=PATIENCE)
            async with beside(talk(sandbox, chance), answers.watch()):
                count = await inject(nodes, bots, chance, seconds)
            await settled(sandbox, bots)
            stop.set()
        acknowledged = sandbox.updates.acknowledged
        remembered = {update_id for (update_id,) in execute(nodes.url, REMEMBERED)}
        [(recorded,)] = execute(nodes.url, RECORDED)
    lost, twice = len(acknowledged - remembered), int(recorded) - len(remembered)
    typer.echo(
        f"{count} faults, {len(acknowledged):,} updates acknowledged: lost {lost}, twice {twice}; "
        f"the longest time without an answer was {answers.longest_gap:.0f} s"
    )
    return lost == twice == 0 < len(acknowledged)


def main(
    seconds: Annotated[float, typer.Option(min=1, help="How long faults are injected.")] = 300,
    seed: Annotated[int | None, typer.Option(help="The seed of an earlier run.")] = None,
) -> None:
    """Kill bots, servers and nodes at random, and count what is lost.

    The exit status is 1 if anything was lost or counted twice, 2 if something is not installed.
    Example: bash deploy/try-scale.sh --seconds 60
    """
    if missing := programs.reason_to_skip():
        typer.echo(missing, err=True)
        raise typer.Exit(2)
    seed = random.randrange(10**6) if seed is None else seed
    typer.echo(f"seed {seed}")
    logging.disable()
    # Whatever ends it, nothing is left running.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    raise typer.Exit(0 if asyncio.run(play(seconds, seed)) else 1)


if __name__ == "__main__":
    typer.run(main)
