"""`python -m tests.support.pictures FOLDER` draws the small examples of docs/monitoring.md."""

import asyncio
import random
import sys
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

from PIL import Image

from analytics.models import InteractionType
from analytics.statistics.periods import Bucket, History
from analytics.telegram.charts import Charts
from bot.demo.traffic import HOURS, WEEKEND

DAY = timedelta(days=1)
NEWEST = datetime(2026, 11, 25, tzinfo=UTC)
# So many colours look like all of them.
COLORS = 64


def made_up(days: int, types: int, interactions: int) -> History:
    """A bot that grew for so many days, to so many interactions a day; weekends are quieter."""
    chance = random.Random(days)
    names = [str(each) for each in InteractionType][:types]
    week = [[0] * 24 for _ in range(7)]
    buckets = []
    for number in range(days):
        since = NEWEST - (days - 1 - number) * DAY
        busy = (1 + number / days) * chance.uniform(0.7, 1.3) / 2
        busy *= WEEKEND if since.weekday() >= 5 else 1
        counts = {name: int(interactions * busy / 2**place) for place, name in enumerate(names, 1)}
        total = sum(counts.values())
        buckets.append(
            Bucket(
                since=since,
                interactions=total,
                active_users=int(total**0.8),
                breakdown={name: count for name, count in counts.items() if count},
            )
        )
        for hour in chance.choices(range(24), HOURS, k=total):
            week[since.weekday()][hour] += 1
    return History(
        as_of=NEWEST + DAY / 2,
        since=NEWEST - (days - 1) * DAY,
        step=DAY,
        buckets=tuple(buckets),
        hours_of_week=tuple(map(tuple, week)),
        length=days * DAY,
    )


EXAMPLES = {"empty": (0, 0, 0), "small": (3, 3, 60), "large": (90, 22, 40_000)}


async def draw(folder: Path) -> None:
    charts = Charts()
    folder.mkdir(parents=True, exist_ok=True)
    for name, example in EXAMPLES.items():
        picture = await charts.draw(made_up(*example))
        small = Image.open(BytesIO(picture)).convert("RGB").quantize(COLORS)
        small.save(folder / f"{name}.png", optimize=True)


if __name__ == "__main__":
    asyncio.run(draw(Path(sys.argv[1])))
