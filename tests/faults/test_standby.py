"""Of two bots at one PostgreSQL database one polls, and the other takes over when it is gone.

How long nobody answers is printed; `pytest -s` shows it.
"""

import asyncio
import random
import signal
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import pairwise
from pathlib import Path

import aiohttp
import pytest

from bot.sandbox import Sandbox
from tests.support.conversation import ask
from tests.support.crowds import crowd, moment
from tests.support.cuts import Cut, Polls
from tests.support.postgres import (
    execute,
    needs_postgres,
    own_server,
    start_server,
    stop_server,
    url_of,
)
from tests.support.processes import PATIENCE, Process, run, settings, start
from tests.support.second_connection import NAME
from tests.support.webhooks import free_port

pytestmark = [needs_postgres(), pytest.mark.waits]
KEY = "ab" * 32
OPTIONS = "-c listen_addresses=127.0.0.1"
WAITS = "another process polls: this one waits to take over"
POLLS = "this process polls from now on"
STOPS = "this process stops polling"
COUNTED = "SELECT coalesce(sum(count), 0) FROM bot_analytics.interactions"
HELD = "SELECT holder FROM bot_analytics.lease"
REMEMBERED = "SELECT update_id FROM bot_analytics.remembered_updates"


class Bot:
    """A bot as a process, whose ways to the sandbox and to the database can be cut."""

    def __init__(self, process: Process, polls: Polls, database: Cut) -> None:
        self.process = process
        self.polls = polls
        self.database = database
        self.stopped = float("inf")

    def stop(self) -> None:
        """Stop it, so that it does nothing until it is continued."""
        self.process.send(signal.SIGSTOP)
        self.stopped = time.monotonic()

    def polled(self) -> list[tuple[float, float]]:
        """When it polled; what is under way as it is stopped ends then."""
        return [
            (began, min(ended, self.stopped) if began < self.stopped else ended)
            for began, ended in self.polls.times
        ]


class Pair:
    """A server, a sandbox, and bots."""

    def __init__(self, sandbox: Sandbox, server: Path, port: int, folder: Path) -> None:
        self.sandbox = sandbox
        self.server = server
        self.port = port
        self.url = url_of(server, "postgres", port)
        self.person = sandbox.person()
        self.bots: list[Bot] = []
        self.said = 0
        self._folder = folder
        self._open = AsyncExitStack()

    async def start(self, place: int = -1, **more: str) -> Bot:
        """Start a bot in a folder of its own, or in that of one that has ended."""
        polls = await self._open.enter_async_context(Polls(int(self.sandbox.url.split(":")[-1])))
        database = await self._open.enter_async_context(Cut(self.port))
        path = self._folder / str(len(self.bots) if place < 0 else place) / NAME
        path.parent.mkdir(exist_ok=True)
        environment = settings(
            self.sandbox,
            path,
            BOT_API_URL=f"http://127.0.0.1:{polls.port}",
            DATABASE_URL=f"postgresql://bot@127.0.0.1:{database.port}/postgres",
            USER_ID_KEY=KEY,
            **more,
        )
        bot = Bot(await start(path.parent, **environment), polls, database)
        if place < 0:
            self.bots.append(bot)
        else:
            self.bots[place] = bot
        return bot

    async def talk(self) -> None:
        await ask(self.person, "good morning")
        self.said += 1

    async def gap(self, kind: str) -> None:
        """Wait until somebody answers again, and print how long that took."""
        began = time.monotonic()
        await self.person.says("is anybody there?")
        await self.person.answer(within=PATIENCE)
        self.said += 1
        print(f"\nnobody answered for {time.monotonic() - began:.1f} s: {kind}")

    async def end(self) -> None:
        for each in self.bots:
            each.process.send(signal.SIGCONT)
            each.process.send(signal.SIGKILL)
            await each.process.ended()
        await self._open.aclose()

    async def check(self) -> None:
        """Nothing is lost or counted twice, each is answered once, and never did two poll."""
        await self.sandbox.settled(within=PATIENCE)
        async with asyncio.timeout(PATIENCE):
            # What waited for the server is counted with what comes next; that tells nobody.
            while execute(self.url, COUNTED) < [(self.said,)]:  # noqa: ASYNC110
                await asyncio.sleep(0)
        assert execute(self.url, COUNTED) == [(self.said,)]
        remembered = {each for (each,) in execute(self.url, REMEMBERED)}
        assert self.sandbox.updates.acknowledged <= remembered
        assert len(self.person.transcript) == 2 * self.said
        polls = sorted(
            (began, ended, place)
            for place, bot in enumerate(self.bots)
            for began, ended in bot.polled()
        )
        for (_, ended, one), (began, _, other) in pairwise(polls):
            assert one == other or ended <= began


@asynccontextmanager
async def pair(folder: Path) -> AsyncIterator[Pair]:
    port = free_port()
    with own_server(port, OPTIONS) as server:
        async with Sandbox() as sandbox:
            found = Pair(sandbox, server, port, folder)
            try:
                yield found
            finally:
                await found.end()


async def polling_and_waiting(bots: Pair) -> tuple[Bot, Bot]:
    holder = await bots.start()
    await bots.talk()
    standby = await bots.start()
    await standby.process.logged(WAITS)
    await bots.talk()
    await bots.sandbox.settled(within=PATIENCE)  # else the other would rightly answer it again
    return holder, standby


async def test_a_holder_that_is_killed_is_replaced(tmp_path: Path) -> None:
    async with pair(tmp_path) as bots:
        holder, standby = await polling_and_waiting(bots)
        holder.process.send(signal.SIGKILL)
        await bots.gap("killed")
        await bots.check()
        assert standby.polls.times


async def test_a_holder_that_ends_leaves_the_polls_to_another_at_once(tmp_path: Path) -> None:
    async with pair(tmp_path) as bots:
        holder, standby = await polling_and_waiting(bots)
        holder.process.send(signal.SIGTERM)
        await bots.gap("ended")
        status, _, _ = await holder.process.ended()
        assert status == 0
        await bots.check()
        standby.process.send(signal.SIGTERM)
        status, _, _ = await standby.process.ended()
        assert status == 0
        assert execute(bots.url, HELD) == []


async def test_a_holder_that_is_stopped_is_replaced_and_handles_nothing_when_it_goes_on(
    tmp_path: Path,
) -> None:
    async with pair(tmp_path) as bots:
        holder, standby = await polling_and_waiting(bots)
        holder.stop()
        # The poll that waits brings it to the stopped process, which must not answer it.
        await bots.gap("stopped")
        before = len(holder.polls.times)
        holder.process.send(signal.SIGCONT)
        await holder.process.logged(STOPS)
        await holder.process.logged(WAITS)
        await bots.talk()
        await bots.check()
        assert len(holder.polls.times) == before
        standby.process.send(signal.SIGTERM)
        await bots.gap("ended")
        await bots.check()


async def test_a_holder_that_is_cut_off_stops_before_it_is_replaced(tmp_path: Path) -> None:
    async with pair(tmp_path) as bots:
        holder, standby = await polling_and_waiting(bots)
        polls = len(await bots.sandbox.called("getUpdates"))
        holder.database.off()
        await standby.process.logged(POLLS)
        await bots.sandbox.called("getUpdates", polls + 1)
        await bots.gap("cut off, from when another polls")
        holder.database.on()
        await holder.process.logged(WAITS)
        await bots.check()


async def test_a_restart_of_the_server_changes_nothing(tmp_path: Path) -> None:
    async with pair(tmp_path) as bots:
        holder, standby = await polling_and_waiting(bots)
        stop_server(bots.server, "immediate")
        start_server(bots.server, bots.port, OPTIONS)
        await bots.gap("server restarted")
        await bots.talk()
        await bots.check()
        assert not standby.polls.times
        assert holder.polls.times


async def test_one_polls_again_after_the_server_was_away_for_longer_than_a_lease_lasts(
    tmp_path: Path,
) -> None:
    async with pair(tmp_path) as bots:
        holder, _ = await polling_and_waiting(bots)
        stop_server(bots.server, "immediate")
        await holder.process.logged(STOPS)
        await bots.person.says("is anybody there?")
        bots.said += 1
        start_server(bots.server, bots.port, OPTIONS)
        await bots.person.answer(within=PATIENCE)
        await bots.talk()
        await bots.check()
        assert holder.process.lines(STOPS) == 1


async def test_health_and_metrics_tell_who_polls_and_both_are_healthy(tmp_path: Path) -> None:
    ports = free_port(), free_port()
    async with pair(tmp_path) as bots, aiohttp.ClientSession() as http:

        async def seen(port: int) -> tuple[int, bool, bool]:
            async with http.get(f"http://127.0.0.1:{port}/healthz") as answer:
                health = await answer.json()
            async with http.get(f"http://127.0.0.1:{port}/metrics") as answer:
                is_standby = "\nbot_standby 1.0\n" in await answer.text()
            assert is_standby == health["standby"]
            return answer.status, health["receiving"], health["standby"]

        await bots.start(METRICS_PORT=str(ports[0]))
        await bots.talk()
        standby = await bots.start(METRICS_PORT=str(ports[1]))
        await standby.process.logged(WAITS)
        assert [await seen(port) for port in ports] == [(200, True, False), (200, False, True)]
        checked = await run(
            tmp_path, "health", BOT_TOKEN=bots.sandbox.token, METRICS_PORT=str(ports[1])
        )
        assert checked == (0, "healthy\n", "")
        bots.bots[0].process.send(signal.SIGTERM)
        await bots.gap("ended")
        assert await seen(ports[1]) == (200, True, False)


async def gone(bots: Pair, place: int, how: str) -> None:
    """Have the holder gone in a way until the other polls, and then be its standby."""
    holder, other = bots.bots[place], bots.bots[1 - place]
    polled, waited = other.process.lines(POLLS), holder.process.lines(WAITS)
    began = time.monotonic()
    match how:
        case "killed":
            holder.process.send(signal.SIGKILL)
        case "ended":
            holder.process.send(signal.SIGTERM)
        case "stopped":
            holder.process.send(signal.SIGSTOP)
        case "cut off":
            holder.database.off()
    await other.process.logged(POLLS, polled + 1)
    print(f"\nnobody polled for {time.monotonic() - began:.1f} s at most: {how}")
    if how in ("killed", "ended"):
        await holder.process.ended()
        holder, waited = await bots.start(place), 0
    holder.process.send(signal.SIGCONT)
    holder.database.on()
    await holder.process.logged(WAITS, waited + 1)


@pytest.mark.long
async def test_nothing_is_lost_or_counted_twice_whatever_becomes_of_holders_under_load(
    tmp_path: Path,
) -> None:
    chance = random.Random(20)
    ways = ["killed", "ended", "stopped", "cut off"] * 2
    chance.shuffle(ways)
    async with pair(tmp_path) as bots:
        sandbox = bots.sandbox
        await polling_and_waiting(bots)
        async with crowd(sandbox, chance):
            for turn, how in enumerate(ways):
                await moment(sandbox, chance, ["getUpdates", "sendMessage"])
                await gone(bots, turn % 2, how)
        await sandbox.settled(within=PATIENCE)
        acknowledged = sandbox.updates.acknowledged
        async with asyncio.timeout(PATIENCE):
            # What waited for the server is counted with what comes next.
            while len(execute(bots.url, REMEMBERED)) < len(acknowledged):
                await bots.talk()
                await sandbox.settled(within=PATIENCE)

        assert {each for (each,) in execute(bots.url, REMEMBERED)} == acknowledged
        assert execute(bots.url, COUNTED) == [(len(acknowledged),)]
        print(f"\n{len(acknowledged)} acknowledged: none lost, none counted twice")
