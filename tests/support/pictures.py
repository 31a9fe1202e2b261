"""Draw examples of charts: `python -m tests.support.pictures FOLDER [NAME ...]`.

They are bots of 1, 12, 300 and 50,000 people, on a Wednesday afternoon, by what was recorded of
them: interactions of up to 90 days, and the daily totals of older ones. Without names, all are
drawn.
"""

import asyncio
import random
import sys
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

from PIL import Image

from analytics import Bucket, History, InteractionType, Note
from analytics.telegram import translations
from analytics.telegram.charts import Charts
from bot.demo.traffic import HOURS, WEEKEND

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NOW = datetime(2026, 11, 25, 14, 20, tzinfo=UTC)
TODAY = NOW.replace(hour=0, minute=0)
RETENTION_DAYS = 90
# So many colours look like all of them.
COLORS = 64
# Types and how common they are, in order.
TYPES = {
    InteractionType.MESSAGE: 46,
    InteractionType.COMMAND: 24,
    InteractionType.BUTTON_CLICK: 18,
    InteractionType.INLINE_QUERY: 5,
    InteractionType.MY_CHAT_MEMBER: 2,
    InteractionType.EDITED_MESSAGE: 3,
    InteractionType.MESSAGE_REACTION: 1,
    InteractionType.POLL_ANSWER: 1,
}
# Above so many, counts follow the probabilities closely enough.
MANY = 5_000


class Made:
    """A bot that so many people know, and which began so many days ago: it grows."""

    def __init__(self, people: int, days: int, types: int) -> None:
        self.people, self.days = people, days
        self.types = dict(list(TYPES.items())[:types])
        self.chance = random.Random(people + days)

    def hour(self, begins: datetime) -> tuple[Counter[str], int]:
        """Return what an hour holds: interactions by type, and how many people were active."""
        age = 1 - (NOW - begins) / (self.days * DAY)
        busy = (0.4 + 0.6 * age) * HOURS[begins.hour] / sum(HOURS) * self.chance.uniform(0.8, 1.2)
        busy *= WEEKEND if begins.weekday() >= 5 else 1
        busy *= min(1.0, (NOW - begins) / HOUR)
        mean = self.people * busy * (0.22 if self.people > 20 else 0.7)
        active = round(self.chance.gauss(mean, mean**0.5)) if mean > 30 else self._few(mean)
        counts = Counter[str]()
        if active * 5 > MANY:
            for name, weight in self.types.items():
                counts[name] = round(active * 5 * weight / sum(self.types.values()))
        else:
            said = sum(self.chance.randint(1, 9) for _ in range(active))
            counts.update(self.chance.choices(list(self.types), list(self.types.values()), k=said))
        return +counts, max(0, active)

    def _few(self, mean: float) -> int:
        return sum(self.chance.random() < mean / 60 for _ in range(60))

    def history(self, length: timedelta) -> History:
        by_hour = length <= DAY
        newest = NOW.replace(minute=0) if by_hour else TODAY
        step = HOUR if by_hour else DAY
        since = newest - length + step
        began = max(since, TODAY - (self.days - 1) * DAY)
        weeks = 0
        if not by_hour:
            weeks = min(length.days // 7, max(1, (self.days - 1) // 7), RETENTION_DAYS // 7)
        table: list[list[int | None]] = [[None] * 24 for _ in range(7)]
        buckets = []
        # A week of the table begins a day before a period of seven days.
        begins = max(TODAY - weeks * 7 * DAY, began - DAY, TODAY - (self.days - 1) * DAY)
        begins = min(begins, began)
        while begins <= newest:
            counts, people = Counter[str](), 0
            for hour in range(step // HOUR):
                when = begins + hour * HOUR
                if when > NOW:
                    break
                of_hour, active = self.hour(when)
                counts += of_hour
                people += active
                if TODAY - weeks * 7 * DAY <= when < TODAY:
                    before = table[when.weekday()][when.hour] or 0
                    table[when.weekday()][when.hour] = before + of_hour.total()
            if begins >= began:
                buckets.append(
                    Bucket(
                        since=begins,
                        interactions=counts.total(),
                        # Some come more than once a day.
                        active_users=min(self.people, round(people * 0.8) or bool(people)),
                        breakdown=dict(counts),
                    )
                )
            begins += step
        return History(
            as_of=NOW,
            since=since,
            step=step,
            buckets=tuple(buckets),
            hours_of_week=tuple(map(tuple, table)) if weeks else None,
            length=length,
            weeks=weeks,
        )


YEAR = 365 * DAY
# Name: people, days since it began, types, length, language, theme.
EXAMPLES: dict[str, tuple[int, int, int, timedelta, str, str]] = {
    "1-person-7d": (1, 40, 3, 7 * DAY, "en", "light"),
    "1-person-30d-dark": (1, 40, 3, 30 * DAY, "en", "dark"),
    "12-people-first-day": (12, 1, 3, 7 * DAY, "en", "light"),
    "12-people-three-days": (12, 4, 3, 30 * DAY, "en", "light"),
    "12-people-24h": (12, 60, 3, DAY, "en", "light"),
    "12-people-90d-dark": (12, 400, 3, 90 * DAY, "de", "dark"),
    "300-people-24h-dark": (300, 60, 4, DAY, "en", "dark"),
    "300-people-7d": (300, 60, 4, 7 * DAY, "es", "light"),
    "300-people-30d": (300, 60, 4, 30 * DAY, "en", "light"),
    "300-people-30d-dark": (300, 60, 4, 30 * DAY, "en", "dark"),
    "300-people-30d-russian": (300, 60, 8, 30 * DAY, "ru", "light"),
    "50000-people-90d": (50_000, 500, 8, 90 * DAY, "en", "light"),
    "50000-people-90d-dark": (50_000, 500, 8, 90 * DAY, "uk", "dark"),
    "50000-people-year": (50_000, 500, 8, YEAR, "en", "light"),
    "50000-people-year-dark": (50_000, 250, 8, YEAR, "ru", "dark"),
}


# The days ago of notes in examples that have some.
NOTED = {"300-people-30d-dark": (20, 9, 8)}


async def draw(folder: Path, names: list[str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names or EXAMPLES:
        people, days, types, length, language, theme = EXAMPLES[name]
        history = Made(people, days, types).history(length)
        notes = tuple(Note(1, TODAY - ago * DAY, "deployed") for ago in NOTED.get(name, ()))
        history = replace(history, notes=notes)
        with translations().use_locale(language):
            picture = await Charts(theme).draw(history)
        small = Image.open(BytesIO(picture)).convert("RGB").quantize(COLORS)
        small.save(folder / f"{name}.png", optimize=True)


if __name__ == "__main__":
    asyncio.run(draw(Path(sys.argv[1]), sys.argv[2:]))
