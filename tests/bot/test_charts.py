"""Charts as files: drawn one at a time beside the bot, once for the same, and not of nothing."""

import asyncio
import gc
import subprocess
import sys
import threading
import weakref
from dataclasses import replace
from datetime import timedelta
from io import BytesIO

import pytest
from matplotlib.figure import Figure
from PIL import Image

from analytics.statistics.report_models import History
from analytics.telegram.charts import KEPT, Charts, drawing, nothing_to_draw
from analytics.telegram.charts.themes import Theme
from analytics.telegram.i18n import translations
from tests.support import ROOT
from tests.support.histories import (
    EMPTY,
    HISTORIES,
    QUIET,
    SMALL,
    history,
    types,
)


@pytest.mark.parametrize(
    "code",
    [
        "import bot.app; from analytics.telegram.charts import Charts; Charts(); "
        "wrong = {'matplotlib', 'numpy', 'PIL'}",
        "import asyncio; from analytics.telegram.charts import Charts; "
        "from tests.support.histories import SMALL; "
        "asyncio.run(Charts().draw(SMALL)); wrong = {'matplotlib.pyplot'}",
    ],
    ids=["nothing before the first picture", "never pyplot"],
)
def test_of_matplotlib_no_more_is_loaded_than_needed(code: str) -> None:
    code = f"import sys; {code}; sys.exit(bool(wrong & set(sys.modules)))"

    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_without_matplotlib_the_error_says_so_and_others_go_on() -> None:
    code = """
import asyncio, sys
sys.modules["matplotlib"] = None
import bot.app
from analytics.telegram.charts import Charts, ChartsNotInstalled
from tests.support.histories import SMALL
try:
    asyncio.run(Charts().draw(SMALL))
except ChartsNotInstalled:
    sys.exit(7)
"""

    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 7


@pytest.mark.parametrize("shown", HISTORIES.values(), ids=HISTORIES)
async def test_a_picture_is_opaque_and_of_the_size_of_a_phone(shown: History) -> None:
    picture = await Charts().draw(shown)

    assert len(picture) < 300_000
    with Image.open(BytesIO(picture)) as image:
        assert (image.format, image.size) == ("PNG", (1080, 1350))
        assert image.convert("RGBA").getchannel("A").getextrema() == (255, 255)


HIDDEN = tuple(
    replace(bucket, interactions=None, active_users=None, breakdown=None)
    for bucket in SMALL.buckets
)


@pytest.mark.parametrize(
    ("shown", "sentence"),
    [
        (EMPTY, "Nothing was recorded in this time."),
        (QUIET, "Nothing was recorded in this time."),
        (replace(SMALL, buckets=HIDDEN), "Not shown with BREAKDOWN_MIN_USERS."),
    ],
)
def test_nothing_is_a_sentence(shown: History, sentence: str) -> None:
    assert nothing_to_draw(shown) == sentence
    with translations().use_locale("ru"):
        assert nothing_to_draw(shown) not in {"", sentence}


@pytest.mark.parametrize("shown", HISTORIES.values(), ids=HISTORIES)
def test_whatever_was_recorded_is_no_sentence(shown: History) -> None:
    assert nothing_to_draw(shown) == ""


class Drawings:
    """Counts what is drawn."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0
        self._figure = drawing.figure
        monkeypatch.setattr(drawing, "figure", self._draw)

    def _draw(self, shown: History, theme: Theme) -> Figure:
        self.count += 1
        return self._figure(shown, theme)


async def test_the_same_is_drawn_once_and_what_is_new_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    drawings = Drawings(monkeypatch)
    charts = Charts()
    later = replace(SMALL, as_of=SMALL.as_of + timedelta(minutes=5))
    first, again, afterwards = await asyncio.gather(
        charts.draw(SMALL), charts.draw(SMALL), charts.draw(later)
    )
    assert (drawings.count, first) == (1, again)
    assert afterwards == first

    with translations().use_locale("de"):
        german = await charts.draw(SMALL)
    changed = await charts.draw(history([types(3, 9), {}, types(3, 6)]))
    assert drawings.count == 3
    assert len({first, german, changed}) == 3


async def test_a_day_that_is_over_meanwhile_is_drawn_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    drawings = Drawings(monkeypatch)
    charts = Charts()
    running = history([types(3, 9)] * 7, unfinished=True)
    pictures = [
        await charts.draw(replace(running, as_of=running.as_of + timedelta(hours=hours)))
        for hours in (0, 11, 12)
    ]

    assert drawings.count == 2
    assert pictures[0] == pictures[1] != pictures[2]


async def test_only_the_newest_pictures_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    drawings = Drawings(monkeypatch)
    charts = Charts()
    pictures = [history([types(1, 3)] * days) for days in range(1, KEPT + 2)]
    for each in pictures:
        await charts.draw(each)

    await charts.draw(pictures[1])
    assert drawings.count == KEPT + 1
    await charts.draw(pictures[0])
    assert drawings.count == KEPT + 2


async def test_the_bot_goes_on_while_a_picture_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """The thread that draws waits for something that happens on the loop."""
    loop = asyncio.get_running_loop()
    begun, answered = asyncio.Event(), threading.Event()
    figure = drawing.figure

    def waiting(shown: History, theme: Theme) -> Figure:
        loop.call_soon_threadsafe(begun.set)
        assert answered.wait(20)
        return figure(shown, theme)

    monkeypatch.setattr(drawing, "figure", waiting)
    drawn = asyncio.create_task(Charts().draw(SMALL))
    async with asyncio.timeout(20):
        await begun.wait()
    answered.set()

    assert (await drawn).startswith(b"\x89PNG")


async def test_the_program_is_not_looked_through_for_each_picture() -> None:
    await Charts().draw(SMALL)

    assert gc.get_freeze_count() > 10_000


async def test_a_drawn_figure_takes_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    figures = []
    figure = drawing.figure

    def noting(shown: History, theme: Theme) -> Figure:
        drawn = figure(shown, theme)
        figures.append(weakref.ref(drawn))
        return drawn

    monkeypatch.setattr(drawing, "figure", noting)
    await Charts().draw(SMALL)

    assert [each() for each in figures] == [None]


async def test_pictures_are_drawn_one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    at_once = threading.Semaphore(1)
    figure = drawing.figure

    def alone(shown: History, theme: Theme) -> Figure:
        assert at_once.acquire(blocking=False)
        drawn = figure(shown, theme)
        at_once.release()
        return drawn

    monkeypatch.setattr(drawing, "figure", alone)
    charts = Charts()

    await asyncio.gather(*map(charts.draw, HISTORIES.values()))
