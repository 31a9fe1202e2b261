"""The demo, which takes half a minute: the real bot, invented people, and the rows it stores."""

import asyncio
import os
import random
import sqlite3
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from analytics import AnalyticsService, Interaction, InteractionType
from bot.demo.render import bubbles, picture
from bot.demo.stage import Failed, Stage
from bot.demo.traffic import CLEANED_UP, DAY, Saying, sayings
from bot.sandbox.chats import Line
from bot.sandbox.people import Person
from bot.sandbox.server import Sandbox

PEOPLE = 300
# So many messages for a tap on a button.
ONE_TAP_IN = 8
# What the invented people ask for that this bot counts by name.
OWN_COMMANDS = {"/start", "/help"}
SEED = 20
ADMIN_ID = 4242
AT_ONCE = 100
# Seconds that 100 answers may take.
ANSWERS_TIMEOUT = 60.0

# The variables that the bot inherits: no settings of the operator's own bot.
INHERITED = ("PATH", "LANG", "LD_LIBRARY_PATH", "SYSTEMROOT", "TEMP", "TMPDIR")

ROOT = Path(__file__).parent.parent.parent
# The command line of this copy, whether it is installed or not.
PROGRAM = (sys.executable, "-c", "from bot.cli.app import main; main()")

ONE_ROW_PER_TYPE = """
    SELECT user_id, interaction_type, max(timestamp), count
    FROM user_interactions GROUP BY interaction_type LIMIT 3
"""


async def play(
    keep: Path | None = None,
    pictures: Path | None = None,
    program: Sequence[str] = PROGRAM,
) -> int:
    """Show `program` at work; keep its database at `keep`, and what an admin saw in `pictures`.

    Returns the exit status: 0, 1 if the bot fails, 2 if there is something at `keep` already.
    """
    console, errors = Console(), Console(stderr=True)
    if keep is not None and keep.exists():
        errors.print(f"{keep} exists already: give --keep a path where nothing is", soft_wrap=True)
        return 2
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder, "analytics.sqlite3") if keep is None else keep.absolute()
        async with Sandbox() as sandbox:
            stage = Stage(program, Path(folder), _environment(sandbox, database))
            chance, now = random.Random(SEED), datetime.now(UTC)
            people = [sandbox.person() for _ in range(PEOPLE)]
            said = sayings(people, now, chance)
            # Telegram keeps no update for longer than a day: what was before is recorded at once.
            today = [saying for saying in said if saying.date >= now - DAY]
            await _record(database, said[: -len(today)], now)
            crowd = partial(_crowd, console, sandbox, people, said, today)
            try:
                async with stage.bot() as bot:
                    story = tell_story(console, sandbox, stage, database, pictures, crowd)
                    await _unless_it_ends(bot, story)
            except (Failed, TimeoutError) as error:
                log = stage.log.read_text(errors="replace")
                errors.print(f"the demo failed: {error}\n{log}", markup=False, soft_wrap=True)
                return 1
        size = database.stat().st_size
    console.print(f"The bot stopped when asked. The whole took {time.monotonic() - began:.0f} s;")
    console.print(f"the database takes {size / 1024:,.0f} KiB on the disk.")
    if keep is not None:
        console.print(f"It stays at {keep}.", soft_wrap=True)
    if pictures is not None:
        console.print(f"What the admin saw is in {pictures}.", soft_wrap=True)
    return 0


def _environment(sandbox: Sandbox, database: Path) -> dict[str, str]:
    return {name: os.environ[name] for name in INHERITED if name in os.environ} | {
        # So that the bot is found if it is not installed.
        "PYTHONPATH": str(ROOT),
        # Not the `.env` beside the program.
        "BOT_ENV_FILE": os.devnull,
        "BOT_TOKEN": sandbox.token,
        "BOT_API_URL": sandbox.url,
        "ADMIN_IDS": str(ADMIN_ID),
        "DATABASE_PATH": str(database),
        # Twelve hours away, so that the scheduled cleanup does not run during the demo.
        "CLEANUP_AT": f"{datetime.now(UTC) + timedelta(hours=12):%H:%M}",
    }


async def _unless_it_ends(
    bot: asyncio.subprocess.Process, story: Coroutine[None, None, None]
) -> None:
    playing = asyncio.create_task(story)
    ended = asyncio.create_task(bot.wait())
    await asyncio.wait((playing, ended), return_when=asyncio.FIRST_COMPLETED)
    if not playing.done():
        playing.cancel()
        await asyncio.gather(playing, return_exceptions=True)
        raise Failed(f"the bot ended by itself with exit status {bot.returncode}")
    ended.cancel()
    await playing


async def tell_story(
    console: Console,
    sandbox: Sandbox,
    stage: Stage,
    database: Path,
    pictures: Path | None,
    crowd: Callable[[], Awaitable[None]],
) -> None:
    console.print("A bot, a Bot API server on this machine, and a crowd of invented people.")
    await sandbox.called("getUpdates", within=ANSWERS_TIMEOUT)
    await crowd()

    admin = sandbox.person(ADMIN_ID, first_name="Admin")
    await _ask(admin, "/start")
    statistics = await _ask(admin, "/stats")
    await admin.clicks("30 d")
    await admin.sees_edit()
    await admin.clicks("📈 Chart")
    chart = await admin.answer()
    if pictures is not None:
        pictures.mkdir(parents=True, exist_ok=True)
        (pictures / "stats.svg").write_text(picture(statistics), "utf-8")
        (pictures / "chart.png").write_bytes(sandbox.content(chart.message))
    stranger = sandbox.person(first_name="Stranger")
    await _ask(stranger, "/stats")
    somebody = sandbox.person(first_name="Somebody")
    await _ask(somebody, "good morning", "/privacy", "/mydata")
    await somebody.answer()  # the file
    await _ask(somebody, "/forgetme")
    await _tap(somebody)
    await somebody.answer()
    for title, person in (
        ("An admin asks", admin),
        ("A stranger asks", stranger),
        ("Somebody sees, takes and erases what is theirs", somebody),
    ):
        console.rule(title)
        console.print(*bubbles(person.transcript), sep="\n")

    console.rule("What is stored of a person")
    console.print(_sample(database))
    console.rule("What is past retention goes")
    for arguments in (("cleanup", "--dry-run"), ("cleanup",)):
        console.print(f"$ python main.py {' '.join(arguments)}", style="bold")
        console.print(await stage.run(*arguments), end="", markup=False)
    console.rule()


async def _record(database: Path, said: Sequence[Saying], now: datetime) -> None:
    """Record what was said, and tapped, in the weeks before, as the bot would have."""
    interactions, events = [], []
    for number, (date, person, text) in enumerate(said):
        kind = InteractionType.COMMAND if text.startswith("/") else InteractionType.MESSAGE
        interactions.append(Interaction(person.user["id"], kind, date))
        events.append(text if text in OWN_COMMANDS else None)
        if number % ONE_TAP_IN == 0:
            tap = Interaction(person.user["id"], InteractionType.BUTTON_CLICK, date)
            interactions.append(tap)
            events.append(None)
    async with AnalyticsService.open(database, clock=lambda: now - CLEANED_UP) as analytics:
        await analytics.cleanup_old_interactions()
    async with AnalyticsService.open(database) as analytics:
        await analytics.record(interactions, events=events)


async def _crowd(
    console: Console,
    sandbox: Sandbox,
    people: Sequence[Person],
    said: Sequence[Saying],
    today: Sequence[Saying],
) -> None:
    """Play the messages of today, 100 at a time: all are answered before the next are sent."""
    screen = Console(stderr=True)
    with Progress(console=screen, transient=True, disable=not screen.is_terminal) as progress:
        for first in progress.track(range(0, len(today), AT_ONCE), description="today"):
            for date, person, text in today[first : first + AT_ONCE]:
                await person.says(text, date=date)
            await sandbox.called(
                "sendMessage", min(first + AT_ONCE, len(today)), within=ANSWERS_TIMEOUT
            )
        for person in _who_also_tap(today):
            await _tap(person)
    await sandbox.settled()
    console.print(
        f"{len(people)} people sent {len(said):,} messages and commands in five weeks, "
        f"{len(today)} of them today: the bot answered all of these."
    )


def _who_also_tap(today: Sequence[Saying]) -> list[Person]:
    """Return people who wrote since midnight: a tap is now, and adds nobody to the day."""
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    wrote = dict.fromkeys(saying.person for saying in today if saying.date >= midnight)
    asked = [each for each in wrote if any(line.buttons for line in each.transcript)]
    return asked[: len(today) // ONE_TAP_IN]


async def _ask(person: Person, *texts: str) -> Line:
    """Send texts one after the other, and return the answer to the last one."""
    for text in texts:
        await person.says(text)
        answer = await person.answer()
    return answer


async def _tap(person: Person) -> None:
    """Tap on the newest button, and wait for the answer to the click."""
    shown = [line.buttons[0][0] for line in person.transcript if line.buttons]
    await person.clicks(shown[-1])
    await person.toast()


def _sample(database: Path) -> Table:
    """Return three rows, read as any other program would read them."""
    with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as connection:
        rows = connection.execute(ONE_ROW_PER_TYPE).fetchall()
    table = Table("user_id", "interaction_type", "timestamp", "count")
    for row in rows:
        table.add_row(*map(str, row))
    return table
