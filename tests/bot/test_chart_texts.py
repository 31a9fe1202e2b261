"""Texts of charts can be read, and colours told apart, in every language and theme."""

import itertools
import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from matplotlib.colors import to_hex

from analytics import Bucket, History
from analytics.telegram import _, translations
from analytics.telegram.charts import Charts, drawing, nothing_to_draw
from analytics.telegram.charts.themes import DARK, LIGHT, THEMES, TYPES, Theme
from analytics.telegram.charts.wording import chart_request
from tests.support.examples import examples
from tests.support.figures import (
    EYES,
    active_users,
    assert_readable,
    bars,
    contrast,
    draw,
    height,
    interactions,
    pixels,
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


async def test_a_picture_is_in_the_language_of_who_asks() -> None:
    with translations().use_locale("ru"):
        picture = await Charts().draw(SMALL)
        asked = chart_request(SMALL, LIGHT)

    # Whoever draws has no language of their own.
    drawn = drawing.figure(asked)
    assert {"Активные пользователи", "вт\n31 мар."} <= words(drawn)
    assert pixels(picture) == pixels(drawing.png(drawn))


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
async def test_the_theme_is_a_setting(name: str) -> None:
    chosen = some_settings(chart_theme=name.upper())
    picture = await Charts(chosen.chart_theme).draw(SMALL)

    assert pixels(picture) == pixels(drawing.png(draw(SMALL, THEMES[name])))


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


@settings(max_examples=examples(25))
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
