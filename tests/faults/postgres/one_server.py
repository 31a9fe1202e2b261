"""Bots and one PostgreSQL server that are killed, stopped and cut off from each other."""

import asyncio
import random
import signal
import subprocess
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

from tests.faults.postgres.links import Link, link
from tests.faults.postgres.load import Load, load
from tests.faults.table import Fault, Row
from tests.support.postgres import own_server, send, start_server, stopped, url_of
from tests.support.webhooks import free_port

OPTIONS = "-c listen_addresses=127.0.0.1 -c shared_buffers=32MB -c dynamic_shared_memory_type=mmap"
# A batch takes less: the random moments are in all parts of it.
A_BATCH = 0.2
# Longer than a bot waits for an answer, and than a server for a bot in a transaction.
LONG = 15.0
# To start a server again that was killed.
ATTEMPTS = 10


Injection = Callable[[Load, Path, Link, random.Random], Awaitable[None]]


async def injected(times: int, inject: Injection, *, same: bool = False) -> Row:
    """Inject a fault at random moments into bots that record on one server, through a link."""
    chance = random.Random(times)
    port = free_port()
    with own_server(port, OPTIONS) as folder:
        async with link(port) as between:
            through = f"postgresql://bot@127.0.0.1:{between.port}/postgres"
            async with load(through, same=same) as running:
                for _ in range(times):
                    await running.goes_on()
                    # Not a wait for something: the random moment itself.
                    await asyncio.sleep(chance.uniform(0.0, A_BATCH))
                    await inject(running, folder, between, chance)
                await running.goes_on()
        return running.row(times, url_of(folder, "postgres", port))


async def kill_a_bot(running: Load, _folder: Path, _between: Link, chance: random.Random) -> None:
    chance.choice(running.writers).send(signal.SIGKILL)


async def hang_a_bot(running: Load, _folder: Path, _between: Link, chance: random.Random) -> None:
    """Stop a bot in a batch that others get, too: it records it much later."""
    bot = chance.choice(running.writers)
    bot.send(signal.SIGSTOP)
    try:
        await running.goes_on(without=bot)
        await asyncio.sleep(LONG)
    finally:
        bot.send(signal.SIGCONT)


async def kill_the_server(_load: Load, folder: Path, between: Link, _chance: random.Random) -> None:
    send(folder / "data", signal.SIGKILL)
    for attempt in range(ATTEMPTS):
        try:
            await asyncio.to_thread(start_server, folder, between.to_port, OPTIONS)
        except subprocess.CalledProcessError:
            # Its memory is in use until the last of its processes has ended.
            assert attempt < ATTEMPTS - 1, (folder / "log").read_text()[-2_000:]
            await asyncio.sleep(1)
        else:
            return


async def hang_the_server(_load: Load, folder: Path, _link: Link, _chance: random.Random) -> None:
    """Stop the server, which later goes on with what it was sent."""
    with stopped(folder):
        await asyncio.sleep(LONG)


async def cut(_load: Load, _folder: Path, between: Link, chance: random.Random) -> None:
    """Let nothing pass between bots and server; no connection ends."""
    between.cut()
    await asyncio.sleep(chance.choice((chance.uniform(0.0, LONG), LONG)))
    between.heal()


def fault(name: str, inject: Injection, long: int, *, same: bool = False) -> Fault:
    return Fault(name, partial(injected, inject=inject, same=same), short=1, long=long)


FAULTS = [
    fault("kill -9 of a bot", kill_a_bot, 20),
    fault("each update sent to three bots, kill -9 of one", kill_a_bot, 20, same=True),
    fault("bot hangs for 15 s (SIGSTOP), others get its updates", hang_a_bot, 3, same=True),
    fault("kill -9 of the server", kill_the_server, 5),
    fault("server hangs for 15 s (SIGSTOP)", hang_the_server, 2),
    fault("network cut between bots and server", cut, 4),
]
