"""The bot's process ends at random moments under load, is started again, and goes on.

At the end the file is compared with the sandbox's own record of what was acknowledged.
"""

import asyncio
import json
import os
import random
import signal
import socket
import sqlite3
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, closing, suppress
from functools import partial
from pathlib import Path

from bot.sandbox import Sandbox
from tests.faults.database import folder, remembered
from tests.faults.table import Fault, Row
from tests.support.people_in_logs import people_in
from tests.support.processes import MAIN, PATIENCE, settings

PEOPLE = 100
# Updates that always wait for the bot: several batches, so that it is never idle.
WAITING = 300
# The bot takes about so long for a batch, in seconds.
A_BATCH = 0.1
# None of those that the kernel gives to connections: nobody takes it while the bot is down.
PORTS = range(20_000, 30_000)
WORDS = ("good morning", "thank you!", "/help", "/nobody_made_this")
LONGEST_SHUTDOWN = 15.0

# Runs `python main.py` in copies of a process that has imported everything: importing takes
# seconds, and is not what is killed here. Told folder and environment in a line of JSON, it says
# the number of the new process, and then how that has ended.
FORKS = """
import json, os, sys
import bot.run
from bot.cli.app import app
for line in sys.stdin:
    folder, environment = json.loads(line)
    process = os.fork()
    if process == 0:
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(environment)
        app([])
    print(process, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]), flush=True)
"""


class Life:
    """A process of the bot."""

    def __init__(self, pid: int, ended: asyncio.Task[bytes]) -> None:
        self._pid = pid
        self._ended = ended

    def send(self, number: int) -> None:
        if not self._ended.done():
            os.kill(self._pid, number)

    async def ended(self, within: float = PATIENCE) -> int:
        """Exit status, or less than zero for the signal that killed it."""
        return int(await asyncio.wait_for(asyncio.shield(self._ended), within))


class Lives:
    """One process of the bot after the other."""

    def __init__(self, forks: asyncio.subprocess.Process) -> None:
        self._forks = forks

    @classmethod
    @asynccontextmanager
    async def begin(cls) -> AsyncIterator["Lives"]:
        with tempfile.TemporaryFile() as errors:
            forks = await asyncio.create_subprocess_exec(
                *(sys.executable, "-c", FORKS),
                env={"PATH": os.environ["PATH"], "PYTHONPATH": str(MAIN.parent)},
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=errors,
            )
            try:
                yield cls(forks)
            finally:
                await forks.communicate(b"")  # the end of its input, and so its own
            errors.seek(0)
            assert people_in(errors.read().decode(errors="replace")) == []

    @asynccontextmanager
    async def life(self, folder: Path, environment: dict[str, str]) -> AsyncIterator[Life]:
        """From the very start of the process; killed at the end, if it still runs."""
        assert self._forks.stdin is not None
        assert self._forks.stdout is not None
        self._forks.stdin.write(json.dumps([str(folder), environment]).encode() + b"\n")
        pid = int(await self._forks.stdout.readline())
        ended = asyncio.create_task(self._forks.stdout.readline())
        life = Life(pid, ended)
        try:
            yield life
        finally:
            life.send(signal.SIGKILL)
            await ended


def free_port() -> int:
    """One that nobody takes while nobody listens there."""
    for port in random.sample(PORTS, len(PORTS)):
        with socket.socket() as listening:
            try:
                listening.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
    raise OSError("no free port")


def webhook_settings() -> dict[str, str]:
    """Environment of a webhook on this machine, on a port that stays the bot's own."""
    port = free_port()
    return {
        "WEBHOOK_URL": f"http://127.0.0.1:{port}/telegram",
        "WEBHOOK_PORT": str(port),
        "WEBHOOK_SECRET": "nobody-knows-this-1",
    }


@asynccontextmanager
async def crowd(sandbox: Sandbox, chance: random.Random) -> AsyncIterator[None]:
    """Many people write, as fast as they are answered."""
    people = [sandbox.person() for _ in range(PEOPLE)]

    async def write() -> None:
        answers = len(await sandbox.called("sendMessage", 0))
        while True:
            while len(sandbox.updates) < WAITING:
                await chance.choice(people).says(chance.choice(WORDS))
            answers = len(await sandbox.called("sendMessage", answers + 1, within=PATIENCE))

    writing = asyncio.create_task(write())
    try:
        yield
    finally:
        writing.cancel()
        with suppress(asyncio.CancelledError):
            await writing


async def moment(sandbox: Sandbox, chance: random.Random, calls: Sequence[str]) -> None:
    """Until the bot is in the middle of something.

    A call that acknowledges a batch, or that answers a person of one, is the worst moment for
    whoever records too late; some time after it, for whoever records twice.
    """
    method = chance.choice(calls)
    before = len(await sandbox.called(method, 0))
    often = 5 if method == "getUpdates" else WAITING
    await sandbox.called(method, before + chance.randint(1, often), within=PATIENCE)
    # Not a wait for something: the random moment itself.
    await asyncio.sleep(chance.choice((0.0, chance.uniform(0.0, A_BATCH))))


async def ends(times: int, signals: Sequence[signal.Signals], *, webhook: bool) -> Row:
    """`times` ends by one of the signals, each under load."""
    chance = random.Random(times)
    calls = ["sendMessage"] if webhook else ["getUpdates", "sendMessage"]
    more = webhook_settings() if webhook else {}
    async with Lives.begin() as lives, Sandbox(webhook_retry=0.01) as sandbox:
        with folder() as path:
            database = path / "analytics.sqlite3"
            environment = settings(sandbox, database, LOG_LEVEL="DEBUG", **more)
            for _ in range(times):
                async with lives.life(path, environment) as life, crowd(sandbox, chance):
                    await moment(sandbox, chance, calls)
                    number = chance.choice(signals)
                    life.send(number)
                    status = await life.ended(LONGEST_SHUTDOWN)
                    assert status == (-number if number == signal.SIGKILL else 0)
            async with lives.life(path, environment) as life:
                person = sandbox.person()
                await person.says("good morning")
                await person.answer(within=PATIENCE)
                await sandbox.settled(within=PATIENCE)
                life.send(signal.SIGTERM)
                assert await life.ended(LONGEST_SHUTDOWN) == 0
            return row(times, sandbox, database)


def row(injected: int, sandbox: Sandbox, database: Path) -> Row:
    """Everything that waited in the sandbox was the interaction of one person."""
    acknowledged, ids = sandbox.updates.acknowledged, remembered(database)
    with closing(sqlite3.connect(database)) as connection:
        [(count,)] = connection.execute("SELECT total(count) FROM interactions").fetchall()
    return Row(
        injected=injected,
        acknowledged=len(acknowledged),
        recorded=int(count),
        lost=len(acknowledged - ids),
        counted_twice=int(count) - len(ids),
    )


KILL = (signal.SIGKILL,)
STOP = (signal.SIGTERM, signal.SIGINT)

FAULTS = [
    Fault("kill -9, polling", partial(ends, signals=KILL, webhook=False), short=10, long=200),
    Fault("kill -9, webhook", partial(ends, signals=KILL, webhook=True), short=10, long=200),
    Fault("SIGTERM, polling", partial(ends, signals=STOP, webhook=False), short=5, long=200),
    Fault("SIGTERM, webhook", partial(ends, signals=STOP, webhook=True), short=5, long=200),
]
