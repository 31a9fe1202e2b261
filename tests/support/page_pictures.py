"""Photograph the admin page of an invented bot: `python -m tests.support.page_pictures FOLDER`.

It needs Debian's chromium and the extra `browser`. It is a Wednesday afternoon, and 900 people.
"""

import asyncio
import random
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

from PIL import Image

from analytics import AnalyticsService, Event, EventKind, Interaction, InteractionType
from bot.demo.traffic import sayings
from bot.sandbox import Sandbox
from bot.web.links import Links
from bot.web.page import AdminPage
from bot.web.sessions import Sessions
from tests.support import browsers

NOW = datetime(2026, 11, 25, 14, 20, tzinfo=UTC)
OWNER = 6_000_000_011
PEOPLE, SEED = 900, 20
OF_TEXT = {"/start": "start", "/help": "help", "/settings": "settings"}
BUTTONS = ("remind", "remind", "privacy", "undo")
# So many colours look like all of them.
COLORS = 96
# Name: address, colour scheme, width and height in pixels.
PICTURES = {
    "page-light": ("/?period=30d", "light", 1180, 1000),
    "page-dark": ("/?period=30d", "dark", 1180, 1000),
    "who-comes-back": ("/cohorts", "light", 820, 800),
}


async def record(database: Path) -> None:
    """Record twelve weeks of messages, commands and clicks; recording began before them."""
    chance = random.Random(SEED)
    async with Sandbox() as sandbox:
        said = sayings([sandbox.person() for _ in range(PEOPLE)], NOW, chance)
    interactions, events = [], []
    for number, (date, person, text) in enumerate(said):
        kind = InteractionType.COMMAND if text.startswith("/") else InteractionType.MESSAGE
        interactions.append(Interaction(person.user["id"], kind, date))
        events.append([Event(EventKind.COMMAND, OF_TEXT[text])] if text in OF_TEXT else [])
        if number % 6 == 0:
            kind, word = InteractionType.BUTTON_CLICK, chance.choice(BUTTONS)
            interactions.append(Interaction(person.user["id"], kind, date))
            events.append([Event(EventKind.BUTTON, word)])
    moment = said[0].date - timedelta(days=8)
    async with AnalyticsService.open(database, clock=lambda: moment) as analytics:
        moment = NOW
        await analytics.record(interactions, events=events)
        await analytics.cleanup_old_interactions()
        await analytics.notes.add("deployed 2.1", NOW.date() - timedelta(days=8))


async def photograph(database: Path, folder: Path) -> None:
    """Save the pictures in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    async with (
        AnalyticsService.open(database, clock=lambda: NOW) as analytics,
        browsers.chromium() as browser,
    ):
        sessions = Sessions(analytics.tokens, {OWNER}, {OWNER})
        async with AdminPage(analytics, sessions).serving("127.0.0.1", 0) as port:
            for name, (address, scheme, width, height) in PICTURES.items():
                size = {"width": width, "height": height}
                window = await browsers.window(
                    browser, locale="en-US", color_scheme=scheme, viewport=size
                )
                links = Links(sessions, "127.0.0.1", port)
                await window.opens(await links.new(OWNER))
                await window.opens(f"http://127.0.0.1:{port}{address}")
                picture = Image.open(BytesIO(await window.page.screenshot()))
                small = picture.convert("RGB").quantize(COLORS)
                small.save(folder / f"{name}.png", optimize=True)


async def main(folder: Path) -> None:
    with tempfile.TemporaryDirectory() as made:
        database = Path(made, "analytics.sqlite3")
        await record(database)
        await photograph(database, folder)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
