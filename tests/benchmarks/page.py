"""How long an admin waits for the page in a browser, and what it takes of the bot."""

import asyncio
import json
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from aiohttp import ClientSession

from analytics import Period, Tokens
from analytics.telegram.admin.stats import Show
from bot.sandbox import Sandbox
from bot.web.page import AdminPage
from bot.web.sessions import Sessions
from tests.benchmarks.admin_waits import ADMIN, LOOKS, SETTINGS, finding, shown
from tests.benchmarks.bots import memory
from tests.benchmarks.data import Traffic
from tests.benchmarks.files import Files, Size
from tests.benchmarks.load import Load, Took, times
from tests.benchmarks.table import AT_LEAST, AT_MOST, Finding
from tests.support.admin_pages import HOST, Client
from tests.support.conversation import ask
from tests.support.processes import MAIN, bot_program
from tests.support.webhooks import free_port

BESIDE = "the same bot without WEB_PORT"
# A program of its own, so that its work is not the bot's.
RELOADS = """
import sys, time, urllib.request
request = urllib.request.Request(sys.argv[1], headers={"Authorization": f"Bearer {sys.argv[2]}"})
while True:
    urllib.request.urlopen(request).read()
    print(flush=True)
    time.sleep(1)
"""
# What a browser loads before the first view.
ASSETS = ("/", "/page.css", "/page.js", "/icon.svg")


async def measure(files: Files, size: Size) -> list[Finding]:
    path = await files.many(3600)
    what = f"at {size.interactions:,}"
    with files.copy(path) as database:
        alone, serving, looked_at, waits, sizes = await _looks(database)
    with files.copy(path) as database:
        undisturbed, reloaded = await _recording(database, files.traffic, size)
    return [
        *(
            finding(f"the page of {period} {what}", numbers, goal=100)
            for period, numbers in waits.items()
        ),
        Finding(
            what="the largest page and all that it loads, compressed",
            beside="",
            figure=max(sizes) / 1000,
            goal=50,
            bound=AT_MOST,
            unit="kB",
            ours=[each / 1000 for each in sizes],
            measured_in="kB",
        ),
        *(
            Finding(
                what=f"memory with the page, {when}",
                beside=BESIDE,
                figure=ours - alone,
                goal=10,
                bound=AT_MOST,
                unit="MB more",
                ours=[ours],
                peer=[alone],
                measured_in="MB",
            )
            for when, ours in (("before anybody looks", serving), ("after looks", looked_at))
        ),
        Finding(
            what="recording while the page is reloaded once a second",
            beside="recording alone: so many times the speed",
            figure=times(undisturbed, reloaded),
            goal=0.95,
            bound=AT_LEAST,
            ours=[each.waited for each in reloaded],
            peer=[each.waited for each in undisturbed],
            measured_in="µs",
        ),
    ]


async def _looks(
    database: Path,
) -> tuple[float, float, float, dict[Period, list[float]], list[int]]:
    """Megabytes without the page, with it, and after looks; milliseconds of each; bytes of each.

    Each of the bots has shown all periods in the chat before its memory is looked at: what SQLite
    keeps of the file is not the page's.
    """
    async with Sandbox() as sandbox, bot_program(MAIN, sandbox, database, SETTINGS) as bot:
        await _walk(sandbox)
        alone = memory(bot)
    port = free_port()
    settings = {**SETTINGS, "WEB_PORT": str(port)}
    waits: dict[Period, list[float]] = {period: [] for period in Period}
    async with (
        Sandbox() as sandbox,
        bot_program(MAIN, sandbox, database, settings) as bot,
        ClientSession() as http,
    ):
        link = (await ask(sandbox.person(ADMIN), "/web")).partition("#link=")[2].split()[0]
        await _walk(sandbox)
        serving = memory(bot)
        client = Client(f"http://{HOST}:{port}", http)
        session = json.loads((await client.log_in(link=link)).text)["session"]
        assets = [await client.ask(path) for path in ASSETS]
        sizes = []
        for _ in range(LOOKS):
            for period, numbers in waits.items():
                asked = time.monotonic()
                view = await client.ask(f"/view/?period={period}", session=session)
                numbers.append(1000 * (time.monotonic() - asked))
                assert view.status == 200
                sizes.append(sum(int(each.headers["Content-Length"]) for each in [*assets, view]))
        return alone, serving, memory(bot), waits, sizes


async def _walk(sandbox: Sandbox) -> None:
    admin = sandbox.person(ADMIN)
    await shown(sandbox, admin, "/stats", "sendMessage")
    for period in Period:
        await shown(sandbox, admin, Show(period=period).pack(), "editMessageText")


async def _recording(database: Path, traffic: Traffic, size: Size) -> tuple[list[Took], list[Took]]:
    """What an interaction takes alone, and while a browser reloads the page, in turn."""
    undisturbed: list[Took] = []
    reloaded: list[Took] = []
    async with Load.on(database, traffic, 3600) as load:
        # By the load's clock days pass in seconds, and the session with them.
        tokens = Tokens.in_memory(lambda: datetime.now(UTC))
        sessions = Sessions(tokens)
        async with AdminPage(load.analytics, sessions).serving(HOST, 0) as port:
            view = f"http://{HOST}:{port}/view/?period=90d"
            await load.batches(size.batches // 5)
            for _ in range(size.repeats):
                undisturbed.append((await load.alone(size.seconds)).took)
                program = (sys.executable, "-c", RELOADS, view, await sessions.begin(None))
                browser = await asyncio.create_subprocess_exec(
                    *program, stdout=asyncio.subprocess.PIPE
                )
                assert browser.stdout
                assert await browser.stdout.readline()
                reloaded.append((await load.alone(size.seconds)).took)
                browser.kill()
                await browser.communicate()
    return undisturbed, reloaded
