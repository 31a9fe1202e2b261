"""Files of the admin page: the numbers of what is shown, and no others."""

import csv
import io
import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from analytics import Event, EventKind, InteractionType
from tests.support.admin_pages import Answer, Served, served
from tests.support.clock import NOW, Clock
from tests.support.markup import cards, readings
from tests.support.service import SOMEBODY, days_ago, interaction, open_service

DAY = timedelta(days=1)
# On each of the last 40 days, one more than on the next one; five people.
SAID = [
    interaction(ago * DAY, SOMEBODY + number % 5, InteractionType.COMMAND)
    for ago in range(40)
    for number in range(1 + ago)
]
HELP = Event(EventKind.COMMAND, "help")
LOOKS = [
    "period=90d",
    "period=1y",
    "period=7d&back=1",
    "from=2026-05-20&to=2026-05-22",
    "period=7d&type=command",
    "period=7d&command=help",
    "from=2026-05-20&to=2026-05-22&type=command",
]


async def page_and_files(page: Served, look: str) -> tuple[str, Answer, dict[str, Any]]:
    """The page of a look, and the files that it offers."""
    session = await page.session()
    shown = await page.ask(f"/view/?{look}", session=session)
    links = [
        each.replace("&amp;", "&") for each in re.findall(r'href="(/export[^"]*)"', shown.text)
    ]
    as_csv, as_json = [await page.ask(each, session=session) for each in links]
    return shown.text, as_csv, json.loads(as_json.text)


def days(file: str) -> list[str]:
    """The interactions of each day in a CSV file."""
    rows = csv.reader(io.StringIO(file.removeprefix("\ufeff")))
    return [value for section, _, name, value in rows if (section, name) == ("day", "interactions")]


@pytest.mark.parametrize("look", LOOKS)
async def test_whatever_is_shown_its_files_have_the_same_days(
    tmp_path: Path, clock: Clock, look: str
) -> None:
    async with open_service(tmp_path, clock=clock) as analytics:
        await analytics.record(SAID, None, [[HELP]] * len(SAID))
    async with served(tmp_path, clock) as page:
        shown, as_csv, as_json = await page_and_files(page, f"{look}&compare=none")

    buckets = as_json["history"]["buckets"]
    assert days(as_csv.text) == [str(each["interactions"]) for each in buckets]
    # Beyond 31 days a column is the average of a week.
    if len(buckets) <= 31:
        columns = re.findall(r": [^:;]*? (\d+)(?:;|$)", "\n".join(readings(shown)), re.MULTILINE)
        assert days(as_csv.text) == columns[: len(buckets)]
    total = sum(each["interactions"] for each in buckets)
    assert f"{total:,}" in cards(shown).values() or "1y" in look


async def test_a_file_of_chosen_days_has_their_sums_and_says_what_alone_is_counted(
    tmp_path: Path, clock: Clock
) -> None:
    async with open_service(tmp_path, clock=clock) as analytics:
        await analytics.record(SAID, None, [[HELP]] * len(SAID))
    async with served(tmp_path, clock) as page:
        _, as_csv, as_json = await page_and_files(page, LOOKS[3])
        _, _, only = await page_and_files(page, LOOKS[-1])

    assert (as_json["only"], only["only"]) == (None, "type command")
    assert as_json["types"] == {InteractionType.COMMAND: 36}
    assert as_json["words"]["command"] == {"help": 36}
    assert (only["types"], only["words"]) == (None, None)
    assert "command,2026-05-20T00:00:00Z,help,36\n" in as_csv.text
    name = "statistics-2026-05-20-2026-05-22.csv"
    assert as_csv.headers["Content-Disposition"] == f'attachment;filename="{name}"'


async def test_what_is_hidden_on_the_page_is_in_no_file(tmp_path: Path, clock: Clock) -> None:
    few = days_ago(3, count=1, people=1) + days_ago(4, count=9, people=9)
    async with open_service(tmp_path, clock=clock) as analytics:
        await analytics.record(few)
    look = f"from={NOW.date().replace(day=1)}&to={NOW.date()}"
    async with served(tmp_path, clock, breakdown_min_users=5) as page:
        _, as_csv, as_json = await page_and_files(page, f"from=2026-05-20&to={NOW.date()}")
        _, filtered, _ = await page_and_files(page, f"{look}&type=message")

    assert None in [each["interactions"] for each in as_json["history"]["buckets"]]
    assert (as_json["types"], as_json["words"]) == (None, None)
    assert not {"1", "10"} & {*days(as_csv.text), *days(filtered.text)}


async def test_of_what_is_counted_by_day_there_are_no_hours_and_no_file(
    tmp_path: Path, clock: Clock
) -> None:
    async with open_service(tmp_path, clock=clock) as analytics:
        await analytics.record(SAID, None, [[HELP]] * len(SAID))
    async with served(tmp_path, clock) as page:
        look, session = "period=24h&command=help", await page.session()
        shown = await page.ask(f"/view/?{look}", session=session)
        file = await page.ask(f"/export?{look}&format=json", session=session)

    assert "<polyline" not in shown.text
    assert "/export" not in shown.text
    assert json.loads(file.text)["history"]["buckets"] == []


async def test_days_that_cannot_be_have_no_file(tmp_path: Path, clock: Clock) -> None:
    async with served(tmp_path, clock) as page:
        for wrong in ("from=2026-05-22&to=2026-05-20", "from=x&to=y", "period=2w", "back=-1"):
            refused = await page.ask(f"/export?{wrong}", session=await page.session())
            assert refused.status == 404
