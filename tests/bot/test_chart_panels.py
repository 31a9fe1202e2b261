"""Interactions above active users: every number is there, and nothing looks like a collapse."""

import itertools
import math
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from matplotlib.axes import Axes

from analytics import History, InteractionType
from analytics.telegram import translations
from analytics.telegram.charts.themes import DARK, LIGHT, TYPES, Theme
from analytics.telegram.texts.type_names import type_name
from tests.support.figures import (
    active_users,
    bars,
    colors,
    draw,
    height,
    interactions,
    labels,
    line,
    words,
)
from tests.support.histories import (
    DAY,
    HOUR,
    HOURS,
    NAMES,
    NEWEST,
    SMALL,
    UNSPLIT,
    busy,
    history,
    types,
)


@pytest.mark.parametrize("shown", [SMALL, HOURS, busy(31), history([types(22, 900)] * 31)])
def test_up_to_31_days_all_interactions_and_active_users_are_in_it(shown: History) -> None:
    drawn = draw(shown)

    found = bars(interactions(drawn))
    found.pop("no data", None)
    assert sum(map(height, found.values())) == sum(each.interactions or 0 for each in shown.buckets)
    totals = Counter[str]()
    for bucket in shown.buckets:
        totals.update(bucket.breakdown or {})
    for name, total in totals.most_common(5):
        assert height(found.pop(type_name(name))) == total
    unsplit = [each for each in shown.buckets if each.breakdown is None]
    assert height(found.pop("total only", [])) == UNSPLIT * len(unsplit)
    assert set(found) == ({"other types"} if len(totals) > 5 else set())


@pytest.mark.parametrize(("days", "width"), [(30, 1), (31, 1), (32, 7), (90, 7), (366, 7)])
def test_beyond_31_days_a_bar_is_the_daily_mean_of_a_week_from_monday_on(
    days: int, width: int
) -> None:
    shown = busy(days, unfinished=False)
    found = bars(interactions(draw(shown)))["messages"]

    assert {round(bar.width / 0.84, 6) for bar in found} == {width}
    # Neither the first nor the last week, which are not whole, is higher or lower.
    assert {round(bar.height, 6) for bar in found} == {60}
    if width == 7:
        assert len(found) in {days // 7, days // 7 + 1}
        assert "Daily average of each week, UTC" in words(draw(shown))


def test_a_mean_is_of_the_days_of_its_week_that_are_known() -> None:
    monday = NEWEST - timedelta(days=NEWEST.weekday())
    shown = history([{"message": 10 * day} for day in range(60)], missing=range(40, 43))
    drawn = draw(shown)

    found = {bar.x0 - 0.56: bar.height for bar in bars(interactions(drawn))["messages"]}
    first = monday - len(found) * 7 * DAY + 7 * DAY
    for begin, mean in found.items():
        week = first + begin * DAY
        known = [
            each.interactions or 0 for each in shown.buckets if week <= each.since < week + 7 * DAY
        ]
        assert mean == pytest.approx(sum(known) / len(known))


@pytest.mark.parametrize("days", [1, 7, 31])
def test_the_unfinished_day_is_hatched_and_labelled(days: int) -> None:
    drawn = draw(busy(days, count=6000))

    for axes, count in ((interactions(drawn), 1000), (active_users(drawn), 334)):
        [[hatched]] = bars(axes, hatched=True).values()
        assert hatched.height == count
        assert hatched.x1 == pytest.approx(axes.get_xlim()[1] - 0.08)
    assert [text.get_text() for text in drawn.texts].count("today so far") == 2
    if days > 7:
        # The line ends with the last complete day.
        assert [people for _x, people in line(active_users(drawn))] == [2000] * (days - 1)


@pytest.mark.parametrize("days", [32, 90, 365])
def test_the_unfinished_day_is_in_no_mean(days: int) -> None:
    drawn = draw(busy(days, count=6000))

    for axes, count in ((interactions(drawn), 6000), (active_users(drawn), 2000)):
        heights = {round(bar.height, 6) for of in bars(axes).values() for bar in of}
        assert heights == {count}
        # NEWEST is a Tuesday: of its week, only Monday is complete.
        assert len(list(itertools.chain(*bars(axes, hatched=True).values()))) == 1
    assert {people for _x, people in line(active_users(drawn))} == {2000}
    assert [text.get_text() for text in drawn.texts].count("this week so far") == 2
    assert "30, 2026" in " ".join(words(drawn))


def test_the_unfinished_hour_is_hatched() -> None:
    drawn = draw(history([{"message": 90}] * 24, step=timedelta(hours=1), unfinished=True))

    [[hatched]] = bars(interactions(drawn), hatched=True).values()
    assert hatched.x0 > 23
    assert "this hour so far" in words(drawn)


@pytest.mark.parametrize("shown", [SMALL, busy(60, unfinished=False)])
def test_what_is_complete_is_not_called_unfinished(shown: History) -> None:
    # A report of complete intervals may end at midnight.
    whole = replace(shown, as_of=NEWEST + DAY)
    drawn = draw(replace(whole, buckets=whole.buckets[:-2], length=whole.length - 2 * DAY))

    assert bars(interactions(drawn), hatched=True) == {}
    assert not [text for text in words(drawn) if "so far" in text]


def test_no_axes_share_a_place_and_both_have_one_axis_of_time() -> None:
    drawn = draw(busy(30))

    above, below, _week = drawn.axes
    assert above.get_position().y0 > below.get_position().y1
    assert above.get_xlim() == below.get_xlim()
    assert (above.get_position().x0, above.get_position().x1) == (
        below.get_position().x0,
        below.get_position().x1,
    )
    assert labels(above) == {}
    assert labels(below)
    for axes in drawn.axes:
        assert axes.yaxis.get_ticks_position() == "left"
        assert axes.get_legend() is None


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_a_type_has_one_colour_whatever_the_period_and_rank(theme: Theme) -> None:
    rising = history([{name: 1 + at for at, name in enumerate(NAMES[:5])}] * 7)
    falling = history([{name: 9 - at for at, name in enumerate(NAMES[:5])}] * 90)
    alone = history([{NAMES[3]: 5}] * 24, step=timedelta(hours=1))

    for shown in (rising, falling, alone):
        found = colors(interactions(draw(shown, theme)))
        assert found == {type_name(name): TYPES[name] for name in NAMES if type_name(name) in found}
        assert len(found) in {5, 1}
    assert set(TYPES) == set(InteractionType) - {InteractionType.OTHER}
    assert len(set(TYPES.values())) == len(TYPES)


def test_layers_have_one_order_from_the_bottom_up() -> None:
    drawn = draw(history([{"button_click": 9, "message": 1, "command": 5}] * 7))

    found = {name: {bar.y0 for bar in of} for name, of in bars(interactions(drawn)).items()}
    assert found == {"messages": {0}, "commands": {1}, "button clicks": {6}}


def test_bars_stand_on_each_other_and_below_their_day() -> None:
    drawn = draw(history([types(2, 4), types(7, 9), None] * 3))

    found = itertools.chain(*bars(interactions(drawn)).values())
    by_place = sorted(found, key=lambda bar: (bar.x0, bar.y0))
    for day in range(9):
        of_day = [bar for bar in by_place if day < (bar.x0 + bar.x1) / 2 < day + 1]
        assert of_day[0].y0 == 0
        assert all(lower.y1 == upper.y0 for lower, upper in itertools.pairwise(of_day))


def test_what_is_other_already_is_among_the_other_types() -> None:
    drawn = draw(history([{InteractionType.OTHER: 90, "message": 5}] * 7))

    found = {name: height(of) for name, of in bars(interactions(drawn)).items()}
    assert found == {"messages": 35, "other types": 630}


@pytest.mark.parametrize("language", ["en", "de", "es", "ru", "uk"])
def test_every_type_has_a_readable_name_of_its_own(language: str) -> None:
    with translations().use_locale(language):
        names = [type_name(name) for name in InteractionType]

    assert len(set(names)) == len(InteractionType)
    assert not [name for name in names if "_" in name or name in set(InteractionType)]


def test_the_legend_names_what_is_shown_and_nothing_else() -> None:
    shown = words(draw(history([{"button_click": 3, "command": 2}] * 7)))

    assert {"button clicks", "commands"} <= shown
    assert not {"messages", "other types", "total only", "no data"} & shown


def test_where_days_are_missing_there_is_a_gap_and_it_says_why() -> None:
    drawn = draw(history([types(1, 90)] * 9, missing=range(3, 6)))

    found = bars(interactions(drawn))
    [gap] = found.pop("no data")
    assert (gap.x0, gap.x1) == (3, 6)
    assert not [bar for bar in itertools.chain(*found.values()) if bar.x1 > 3 and bar.x0 < 6]
    assert [x for x, people in line(active_users(drawn)) if math.isnan(people)] == [3]
    assert "no data" in words(drawn)


def test_a_day_without_interactions_is_no_gap() -> None:
    drawn = draw(history([types(1, 90), {}] * 4))

    assert "no data" not in bars(interactions(drawn))
    assert line(active_users(drawn))[1] == (1.5, 0)


@pytest.mark.parametrize("most", [1, 3, 9])
def test_few_people_are_counted_by_bars_on_an_axis_of_whole_numbers(most: int) -> None:
    drawn = draw(history([{"message": 3 * (at % most + 1)} for at in range(30)]))

    assert active_users(drawn).lines[:] == []
    [of_days] = bars(active_users(drawn)).values()
    assert [bar.height for bar in of_days] == [at % most + 1 for at in range(30)]
    for axes in (interactions(drawn), active_users(drawn)):
        assert numbered(axes)
        assert all(number == int(number) for number in numbered(axes))


def numbered(axes: Axes) -> list[float]:
    least, most = axes.get_ylim()
    return [float(number) for number in axes.get_yticks() if least <= number <= most]


def test_many_people_are_a_line() -> None:
    drawn = draw(busy(30, unfinished=False))

    assert line(active_users(drawn)) == [(day + 0.5, 20) for day in range(30)]
    assert bars(active_users(drawn)) == {}


def test_a_bot_of_one_day_is_no_wall() -> None:
    drawn = draw(replace(history([{}] * 29 + [{"message": 3}]), buckets=busy(1).buckets))

    assert interactions(drawn).get_xlim() == (0, 7)
    [[gap]] = [of for name, of in bars(interactions(drawn)).items() if name == "no data"]
    assert (gap.x0, gap.x1) == (0, 6)
    # Of the height of the axes.
    assert gap.height < 0.1


def test_an_unfinished_hour_without_interactions_is_not_labelled() -> None:
    label = "this hour so far"
    before: list[dict[str, int] | None] = [{"message": 3}] * 23

    assert label not in words(draw(history([*before, {}], step=HOUR, unfinished=True)))
    assert label in words(draw(history([*before, {"message": 1}], step=HOUR, unfinished=True)))


def test_what_could_tell_of_few_people_is_not_drawn() -> None:
    hidden: dict[str, Any] = dict.fromkeys(("interactions", "active_users", "breakdown"))
    one, *others = SMALL.buckets
    partly = replace(SMALL, buckets=(replace(one, **hidden), *others), hours_of_week=None, weeks=0)
    drawn = draw(partly)

    assert "Not shown with BREAKDOWN_MIN_USERS." in words(drawn)
    found = bars(interactions(drawn))
    assert found.pop("no data")
    assert sum(map(height, found.values())) == sum(each.interactions or 0 for each in others)
