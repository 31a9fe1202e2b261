"""Texts of charts can be read, and colours told apart, in every language and theme."""

import itertools
import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from analytics import Bucket, History
from analytics.telegram import _, translations
from analytics.telegram.charts import Charts, drawing, nothing_to_draw
from analytics.telegram.charts.themes import DARK, LIGHT, THEMES, TYPES, Theme
from tests.support.figures import (
    EYES,
    active_users,
    bars,
    contrast,
    draw,
    height,
    interactions,
    seen,
    words,
    written,
)
from tests.support.histories import DAY, HISTORIES, HOUR, LARGE, NAMES, SMALL, YEAR, history
from tests.support.settings import some_settings

LANGUAGES = ["en", "ru", "uk", "de", "es"]


@pytest.mark.parametrize(
    ("language", "some"),
    [
        ("en", {"Mon", "Mar", "20,000", "26.1M"}),
        ("de", {"Mo", "Mär", "20.000", "26,1\xa0Mio."}),
        ("ru", {"пн", "март", "20\xa0000", "26,1\xa0млн"}),
    ],
)
def test_dates_and_numbers_have_the_form_of_the_language(language: str, some: set[str]) -> None:
    with translations().use_locale(language):
        shown = words(draw(replace(LARGE, hours_of_week=YEAR.hours_of_week)))

    assert some <= shown


async def test_the_thread_that_draws_knows_the_language(monkeypatch: pytest.MonkeyPatch) -> None:
    found = set[str]()
    figure = drawing.figure

    def noting(shown: History, theme: Theme) -> Figure:
        found.update(words(drawn := figure(shown, theme)))
        return drawn

    monkeypatch.setattr(drawing, "figure", noting)
    with translations().use_locale("ru"):
        await Charts().draw(SMALL)

    assert {"Активные пользователи", "вт\n31 мар."} <= found


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("shown", HISTORIES.values(), ids=HISTORIES)
def test_every_text_is_whole_and_apart_from_the_others(shown: History, language: str) -> None:
    with translations().use_locale(language):
        where = written(draw(shown))

    assert_readable(where)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("month", [3, 9])
def test_days_whose_names_are_long_stand_apart(language: str, month: int) -> None:
    since = datetime(2026, month, 23, tzinfo=UTC)
    for days in (7, 8):
        history = History(
            as_of=since + timedelta(days=days - 1, hours=12),
            since=since,
            step=timedelta(days=1),
            buckets=tuple(
                Bucket(
                    since=since + timedelta(days=day),
                    interactions=4,
                    active_users=2,
                    breakdown={"message": 4},
                )
                for day in range(days)
            ),
            hours_of_week=None,
            length=timedelta(days=days),
        )
        with translations().use_locale(language):
            assert_readable(written(draw(history)))


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


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_texts_stand_out_from_the_paper(theme: Theme) -> None:
    texts = [text for shown in HISTORIES.values() for text in written(draw(shown, theme))]

    for color in {to_hex(text.get_color()) for text in texts}:
        assert contrast(color, theme.paper) >= 4.5


@pytest.mark.parametrize("theme", [LIGHT, DARK])
@pytest.mark.parametrize("eyes", EYES)
def test_whatever_eyes_see_tells_colours_apart(eyes: str, theme: Theme) -> None:
    palette = [
        *TYPES.values(), theme.other_types, theme.total_only, theme.no_data, theme.paper
    ]  # fmt: skip

    for one, other in itertools.combinations(palette, 2):
        # 2.3 can just be told apart, side by side.
        assert math.dist(seen(one, eyes), seen(other, eyes)) > 10, (one, other)


@pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)
def test_all_of_a_picture_is_on_the_paper_of_its_theme(theme: Theme) -> None:
    drawn = draw(SMALL, theme)

    assert to_hex(drawn.get_facecolor()) == theme.paper
    assert {to_hex(axes.get_facecolor()) for axes in drawn.axes} == {theme.paper}
    assert set(THEMES) == {"light", "dark"}


@pytest.mark.parametrize("name", THEMES)
async def test_the_theme_is_a_setting(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    used = []
    figure = drawing.figure

    def noting(shown: History, theme: Theme) -> Figure:
        used.append(theme)
        return figure(shown, theme)

    monkeypatch.setattr(drawing, "figure", noting)
    chosen = some_settings(chart_theme=name.upper())
    await Charts(chosen.chart_theme).draw(SMALL)

    assert used == [THEMES[name]]


counts = st.one_of(st.integers(1, 20), st.integers(1, 10**10))
splits = st.none() | st.dictionaries(st.sampled_from(NAMES), counts)


@st.composite
def histories(draw: st.DrawFn) -> History:
    step = draw(st.sampled_from([HOUR, DAY]))
    longest = 24 if step == HOUR else 366
    some = draw(st.lists(splits, max_size=20))
    made = history(
        (some * draw(st.integers(1, 20)))[:longest],
        week=draw(st.integers(0, 10**8)),
        step=step,
        unfinished=draw(st.booleans()),
    )
    kept = draw(st.lists(st.booleans(), max_size=10)) or [True]
    buckets = tuple(itertools.compress(made.buckets, itertools.cycle(kept)))
    return replace(made, buckets=buckets)


@settings(max_examples=25, deadline=None)
@given(histories(), st.sampled_from(LANGUAGES))
@example(history([{"message": 4}], week=4_547_728, step=DAY), "ru")
def test_whatever_was_recorded_is_readable_and_no_empty_picture(
    shown: History, language: str
) -> None:
    if nothing_to_draw(shown):
        assert not any(bucket.interactions for bucket in shown.buckets)
        return
    with translations().use_locale(language):
        drawn = draw(shown)
        where = written(drawn)
        picture, no_data = drawing.png(drawn), _("no data")

    assert picture.startswith(b"\x89PNG")
    assert_readable(where)
    for axes in (interactions(drawn), active_users(drawn)):
        found = bars(axes)
        found.pop(no_data, None)
        assert axes.lines or sum(map(height, found.values())) > 0
