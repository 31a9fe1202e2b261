"""Notes on charts: a line where each belongs, and numbers, which stay apart."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from analytics import History, Interaction, InteractionType
from analytics.telegram.charts.series import series
from analytics.telegram.charts.themes import DARK, LIGHT, Theme
from tests.support.examples import examples
from tests.support.figures import (
    active_users,
    assert_readable,
    contrast,
    draw,
    interactions,
    words,
    written,
)
from tests.support.histories import DAY, HOUR, NEWEST, busy, history, noted, types
from tests.support.service import open_service

HOURS = history([types(5, 60)] * 24, step=HOUR)
# On NEWEST, a Tuesday, the axis of weeks ends with the week; on a Monday before it.
LENGTHS = {"day": HOURS, **{f"{days} days": busy(days) for days in (7, 30, 90, 365)}}
MONDAY = replace(
    busy(90),
    as_of=NEWEST - DAY / 2,
    since=NEWEST - 90 * DAY,
    buckets=tuple(replace(each, since=each.since - DAY) for each in busy(90).buckets),
)


def lines(axes: Axes) -> list[float]:
    """The places of the lines of marks."""
    return [float(np.asarray(each)[0][0]) for of in marks(axes) for each in of.get_segments()]


def marks(axes: Axes) -> list[LineCollection]:
    return [each for each in axes.collections if isinstance(each, LineCollection)]


def numbers(drawn: Figure) -> dict[str, float]:
    """By the numbers of marks, their places on the axis."""
    first, last = (interactions(drawn).transData.transform((at, 0))[0] for at in (0, 1))
    return {
        text.get_text(): (text.get_window_extent().x0 + text.get_window_extent().x1 - 2 * first)
        / (2 * (last - first))
        for text in drawn.texts
        if text.get_text().isdigit() and text.get_fontweight() == "bold"
    }


@pytest.mark.parametrize("shown", LENGTHS.values(), ids=LENGTHS)
def test_a_note_is_a_line_in_its_hour_or_day_with_a_number_above(shown: History) -> None:
    ago = 5
    drawn = draw(noted(shown, ago))

    axis = series(shown)
    place = (shown.since + shown.length - axis.since) / shown.step - ago - 0.5
    for axes in (interactions(drawn), active_users(drawn)):
        assert lines(axes) == [place]
    [(number, at)] = numbers(drawn).items()
    assert number == "1"
    assert at == pytest.approx(place, abs=axis.end / 200)


def test_a_note_made_within_an_hour_or_a_day_is_in_its_middle() -> None:
    days, hours = busy(30), HOURS
    late = replace(noted(days, 3).notes[0], moment=NEWEST - 3 * DAY + timedelta(hours=23))

    assert lines(interactions(draw(replace(days, notes=(late,))))) == [26.5]
    assert lines(interactions(draw(noted(hours, 3)))) == [20.5]


@pytest.mark.parametrize("days", [30, 90, 365])
async def test_where_clocks_change_a_note_stays_on_its_day(tmp_path: Path, days: int) -> None:
    ago = 3, 8, 64, 80, 200
    noon = datetime(2026, 4, 1, 12, tzinfo=UTC)
    # Summer time began three days before.
    async with open_service(tmp_path, timezone="Europe/Berlin", clock=lambda: noon) as analytics:
        await analytics.record(
            [Interaction(1, InteractionType.MESSAGE, noon - day * DAY) for day in range(300)]
        )
        for each in ago:
            await analytics.notes.add("deployed", noon.date() - each * DAY)
        shown = series(await analytics.reports.history(days * DAY))

    today = (noon.date() - shown.since.date()).days
    places = [place for mark in shown.marks for place in mark.places]
    assert places == [today - each + 0.5 for each in sorted(ago, reverse=True) if each <= today]


def test_without_notes_nothing_is_marked_and_no_room_is_taken() -> None:
    plain, marked = draw(busy(30)), draw(noted(busy(30), 3))

    assert lines(interactions(plain)) == lines(active_users(plain)) == []
    assert numbers(plain) == {}
    assert interactions(plain).get_position().height > interactions(marked).get_position().height


def test_notes_of_one_day_are_one_line_with_one_number() -> None:
    drawn = draw(noted(busy(30), 3, 3, 20))

    assert lines(interactions(drawn)) == [9.5, 26.5]
    assert [*numbers(drawn)] == ["1", "2"]


def test_days_too_close_to_have_numbers_share_one_and_each_has_its_line() -> None:
    shown = noted(busy(365), 1, 2, 3, 100)
    drawn = draw(shown)

    assert [len(mark.notes) for mark in series(shown).marks] == [1, 3]
    assert len(lines(interactions(drawn))) == 4
    assert [*numbers(drawn)] == ["1", "2"]


def test_a_note_of_a_day_that_an_axis_of_weeks_leaves_out_is_at_its_end() -> None:
    drawn = draw(noted(MONDAY, 0))

    axes = interactions(drawn)
    assert lines(axes) == [axes.get_xlim()[1]]


def test_a_note_from_before_the_axis_has_no_mark() -> None:
    # A week that the period cuts off is left out.
    shown = busy(90)
    cut_off = (series(shown).since - shown.since) // DAY
    drawn = draw(noted(shown, *(89 - day for day in range(cut_off))))

    assert cut_off
    assert lines(interactions(drawn)) == []
    assert numbers(drawn) == {}


def test_no_character_of_a_note_is_in_the_picture() -> None:
    """The fonts of charts do not have all of them; a missing one would be a warning, and a box."""
    text = "نشر 発売 🚀"
    shown = noted(busy(30), 3)
    drawn = draw(replace(shown, notes=(replace(shown.notes[0], text=text),)))

    assert not set(text) & set("".join(words(drawn))) - {" "}


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_lines_stand_out_from_the_paper(theme: Theme) -> None:
    [drawn] = marks(interactions(draw(noted(busy(30), 3), theme)))

    assert contrast(to_hex(np.asarray(drawn.get_color())[0]), theme.paper) >= 4.5


@settings(max_examples=examples(10))
@example("day", [*range(24)])
@example("90 days", [*range(90)])
@example("365 days", [*range(0, 365, 4)])
@given(st.sampled_from([*LENGTHS]), st.lists(st.integers(0, 364), max_size=100))
def test_however_many_notes_there_are_nothing_overlaps(name: str, ago: list[int]) -> None:
    shown = LENGTHS[name]
    ago = [each % (shown.length // shown.step) for each in ago]
    numbered = series(noted(shown, *ago)).marks

    assert_readable(written(draw(noted(shown, *ago))))
    on_axis = [note for mark in numbered for note in mark.notes]
    assert on_axis == [each for each in noted(shown, *ago).notes if each in on_axis]
    assert len(numbered) <= 20
