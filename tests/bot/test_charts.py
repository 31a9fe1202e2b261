"""Charts as files: the same drawn once, new ones anew, and none of nothing."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from io import BytesIO

import pytest
from PIL import Image

from analytics.statistics.report_models import History
from analytics.telegram.charts import KEPT, Charts, nothing_to_draw
from analytics.telegram.i18n import translations
from tests.support.histories import EMPTY, HISTORIES, QUIET, SMALL, history, types
from tests.support.workers import Workers


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


async def test_the_same_is_drawn_once_and_what_is_new_anew(workers: Workers) -> None:
    charts = Charts()
    later = replace(SMALL, as_of=SMALL.as_of + timedelta(minutes=5))
    first, again, afterwards = await asyncio.gather(
        charts.draw(SMALL), charts.draw(SMALL), charts.draw(later)
    )
    assert (workers.count, first) == (1, again)
    assert afterwards == first

    with translations().use_locale("de"):
        await charts.draw(SMALL)
    await charts.draw(history([types(3, 9), {}, types(3, 6)]))
    assert workers.count == 3


async def test_a_day_that_is_over_meanwhile_is_drawn_anew(workers: Workers) -> None:
    charts = Charts()
    running = history([types(3, 9)] * 7, unfinished=True)
    for hours in (0, 11, 12):
        await charts.draw(replace(running, as_of=running.as_of + timedelta(hours=hours)))

    assert workers.count == 2


async def test_only_the_newest_pictures_are_kept(workers: Workers) -> None:
    charts = Charts()
    pictures = [history([types(1, 3)] * days) for days in range(1, KEPT + 2)]
    for each in pictures:
        await charts.draw(each)

    await charts.draw(pictures[1])
    assert workers.count == KEPT + 1
    await charts.draw(pictures[0])
    assert workers.count == KEPT + 2
