"""Pictures of a history: every number is in them, they can be read, and the bot goes on."""

import asyncio
import gc
import itertools
import math
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox
from PIL import Image

from analytics.models import InteractionType
from analytics.statistics.periods import History
from analytics.telegram.charts import KEPT, Charts, drawing
from analytics.telegram.i18n import _, translations
from tests.support.histories import (
    DAY,
    EMPTY,
    HISTORIES,
    HOUR,
    HOURS,
    LARGE,
    NAMES,
    QUIET,
    SMALL,
    UNSPLIT,
    YEAR,
    history,
    types,
)

ROOT = Path(__file__).parent.parent.parent
LANGUAGES = ["en", "ru", "uk", "de", "es"]
# How colours arrive at eyes without one of the three kinds of cones: Machado, Oliveira and
# Fernandes, 2009.
EYES = {
    "all cones": ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)),
    "no long": ((0.152, 1.053, -0.205), (0.115, 0.786, 0.099), (-0.004, -0.048, 1.052)),
    "no middle": ((0.367, 0.861, -0.228), (0.280, 0.673, 0.047), (-0.012, 0.043, 0.969)),
    "no short": ((1.256, -0.077, -0.179), (-0.078, 0.931, 0.148), (0.005, 0.691, 0.304)),
}


def bars(drawn: Figure) -> dict[str, list[Bbox]]:
    """By what the legend calls them, every bar."""
    return {
        str(blocks.get_label()): [path.get_extents() for path in blocks.get_paths()]
        for blocks in drawn.axes[0].collections
        if isinstance(blocks, PolyCollection)
    }


def height(of: list[Bbox]) -> int:
    return round(sum(bar.height for bar in of))


def line(drawn: Figure) -> list[tuple[float, float]]:
    """The active people: the line on top."""
    [people] = [axes for axes in drawn.axes if axes.lines]
    xs, ys = (np.asarray(values).tolist() for values in people.lines[-1].get_data())
    return list(zip(xs, ys, strict=True))


def written(drawn: Figure) -> dict[Text, Bbox]:
    """Every text that is really drawn, and where."""
    found: dict[Text, Bbox] = {}

    def note(renderer: RendererAgg, *arguments: object, mtext: Text, **named: object) -> None:
        found[mtext] = mtext.get_window_extent(renderer)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(RendererAgg, "draw_text", note)
        drawing.png(drawn)
    return found


def words(drawn: Figure) -> set[str]:
    return {text.get_text() for text in written(drawn)}


def linear(color: str) -> list[float]:
    parts = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    return [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]


def dot(some: Iterable[float], others: Iterable[float]) -> float:
    return sum(one * other for one, other in zip(some, others, strict=True))


def contrast(one: str, other: str) -> float:
    """From 1 to 21, as the Web Content Accessibility Guidelines compute it."""
    darker, lighter = sorted(dot((0.2126, 0.7152, 0.0722), linear(color)) for color in (one, other))
    return (lighter + 0.05) / (darker + 0.05)


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


@pytest.mark.parametrize("shown", [SMALL, HOURS, LARGE, YEAR])
def test_all_interactions_and_active_people_are_in_it(shown: History) -> None:
    drawn = drawing.figure(shown)

    found = bars(drawn)
    found.pop("no data", None)
    assert sum(map(height, found.values())) == sum(each.interactions or 0 for each in shown.buckets)
    totals = Counter[str]()
    for bucket in shown.buckets:
        totals.update(bucket.breakdown or {})
    for name, total in totals.most_common(5):
        assert height(found.pop(name)) == total
    unsplit = [each for each in shown.buckets if each.breakdown is None]
    assert height(found.pop("total only", [])) == UNSPLIT * len(unsplit)
    assert set(found) == ({"other types"} if len(totals) > 5 else set())
    people = [y for _x, y in line(drawn) if not math.isnan(y)]
    assert people == [each.active_users for each in shown.buckets]


def test_bars_stand_on_each_other_and_below_their_day() -> None:
    drawn = drawing.figure(history([types(2, 4), types(7, 9), None]))

    found = sorted(itertools.chain(*bars(drawn).values()), key=lambda bar: (bar.x0, bar.y0))
    for day in range(3):
        of_day = [bar for bar in found if day < (bar.x0 + bar.x1) / 2 < day + 1]
        assert of_day[0].y0 == 0
        assert all(lower.y1 == upper.y0 for lower, upper in itertools.pairwise(of_day))
    assert [x for x, _y in line(drawn)] == [0.5, 1.5, 2.5]


def test_what_is_other_already_is_among_the_other_types() -> None:
    drawn = drawing.figure(history([{InteractionType.OTHER: 90, "message": 5}]))

    assert {name: height(of) for name, of in bars(drawn).items()} == {
        "message": 5,
        "other types": 90,
    }


def test_where_days_are_missing_there_is_a_gap_and_it_says_why() -> None:
    drawn = drawing.figure(history([types(1, 3)] * 9, missing=range(3, 6)))

    found = bars(drawn)
    [gap] = found.pop("no data")
    assert (gap.x0, gap.x1) == (3, 6)
    assert not [bar for bar in itertools.chain(*found.values()) if bar.x1 > 3 and bar.x0 < 6]
    assert [math.isnan(people) for _x, people in line(drawn)] == [3 <= day < 6 for day in range(9)]


def test_a_day_without_interactions_is_no_gap() -> None:
    drawn = drawing.figure(SMALL)

    assert "no data" not in bars(drawn)
    assert line(drawn)[1] == (1.5, 0)


def test_it_says_what_is_shown_of_which_time() -> None:
    assert {
        "Interactions and active people",
        "By day, Mar 29, 2026 to Mar 31, 2026, UTC",
        "Interactions",
        "Active people",
        "active people",
        "Mar 31",
        "Weekdays and hours, UTC",
    } <= words(drawing.figure(SMALL))
    assert "By hour, Mar 30, 2026, 01:00 UTC to Mar 31, 2026, 00:00 UTC" in words(
        drawing.figure(HOURS)
    )


def test_a_year_is_labelled_by_its_months() -> None:
    axes = drawing.figure(YEAR).axes[0]

    days = {
        label.get_text(): (YEAR.since + float(at) * DAY).date()
        for at, label in zip(axes.get_xticks(), axes.get_xticklabels(), strict=True)
    }
    assert days == {
        "Apr": date(2025, 4, 1),
        "Jun": date(2025, 6, 1),
        "Aug": date(2025, 8, 1),
        "Oct": date(2025, 10, 1),
        "Dec": date(2025, 12, 1),
        "Feb": date(2026, 2, 1),
    }


@pytest.mark.parametrize("days", [1, 2, 3, 7, 24, 30, 90, 366])
def test_dates_are_thinned_out(days: int) -> None:
    axes = drawing.figure(history([types(1, 3)] * days)).axes[0]

    labels = [label.get_text() for label in axes.get_xticklabels()]
    assert 0 < len(labels) <= 6
    assert len(set(labels)) == len(labels)
    # The newest is among them.
    assert days > 120 or "Mar 31" in labels


def test_the_week_is_shown_by_the_hour() -> None:
    drawn = drawing.figure(LARGE)

    week = drawn.axes[-1]
    [cells] = week.collections
    assert np.asarray(cells.get_array()).tolist() == [
        list(day) for day in LARGE.hours_of_week or ()
    ]
    assert [day.get_text() for day in week.get_yticklabels()] == [
        "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"
    ]  # fmt: skip
    # Monday is above.
    assert week.get_ylim() == (7, 0)
    assert {"0", "29"} <= words(drawn)


def test_what_could_tell_of_few_people_is_not_drawn() -> None:
    hidden: dict[str, Any] = dict.fromkeys(("interactions", "active_users", "breakdown"))
    one, *others = SMALL.buckets
    partly = replace(SMALL, buckets=(replace(one, **hidden), *others), hours_of_week=None)
    wholly = replace(partly, buckets=tuple(replace(each, **hidden) for each in SMALL.buckets))
    seen, nothing = drawing.figure(partly), drawing.figure(wholly)

    assert "Not shown with BREAKDOWN_MIN_USERS." in words(seen)
    assert sum(map(height, bars(seen).values())) == sum(each.interactions or 0 for each in others)
    assert words(nothing) == {
        "Interactions and active people",
        "Not shown with BREAKDOWN_MIN_USERS.",
    }


def test_it_says_when_the_week_is_not_of_all() -> None:
    note = "Hours are known of what has not been deleted."

    assert note in words(drawing.figure(LARGE))
    assert note not in words(drawing.figure(SMALL))


@pytest.mark.parametrize(
    ("shown", "sentence"),
    [
        (EMPTY, "Nothing has been recorded yet."),
        (QUIET, "Nothing was recorded in this time."),
    ],
)
def test_nothing_is_a_sentence_and_no_empty_axis(shown: History, sentence: str) -> None:
    drawn = drawing.figure(shown)

    assert sentence in words(drawn)
    assert drawn.axes == []


@pytest.mark.parametrize(
    ("language", "some"),
    [
        ("en", {"Mon", "Mar 31", "10,000", "26.1M"}),
        ("de", {"Mo", "31. März", "10.000", "26,1\xa0Mio."}),
        ("ru", {"пн", "31 мар.", "10\xa0000", "26,1\xa0млн"}),
    ],
)
async def test_dates_and_numbers_have_the_form_of_the_language(
    language: str, some: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the thread that draws, too."""
    found = set[str]()
    figure = drawing.figure

    def noting(shown: History) -> Figure:
        found.update(words(drawn := figure(shown)))
        return drawn

    monkeypatch.setattr(drawing, "figure", noting)
    with translations().use_locale(language):
        await Charts().draw(replace(LARGE, hours_of_week=YEAR.hours_of_week))

    assert some <= found


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("shown", HISTORIES.values(), ids=HISTORIES)
def test_every_text_is_whole_and_apart_from_the_others(shown: History, language: str) -> None:
    with translations().use_locale(language):
        where = written(drawing.figure(shown))

    assert_readable(where)


def assert_readable(where: dict[Text, Bbox]) -> None:
    for text, box in where.items():
        assert box.x0 >= 0, text
        assert box.y0 >= 0, text
        assert box.x1 <= 1080, text
        assert box.y1 <= 1350, text
        # On a phone that is 390 points wide: 9 of them.
        assert float(text.get_fontsize()) >= 26
    for (one, here), (other, there) in itertools.combinations(where.items(), 2):
        assert not here.overlaps(there), (one, other)


def test_texts_stand_out_from_the_paper() -> None:
    texts = [text for shown in HISTORIES.values() for text in written(drawing.figure(shown))]

    for color in {to_hex(text.get_color()) for text in texts}:
        assert contrast(color, drawing.PAPER) >= 4.5


@pytest.mark.parametrize("eyes", EYES)
def test_whatever_eyes_see_tells_colours_apart(eyes: str) -> None:
    palette = [
        *drawing.TYPES, drawing.OTHER_TYPES, drawing.TOTAL_ONLY, drawing.NO_DATA, drawing.PAPER
    ]  # fmt: skip
    seen = {
        color: lightness_and_hue([dot(row, linear(color)) for row in EYES[eyes]])
        for color in palette
    }

    for one, other in itertools.combinations(palette, 2):
        # 2.3 can just be told apart, side by side.
        assert math.dist(seen[one], seen[other]) > 10, (one, other)


def lightness_and_hue(rgb: list[float]) -> list[float]:
    """CIELAB of linear sRGB."""
    rows = (0.4339, 0.3763, 0.1899), (0.2126, 0.7152, 0.0722), (0.0177, 0.1095, 0.8729)
    inside = [min(1.0, max(0.0, part)) for part in rgb]
    x, y, z = (math.cbrt(dot(row, inside)) for row in rows)
    return [116 * y - 16, 500 * (x - y), 200 * (y - z)]


class Drawings:
    """Counts what is drawn."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0
        self._figure = drawing.figure
        monkeypatch.setattr(drawing, "figure", self._draw)

    def _draw(self, shown: History) -> Figure:
        self.count += 1
        return self._figure(shown)


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


async def test_only_the_newest_pictures_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    drawings = Drawings(monkeypatch)
    charts = Charts()
    pictures = [history([{}] * days) for days in range(1, KEPT + 2)]
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

    def waiting(shown: History) -> Figure:
        loop.call_soon_threadsafe(begun.set)
        assert answered.wait(20)
        return figure(shown)

    monkeypatch.setattr(drawing, "figure", waiting)
    drawn = asyncio.create_task(Charts().draw(SMALL))
    async with asyncio.timeout(20):
        await begun.wait()
    answered.set()

    assert (await drawn).startswith(b"\x89PNG")


async def test_the_program_is_not_looked_through_for_each_picture() -> None:
    await Charts().draw(SMALL)

    assert gc.get_freeze_count() > 10_000


async def test_pictures_are_drawn_one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    at_once = threading.Semaphore(1)
    figure = drawing.figure

    def alone(shown: History) -> Figure:
        assert at_once.acquire(blocking=False)
        drawn = figure(shown)
        at_once.release()
        return drawn

    monkeypatch.setattr(drawing, "figure", alone)
    charts = Charts()

    await asyncio.gather(*map(charts.draw, HISTORIES.values()))


counts = st.one_of(st.integers(1, 20), st.integers(1, 10**10))
splits = st.none() | st.dictionaries(st.sampled_from(NAMES), counts)


@st.composite
def histories(draw: st.DrawFn) -> History:
    step = draw(st.sampled_from([HOUR, DAY]))
    longest = 24 if step == HOUR else 366
    some = draw(st.lists(splits, max_size=20))
    made = history(
        (some * draw(st.integers(1, 20)))[:longest], week=draw(st.integers(0, 10**8)), step=step
    )
    kept = draw(st.lists(st.booleans(), max_size=10)) or [True]
    buckets = tuple(itertools.compress(made.buckets, itertools.cycle(kept)))
    return replace(made, buckets=buckets)


@settings(max_examples=25, deadline=None)
@given(histories(), st.sampled_from(LANGUAGES))
def test_whatever_was_recorded_is_drawn_whole_and_readable(shown: History, language: str) -> None:
    with translations().use_locale(language):
        drawn = drawing.figure(shown)
        where = written(drawn)
        picture, no_data = drawing.png(drawn), _("no data")

    assert picture.startswith(b"\x89PNG")
    assert_readable(where)
    if drawn.axes:
        found = bars(drawn)
        found.pop(no_data, None)
        assert sum(map(height, found.values())) == sum(
            each.interactions or 0 for each in shown.buckets
        )
