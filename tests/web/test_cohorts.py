"""Who comes back on the admin page: a triangle of what the chat tells, and its files."""

import csv
import io
import json
import re
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

from analytics import Interaction, InteractionType
from tests.support.admin_pages import Answer, served
from tests.support.clock import NOW, Clock
from tests.support.markup import bare, tables
from tests.support.service import SOMEBODY, run_once

# A Wednesday, in the week of the 15th.
NEXT_MONDAY = NOW.replace(hour=0, minute=0, second=0) + timedelta(weeks=2)
TODAY = NEXT_MONDAY + timedelta(days=2, hours=12)
BEGAN = NEXT_MONDAY - timedelta(weeks=3)


def come(people: Iterable[int], *weeks_ago: int) -> list[Interaction]:
    """An interaction of each of the people in each of the weeks, on its Tuesday."""
    return [
        Interaction(
            SOMEBODY + person,
            InteractionType.MESSAGE,
            NEXT_MONDAY + timedelta(days=1) - timedelta(weeks=ago),
        )
        for ago in weeks_ago
        for person in people
    ]


# Of the second week after the first one, too few people are known to be told of.
SAID = [
    *(come(range(30), 3) + come(range(20), 2) + come(range(2), 1) + come(range(10), 0)),
    *(come(range(100, 1300), 1) + come(range(100, 105), 0)),
    *come(range(2000, 2007), 0),
]
SHOWN = [
    ["Week of", "New", "1", "2", "3"],
    ["May 25", "30", "67", "–", "33"],
    ["Jun 1", "–", "–", "–"],
    ["Jun 8", "1,200", "1"],
    ["Jun 15", "7"],
]


async def asked(folder: Path, path: str, **headers: str) -> Answer:
    await run_once(folder, clock=lambda: BEGAN)
    async with served(folder, lambda: TODAY, SAID) as page:
        return await page.ask(path, session=await page.session(), **headers)


async def test_the_triangle_has_the_percentages_of_the_chat(tmp_path: Path) -> None:
    shown = await asked(tmp_path, "/view/cohorts")

    [[above, *rows]] = tables(shown.text)
    assert above == ["", "", "Weeks later"]
    assert rows == SHOWN
    assert "Stickiness" in shown.text
    assert 'title="20 of 30 users">67<' in shown.text


async def test_hidden_cells_and_those_of_the_running_week_look_different(tmp_path: Path) -> None:
    shown = (await asked(tmp_path, "/view/cohorts")).text
    cells = re.findall(r'<td class="([^"]*)" title="([^"]*)">([^<]*)<', shown)

    assert {style for style, _title, text in cells if text == "–"} <= {"gap", "gap running"}
    assert {title for _style, title, text in cells if text == "–"} == {"too few people"}
    assert all("shade-" in style for style, _title, text in cells if text != "–")
    assert [text for style, _title, text in cells if "running" in style] == ["33", "–", "1"]
    # The largest share has the strongest colour.
    assert {text: style for style, _title, text in cells if text != "–"} == {
        "67": "shade-5",
        "33": "shade-3 running",
        "1": "shade-1 running",
    }
    assert '<td class="number running">7<' in shown
    legend = bare(re.findall(r'<ul class="legend">(.*?)</ul>', shown, re.DOTALL)[0])
    assert "– too few people" in legend
    assert "this week so far" in legend


async def test_the_files_have_what_is_shown(tmp_path: Path) -> None:
    as_csv = await asked(tmp_path, "/export/cohorts?format=csv")
    as_json = await asked(tmp_path, "/export/cohorts?format=json")

    assert as_csv.headers["Content-Disposition"] == 'attachment;filename="who-comes-back.csv"'
    header, *rows = csv.reader(io.StringIO(as_csv.text.removeprefix("\ufeff")))
    assert header == ["section", "since", "name", "value"]
    assert {section for section, *_rest in rows} == {"cohort"}
    assert ["cohort", "2026-05-25", "week 0", "30"] in rows
    assert ["cohort", "2026-05-25", "week 1", "20"] in rows
    assert ["cohort", "2026-05-25", "week 2", ""] in rows
    assert ["cohort", "2026-05-25", "week 3 so far", "10"] in rows
    found = json.loads(as_json.text)
    assert found["running"] == "2026-06-15"
    oldest = next(each for each in found["cohorts"] if each["since"] == "2026-05-25")
    assert (oldest["size"], oldest["returned"]) == (30, [20, None, 10])


async def test_before_a_week_is_over_there_is_a_sentence(tmp_path: Path, clock: Clock) -> None:
    async with served(tmp_path, clock, come(range(9), 2)) as page:
        shown = await page.ask("/view/cohorts", session=await page.session())
        refused = await page.ask("/export/cohorts?format=xml", session=await page.session())

    assert "The first whole week is not over yet." in shown.text
    assert tables(shown.text) == []
    assert refused.status == 404
