"""The demo: the real bot, invented people, and the rows it stores."""

import asyncio
import os
import random
import sqlite3
import sys
import tempfile
from collections.abc import Coroutine, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rich.console import Console, RenderableType
from rich.rule import Rule
from rich.status import Status
from rich.table import Table
from rich.text import Text

from analytics import (
    Access,
    AnalyticsService,
    Event,
    EventKind,
    Finding,
    Interaction,
    InteractionType,
    diagnose,
)
from bot.demo.render import bubbles, picture
from bot.demo.stage import Failed, Stage
from bot.demo.traffic import DAY, Saying, sayings
from bot.sandbox.chats import Line
from bot.sandbox.people import Person
from bot.sandbox.server import Sandbox

PEOPLE = 300
# So many messages for a tap on a button.
ONE_TAP_IN = 8
# What the invented people ask for that this bot counts by name.
OWN_COMMANDS = {"/start", "/help"}
SEED = 20
# There is nothing to keep from anyone.
LINK_LIFETIME = timedelta(days=1)
ADMIN_ID = 4242
AT_ONCE = 25
# Seconds that 25 answers may take.
ANSWERS_TIMEOUT = 60.0

# The last cleanup, and the next one: the scheduled cleanup does not run during the demo.
CLEANED_UP = timedelta(hours=12)
# Days; shorter than retention, so that there is something to delete.
CLEANUP_DAYS = "60"

# The variables that the bot inherits: no settings of the operator's own bot.
INHERITED = ("PATH", "LANG", "LD_LIBRARY_PATH", "SYSTEMROOT", "TEMP", "TMPDIR")

ROOT = Path(__file__).parent.parent.parent
# The command line of this copy, whether it is installed or not.
PROGRAM = (sys.executable, "-c", "from bot.cli import main; main()")

# What is printed, in order.
Story = list[RenderableType]

ONE_ROW_PER_TYPE = """
    SELECT user_id, interaction_type, max(timestamp), count
    FROM user_interactions GROUP BY interaction_type LIMIT 3
"""


NEXT = """\
  python main.py demo --web           see the admin page in a browser
  python main.py init                 set up your own bot
  python main.py demo --pictures DIR  save /stats and a chart as pictures
  docs/extend.md                      add the analytics to your aiogram bot"""


async def play(
    status: Status,
    keep: Path | None = None,
    pictures: Path | None = None,
    program: Sequence[str] = PROGRAM,
    *,
    web: bool = False,
) -> int:
    """Show `program` at work; keep its database at `keep`, and what an admin saw in `pictures`.

    With `web`, the admin page is served in the end, until the process is asked to stop.
    `status` shows progress, and is stopped before anything is printed. Returns the exit status: 0,
    1 if the bot fails, 2 if there is something at `keep` already.
    """
    console, errors = Console(), Console(stderr=True)
    if keep is not None and keep.exists():
        status.stop()
        errors.print(f"{keep} exists: give --keep a path that does not", soft_wrap=True)
        return 2
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder, "analytics.sqlite3") if keep is None else keep.absolute()
        async with Sandbox() as sandbox:
            stage = Stage(program, Path(folder), _environment(sandbox, database))
            chance, now = random.Random(SEED), datetime.now(UTC)
            said = sayings([sandbox.person() for _ in range(PEOPLE)], now, chance)
            # Telegram keeps no update for longer than a day: what was before is recorded at once.
            today = [saying for saying in said if saying.date >= now - DAY]
            try:
                status.update("recording twelve weeks of invented traffic")
                await _record(database, said[: len(said) - len(today)], now)
                status.update("starting the bot")
                async with stage.bot() as bot:
                    story = tell_story(status, sandbox, stage, database, pictures, today)
                    told = await _unless_it_ends(bot, story)
            except (Failed, TimeoutError) as error:
                log = stage.log.read_text(errors="replace")
                status.stop()
                errors.print(f"the demo failed: {error}\n{log}", markup=False, soft_wrap=True)
                return 1
        status.stop()
        console.print(
            f"{PEOPLE} invented people sent {len(said):,} messages and commands in twelve weeks.\n"
            f"The bot has just received and answered the {len(today)} of the last 24 hours.",
            highlight=False,
        )
        console.print(*told, sep="\n")
        console.print(Rule("What you can do next"))
        console.print(NEXT, markup=False, highlight=False, soft_wrap=True)
        for kept in filter(None, (keep, pictures)):
            console.print(f"Saved: {kept}", markup=False, highlight=False, soft_wrap=True)
        if web:
            await _show_page(console, database)
    return 0


async def _show_page(console: Console, database: Path) -> None:
    """Serve the admin page of the database until the process is asked to stop."""
    # These load aiohttp's server and jinja2.
    from bot.web.findings import Doctor
    from bot.web.local import show_until_stopped
    from bot.web.upkeep import Upkeep

    def tell(link: str) -> None:
        console.print(Rule("The admin page, until you press Ctrl+C"))
        console.print(link, markup=False, highlight=False, soft_wrap=True)

    async with AnalyticsService.open(database, access=Access.READ) as analytics:

        async def examine() -> Sequence[Finding]:
            return await diagnose(
                database,
                pseudonym_key=None,
                database_key=None,
                pseudonymise=True,
                retention_days=analytics.retention_days,
                backup_dir=None,
                now=analytics.clock(),
            )

        upkeep = Upkeep(doctor=Doctor(examine))
        await show_until_stopped(analytics, tell, LINK_LIFETIME, upkeep)


def _environment(sandbox: Sandbox, database: Path) -> dict[str, str]:
    return {name: os.environ[name] for name in INHERITED if name in os.environ} | {
        # So that the bot is found if it is not installed.
        "PYTHONPATH": str(ROOT),
        # Not the `.env` beside the program.
        "BOT_ENV_FILE": os.devnull,
        "BOT_TOKEN": sandbox.token,
        "BOT_API_URL": sandbox.url,
        "ADMIN_IDS": str(ADMIN_ID),
        "OPERATOR_CONTACT": "demo@example.org",
        "DATABASE_PATH": str(database),
        # It would be due at once, after weeks without one, and come before an answer.
        "DIGEST": "off",
        "CLEANUP_AT": f"{datetime.now(UTC) + CLEANED_UP:%H:%M}",
    }


async def _unless_it_ends(
    bot: asyncio.subprocess.Process, story: Coroutine[None, None, Story]
) -> Story:
    playing = asyncio.create_task(story)
    ended = asyncio.create_task(bot.wait())
    await asyncio.wait((playing, ended), return_when=asyncio.FIRST_COMPLETED)
    if not playing.done():
        playing.cancel()
        await asyncio.gather(playing, return_exceptions=True)
        raise Failed(f"the bot ended by itself with exit status {bot.returncode}")
    ended.cancel()
    return await playing


async def tell_story(
    status: Status,
    sandbox: Sandbox,
    stage: Stage,
    database: Path,
    pictures: Path | None,
    today: Sequence[Saying],
) -> Story:
    """Play the story and return what to print of it."""
    await sandbox.called("getUpdates", within=ANSWERS_TIMEOUT)
    await _crowd(status, sandbox, today)
    status.update("an admin, a stranger and a person ask")
    admin = sandbox.person(ADMIN_ID, first_name="Admin")
    statistics = await _ask(admin, "/stats")
    if pictures is not None:
        await admin.clicks("30 d")
        await admin.sees_edit()
        await admin.clicks("📈 Chart")
        chart = await admin.answer()
        pictures.mkdir(parents=True, exist_ok=True)
        (pictures / "stats.svg").write_text(picture(statistics), "utf-8")
        (pictures / "chart.png").write_bytes(sandbox.content(chart.message))
    stranger = sandbox.person(first_name="Stranger")
    await _ask(stranger, "/stats")
    somebody = sandbox.person(first_name="Somebody")
    await _ask(somebody, "good morning", "/privacy", "/forgetme")
    await _tap(somebody)
    await somebody.answer()
    status.update("deleting old interactions")
    cleanup = ("cleanup", "--days", CLEANUP_DAYS)
    return [
        Rule("An admin sees aggregates only"),
        *bubbles(admin.transcript[:2]),
        Rule("Anyone else does not learn that /stats exists"),
        *bubbles(stranger.transcript),
        Rule("A person sees what is stored about them, and erases it"),
        *bubbles(somebody.transcript[2:]),
        Rule("What is stored of everyone else: rows like these"),
        _sample(database),
        Rule("Old interactions are deleted: after 90 days by the bot, or by you"),
        Text(f"$ python main.py {' '.join(cleanup)}", style="bold"),
        Text((await stage.run(*cleanup)).rstrip()),
    ]


async def _record(database: Path, said: Sequence[Saying], now: datetime) -> None:
    """Record what was said, and tapped, in the weeks before, as the bot would have."""
    interactions: list[Interaction] = []
    events: list[list[Event]] = []
    for number, (date, person, text) in enumerate(said):
        kind = InteractionType.COMMAND if text.startswith("/") else InteractionType.MESSAGE
        interactions.append(Interaction(person.user["id"], kind, date))
        is_own = text in OWN_COMMANDS
        events.append([Event(EventKind.COMMAND, text.removeprefix("/"))] if is_own else [])
        if number % ONE_TAP_IN == 0:
            tap = Interaction(person.user["id"], InteractionType.BUTTON_CLICK, date)
            interactions.append(tap)
            events.append([])
    moment = said[0].date
    async with AnalyticsService.open(database, clock=lambda: moment) as analytics:
        moment = now - CLEANED_UP
        await analytics.cleanup_old_interactions()
        moment = now
        await analytics.record(interactions, events=events)


async def _crowd(status: Status, sandbox: Sandbox, today: Sequence[Saying]) -> None:
    """Play the messages of today, 25 at a time: all are answered before the next are sent."""
    for first in range(0, len(today), AT_ONCE):
        status.update(f"people write to the bot: {first} of {len(today)} messages answered")
        for date, person, text in today[first : first + AT_ONCE]:
            await person.says(text, date=date)
        await sandbox.called(
            "sendMessage", min(first + AT_ONCE, len(today)), within=ANSWERS_TIMEOUT
        )
    for person in _who_also_tap(today):
        await _tap(person)
    await sandbox.settled()


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
