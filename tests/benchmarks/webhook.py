"""How many requests per second a webhook takes, each of which is committed before its answer."""

import asyncio
import signal
import tempfile
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

from aiohttp import ClientSession, TCPConnector

from bot.sandbox import Sandbox
from tests.benchmarks.bots import processor_seconds
from tests.benchmarks.files import Files, Size
from tests.benchmarks.table import AT_LEAST, Finding, percentile, quartiles
from tests.support.processes import Process, bot_program
from tests.support.webhooks import SECRET, webhook_environment

OURS = Path(__file__).with_name("counting_bot.py")
BARE = Path(__file__).with_name("bare_webhook_bot.py")
HEADERS = {"X-Telegram-Bot-Api-Secret-Token": SECRET}
# Connections and the goal: one after the other, where each waits for the disk, as aiogram's do not;
# and as many as Telegram opens unless it is told otherwise.
GOALS = {1: 0.1, 40: 0.4}
PEOPLE = 500


class Run:
    """Requests to a bot: seconds of each and of all, and of its processor; commits for each."""

    def __init__(self) -> None:
        self.waits: list[float] = []
        self.seconds = 0.0
        self.processor = 0.0
        self.commits = 0.0

    @property
    def per_second(self) -> float:
        return len(self.waits) / self.seconds

    @property
    def used(self) -> float:
        """Milliseconds of the processor for each request."""
        return 1000 * self.processor / len(self.waits)

    def wait(self, percent: int) -> str:
        return f"{1000 * percentile(self.waits, percent):.1f} ms"


async def measure(files: Files, size: Size) -> list[Finding]:
    findings = []
    for connections, goal in GOALS.items():
        runs: dict[Path, list[Run]] = {OURS: [], BARE: []}
        for _ in range(size.repeats):
            for program in runs:
                runs[program].append(await _run(program, connections, size.answers))
        ours, bare = ([each.per_second for each in runs[program]] for program in (OURS, BARE))
        last, peer = runs[OURS][-1], runs[BARE][-1]
        findings.append(
            Finding(
                what=f"requests to the webhook, {connections} at a time",
                beside="aiogram's own webhook, which answers before it handles",
                figure=quartiles(ours)[1] / quartiles(bare)[1],
                goal=goal,
                bound=AT_LEAST,
                ours=ours,
                peer=bare,
                measured_in="requests/s",
                notes=[
                    f"answered after {last.wait(50)} at p50, {last.wait(99)} at p99; "
                    f"aiogram's after {peer.wait(50)} and {peer.wait(99)}",
                    f"{last.commits:.2f} commits for each request; "
                    f"{last.used:.2f} ms of the processor, aiogram's {peer.used:.2f} ms",
                ],
            )
        )
    return findings


async def _run(program: Path, connections: int, requests: int) -> Run:
    """Send updates that nobody answers, each connection one after the other."""
    run = Run()
    environment = webhook_environment()
    url = environment["WEBHOOK_URL"]
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder, "analytics.sqlite3")
        async with (
            Sandbox() as sandbox,
            bot_program(program, sandbox, database, environment) as process,
            ClientSession(headers=HEADERS, connector=TCPConnector(limit=connections)) as client,
        ):
            # A server may begin to listen only after it has set its webhook.
            await sandbox.person().says("hello")
            await sandbox.settled()
            updates = _updates()
            warm = await _send(client, url, updates, connections, requests // 10)
            before = processor_seconds(process)
            began = time.perf_counter()
            run.waits = await _send(client, url, updates, connections, requests)
            run.seconds = time.perf_counter() - began
            run.processor = processor_seconds(process) - before
            if program == OURS:
                run.commits = await _commits(process) / len([*warm, *run.waits])
    return run


async def _send(
    client: ClientSession, url: str, updates: Iterator[Any], connections: int, requests: int
) -> list[float]:
    left = iter(range(requests))
    waits: list[float] = []

    async def one_after_the_other() -> None:
        for _ in left:
            asked = time.perf_counter()
            async with client.post(url, json=next(updates)) as answer:
                assert answer.status == 200
            waits.append(time.perf_counter() - asked)

    await asyncio.gather(*(one_after_the_other() for _ in range(connections)))
    return waits


async def _commits(process: Process) -> int:
    process.send(signal.SIGTERM)
    _, output, _ = await process.ended()
    return int(output)


def _updates() -> Iterator[Any]:
    for number in count(1):
        person = {"id": 6_000_000_000 + number % PEOPLE, "is_bot": False, "first_name": "Ada"}
        options = {"option_ids": [1], "option_persistent_ids": ["1"]}
        yield {
            "update_id": number,
            "poll_answer": {"poll_id": "1", "user": person, **options},
        }
