"""Charts of the admin page: each number is that of the report, and can be read as text."""

import re
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from analytics import Access, History, Interaction, InteractionType
from analytics.telegram.charts.themes import DARK, LIGHT, Theme
from bot.web.rendering import static
from tests.support.admin_pages import served
from tests.support.clock import Clock
from tests.support.markup import bare, readings, tables
from tests.support.service import SOMEBODY, days_ago, interaction, open_service

DAYS = timedelta(days=1)


def some_days() -> list[Interaction]:
    """Ten days of messages, commands and clicks by some people."""
    kinds = [InteractionType.MESSAGE, InteractionType.COMMAND, InteractionType.BUTTON_CLICK]
    return [
        interaction(timedelta(hours=7 * number), SOMEBODY + number % 5, kinds[number**2 % 3])
        for number in range(10 * 24 // 7)
    ]


async def page_and_history(
    folder: Path, clock: Clock, said: Sequence[Interaction], period: str, length: timedelta
) -> tuple[str, History]:
    async with served(folder, clock, said) as page:
        shown = await page.ask(f"/view/?period={period}", session=await page.session())
        async with open_service(folder, access=Access.READ) as reader:
            return shown.text, await reader.reports.history(length)


def named(breakdown: dict[str, int]) -> set[str]:
    """Counts in words as charts have them."""
    names = {"message": "messages", "command": "commands", "button_click": "button clicks"}
    return {f"{names[each]} {count}" for each, count in breakdown.items()}


@pytest.mark.parametrize(("period", "length"), [("24h", DAYS), ("7d", 7 * DAYS)])
async def test_each_column_reads_the_numbers_of_the_history(
    tmp_path: Path, clock: Clock, period: str, length: timedelta
) -> None:
    page, history = await page_and_history(tmp_path, clock, some_days(), period, length)
    read = readings(page)
    interactions, users = read[: len(read) // 2], read[len(read) // 2 :]

    assert len(interactions) == len(history.buckets)
    for bucket, above, below in zip(history.buckets, interactions, users, strict=True):
        assert f"Interactions {bucket.interactions}" in above
        assert below.endswith(f"Active users {bucket.active_users}")
        if bucket.breakdown and len(bucket.breakdown) > 1:
            inside = above.rpartition("(")[2].partition(")")[0]
            assert set(inside.split(", ")) == named(bucket.breakdown)


async def test_the_table_has_the_numbers_of_the_history_the_newest_first(
    tmp_path: Path, clock: Clock
) -> None:
    page, history = await page_and_history(tmp_path, clock, some_days(), "7d", 7 * DAYS)
    [head, *rows] = tables(page)[0]

    assert head == ["By day, UTC", "Interactions", "Active users", "messages", "commands"]
    assert [row[1:3] for row in rows] == [
        [str(bucket.interactions), str(bucket.active_users)] for bucket in history.buckets[::-1]
    ]


async def test_a_bar_is_as_high_as_its_number(tmp_path: Path, clock: Clock) -> None:
    page, history = await page_and_history(tmp_path, clock, some_days(), "7d", 7 * DAYS)
    bars = re.findall(r'<g class="bar.*?</g>', page, re.DOTALL)[: len(history.buckets)]
    heights = [sum(map(float, re.findall(r'height="([\d.]+)" fill', bar))) for bar in bars]
    counts = [bucket.interactions or 0 for bucket in history.buckets]

    scale = max(heights) / max(counts)
    assert heights == pytest.approx([count * scale for count in counts], abs=0.1)


async def test_the_hours_of_the_week_are_those_of_the_history(tmp_path: Path, clock: Clock) -> None:
    said = [*some_days(), *days_ago(3, count=1200), *days_ago(16)]
    page, history = await page_and_history(tmp_path, clock, said, "30d", 30 * DAYS)
    [_, *rows] = tables(page)[1]
    titles = re.findall(r'<td class="shade-\d" title="([\d,]+)"', page)

    assert history.hours_of_week is not None
    assert [row[0] for row in rows] == ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
    expected = [count for row in history.hours_of_week for count in row]
    assert [int(title.replace(",", "")) for title in titles] == expected
    # One busy hour does not pale the others.
    shades = {int(shade) for shade in re.findall(r'class="shade-(\d)" title="[^0]', page)}
    assert {1, 5} <= shades
    assert page.count('<tr class="today"><th scope="row">Mon') == 1


async def test_an_unknown_time_looks_different_from_none(tmp_path: Path, clock: Clock) -> None:
    clock.move(days=-3)
    async with served(tmp_path, clock) as page:
        clock.move(days=3)
        shown = await page.ask("/view/?period=7d", session=await page.session())
        assert "Nothing was recorded in this time." in shown.text
    async with served(tmp_path, clock, [interaction()]) as page:
        shown = await page.ask("/view/?period=7d", session=await page.session())
    [_, *rows] = tables(shown.text)[0]

    assert rows[-1] == ["May 26, 2026 – May 28, 2026", "no data"]
    assert [row[1] for row in rows[:-1]] == ["1", "0", "0", "0"]
    assert shown.text.count('fill="url(#gap1)"') == 1


async def test_a_note_is_a_mark_and_a_line_below(tmp_path: Path, clock: Clock) -> None:
    words = 'a <script>alert("1")</script> & b'
    async with open_service(tmp_path, clock=clock) as analytics:
        await analytics.notes.add(words)
    async with served(tmp_path, clock, [interaction()]) as page:
        shown = await page.ask("/view/?period=7d", session=await page.session())

    assert "<script" not in shown.text
    assert shown.text.count('<text class="mark"') == 2
    [notes] = re.findall(r'<ol class="notes">(.*?)</ol>', shown.text, re.DOTALL)
    assert bare(notes) == f"Jun 1, 2026: {words}"


async def test_a_year_is_shown_by_the_week(tmp_path: Path, clock: Clock) -> None:
    said = [*some_days(), *days_ago(80), *days_ago(73, count=12)]
    page, _ = await page_and_history(tmp_path, clock, said, "1y", 365 * DAYS)

    assert "Daily average of each week, UTC" in page
    assert any("Interactions 1.7" in reading for reading in readings(page))


async def test_small_groups_have_no_bar_and_no_hours(tmp_path: Path, clock: Clock) -> None:
    said = days_ago(1, count=3, people=3)
    async with served(tmp_path, clock, said, breakdown_min_users=5) as page:
        shown = await page.ask("/view/?period=7d", session=await page.session())

    assert "Not shown with BREAKDOWN_MIN_USERS." in shown.text
    assert not [reading for reading in readings(shown.text) if "Interactions 3" in reading]


@pytest.mark.parametrize(("theme", "number"), [(LIGHT, 0), (DARK, 1), (DARK, 3)])
def test_the_colours_of_the_stylesheet_are_those_of_the_charts_in_the_chat(
    theme: Theme, number: int
) -> None:
    rules = re.findall(r":root[^{]*\{([^}]*)\}", static("page.css").decode())
    colors = dict(re.findall(r"--([\w-]+): (#\w+);", rules[number]))

    assert colors["users"] == theme.active_users
    assert colors["other-types"] == theme.other_types
    assert colors["total-only"] == theme.total_only
    assert colors["gap"] == theme.no_data
    assert colors["shade-0"] == theme.zero
    assert [colors[f"shade-{shade}"] for shade in range(1, 6)] == list(theme.heat)


@pytest.mark.parametrize("number", [0, 1, 3])
def test_the_words_of_the_stylesheet_can_be_read_on_their_grounds(number: int) -> None:
    rules = re.findall(r":root[^{]*\{([^}]*)\}", static("page.css").decode())
    colors = dict(re.findall(r"--([\w-]+): (#\w+);", rules[number]))
    pairs = [
        (word, ground) for word in ("text", "quiet", "accent") for ground in ("ground", "card")
    ]
    on = {0: "quiet", 1: "on-weak", 2: "on-weak", 3: "on-middle", 4: "on-strong", 5: "on-strong"}
    pairs += [(word, f"shade-{shade}") for shade, word in on.items()]

    for word, ground in pairs:
        assert contrast(colors[word], colors[ground]) >= 4.5, (word, ground)


def contrast(one: str, other: str) -> float:
    """The contrast of two colours as WCAG 2.2 defines it, 1 to 21."""
    darker, lighter = sorted(map(luminance, (one, other)))
    return (lighter + 0.05) / (darker + 0.05)


def luminance(color: str) -> float:
    digits = color[1:] if len(color) == 7 else "".join(digit * 2 for digit in color[1:])
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
