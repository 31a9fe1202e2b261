"""Words of people and operators on the admin page: text, and nothing but text, whatever is in them.

A page with hostile words has the same elements and attributes as one with harmless words.
"""

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest

from analytics import AnalyticsService, Event, EventKind, Finding, InteractionType
from bot.web.findings import Doctor
from bot.web.upkeep import Upkeep
from tests.support.admin_pages import OWNER, deletes, served
from tests.support.clock import Clock
from tests.support.service import SOMEBODY, days_ago, interaction, open_service

KINDS = {
    InteractionType.COMMAND: (EventKind.COMMAND, EventKind.FAILED, EventKind.ERROR),
    InteractionType.BUTTON_CLICK: (EventKind.BUTTON, EventKind.UNANSWERED, EventKind.OWN),
}
HOSTILE = (
    "<script>attack()</script>",
    '"><img src=x onerror=attack()>',
    "' onmouseover='attack()' x='",
    "</title></svg><svg onload=attack()>",
    "{{ attack() }}{% set x = 1 %}",
    "\N{RIGHT-TO-LEFT OVERRIDE}attack()\N{POP DIRECTIONAL FORMATTING}",
    '=HYPERLINK("https://x.example")',
    "\uff0b1+attack()",
    "javascript:attack()",
)
LONG = "<b>&" * 1024
HARMLESS = tuple(f"word{number}" for number in range(len(HOSTILE)))
PATHS = [
    *("/", "/?period=24h", "/?period=90d", "/?period=1y", "/?period=7d&back=1"),
    *("/cohorts", "/records", "/state", "/cleanup", "/audit", "/help"),
]


class Elements(HTMLParser):
    """The elements of a page with the names of their attributes, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, ...]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        self.found.append((tag, *(name for name, _value in attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


async def written(folder: Path, clock: Clock, words: Sequence[str], long: str) -> None:
    """Record the words wherever a word can stand: as events, start links and notes."""
    async with open_service(folder, clock=clock) as analytics:
        said = days_ago(100, count=2)
        events: list[list[Event]] = [[], []]
        for word in (*words, long):
            for kind, of_kind in KINDS.items():
                said.append(interaction(timedelta(hours=1), SOMEBODY + len(said), kind))
                events.append([Event(each, word) for each in of_kind])
        for word in words:
            link = await analytics.links.make(word[:40])
            said.append(interaction(timedelta(hours=1), SOMEBODY, InteractionType.COMMAND))
            events.append([Event(EventKind.START_LINK, link.code)])
            await analytics.notes.add(word[:60])
        await analytics.record(said, None, events)


def around(words: Sequence[str]) -> Upkeep:
    """A bot whose doctor, with the name of the bot, and folder have the words, too."""

    async def examine() -> Sequence[Finding]:
        return [Finding("token", f"@{word}", word) for word in words]

    return Upkeep(doctor=Doctor(examine), backup_dir=Path(words[0]))


async def answers(
    folder: Path, clock: Clock, paths: Sequence[str], words: Sequence[str], long: str
) -> dict[str, str]:
    """What is answered on each path, where these are the words."""
    folder.mkdir()
    await written(folder, clock, words, long)
    async with served(folder, clock, upkeep=lambda analytics: around(words)) as page:
        found = {path: await page.ask(path, session=await page.session(OWNER)) for path in paths}

    for path, answer in found.items():
        assert answer.status == 200, path
        told = "".join(f"{name}: {value}" for name, value in answer.headers.items())
        assert not [word for word in words if word in told]
    return {path: answer.text for path, answer in found.items()}


async def test_hostile_words_are_text_and_change_no_element(tmp_path: Path, clock: Clock) -> None:
    paths = [f"/view{path}" for path in PATHS if path != "/cleanup"]
    hostile = await answers(tmp_path / "hostile", clock, paths, HOSTILE, LONG)
    harmless = await answers(tmp_path / "harmless", clock, paths, HARMLESS, "x" * len(LONG))

    for path in paths:
        assert Elements(hostile[path]).found == Elements(harmless[path]).found, path
    shown = Elements(hostile["/view/"])
    assert all(word in shown.text for word in (*HOSTILE, LONG))
    assert shown.text.count(HOSTILE[0]) >= 9  # six tables; the notes of both charts, and below them
    assert all(f"@{word}" in Elements(hostile["/view/state"]).text for word in HOSTILE)


async def test_hostile_words_are_no_formulas_in_files(tmp_path: Path, clock: Clock) -> None:
    exports = ["/export?format=csv", "/export?format=json", "/export/cohorts?format=csv"]
    found = await answers(tmp_path / "hostile", clock, exports, HOSTILE, LONG)
    rows = list(csv.reader(io.StringIO(found[exports[0]].removeprefix("\ufeff"))))

    assert {len(row) for row in rows} == {4}
    cells = [cell for row in rows for cell in row]
    assert not [cell for cell in cells if cell.startswith(tuple("=+-@\uff1d\uff0b\uff0d\uff20"))]
    assert all(word in cells or f"'{word}" in cells for word in (*HOSTILE, LONG))
    assert set(HOSTILE) <= set(json.loads(found[exports[1]])["report"]["commands"])


async def test_in_a_browser_hostile_words_do_nothing_and_owners_delete(
    tmp_path: Path, clock: Clock
) -> None:
    browsers = pytest.importorskip("tests.support.browsers", reason="needs the extra browser")
    if browsers.CHROMIUM is None:
        pytest.skip("needs chromium")
    await written(tmp_path, clock, HOSTILE, LONG)

    def upkeep(analytics: AnalyticsService) -> Upkeep:
        return replace(around(HOSTILE), owners_cleanup=deletes(analytics).owners_cleanup)

    async with browsers.chromium() as browser, served(tmp_path, clock, upkeep=upkeep) as page:
        window = await browsers.window(browser, locale="en-GB")
        await window.page.add_init_script("window.attack = () => { window.attacked = true }")
        await window.opens(await page.links.new(OWNER))
        for path in PATHS:
            await window.opens(page.address + path)
            assert await window.page.evaluate("window.attacked === undefined"), path
            assert await window.page.query_selector("#page script, #page img") is None
            if path == "/":
                assert HOSTILE[0] in await window.text()
        await window.opens(f"{page.address}/cleanup")
        await window.page.click("button")
        await window.page.wait_for_selector("text=Deleted")
        told = await window.text()

    assert "Deleted: 2 interactions older than 90 days." in told
    assert (window.violations, window.errors) == ([], [])
    assert window.hosts == {page.address.removeprefix("http://")}
