"""All views of the admin page in a real Chromium: axe, the width of a phone, and the keyboard."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from analytics import AnalyticsService, Finding
from bot.web.findings import Doctor
from bot.web.upkeep import Upkeep
from bot.web.views import VIEWS
from tests.support.admin_pages import OWNER, Served, deletes, served
from tests.support.clock import Clock
from tests.support.service import SOMEBODY, days_ago, interaction, run_once

pytest.importorskip("playwright", reason="needs the extra browser")
from tests.support import browsers

if TYPE_CHECKING:
    from playwright.async_api import Browser

pytestmark = [
    pytest.mark.skipif(browsers.CHROMIUM is None, reason="needs chromium"),
    pytest.mark.browser,
]
# Also people who come back, and what can be deleted.
SAID = days_ago(100, count=3) + [
    interaction(timedelta(hours=5 * number), SOMEBODY + number % 40) for number in range(300)
]
PHONE, DESK = {"width": 320, "height": 640}, {"width": 1280, "height": 900}


async def examine() -> list[Finding]:
    return [
        Finding("schema", "version 6"),
        Finding("disk", "1 MiB free in /a/folder/whose/name/is/long", "free up space"),
    ]


def upkeep(analytics: AnalyticsService) -> Upkeep:
    cleanup = deletes(analytics).owners_cleanup
    return Upkeep(doctor=Doctor(examine), backup_dir=Path("/backups"), owners_cleanup=cleanup)


@pytest.fixture
async def page(tmp_path: Path, clock: Clock) -> AsyncIterator[Served]:
    began = clock() - timedelta(days=200)
    await run_once(tmp_path, clock=lambda: began)
    async with served(tmp_path, clock, SAID, upkeep=upkeep) as page:
        yield page


@pytest.mark.parametrize(
    ("scheme", "size", "language"), [("light", PHONE, "de"), ("dark", DESK, "en")]
)
async def test_axe_finds_nothing_in_any_view_and_none_is_wider_than_the_window(
    browser: "Browser", page: Served, scheme: str, size: dict[str, int], language: str
) -> None:
    from axe_playwright_python.async_playwright import Axe

    window = await browsers.window(
        browser, locale=language, color_scheme=scheme, viewport=size, bypass_csp=True
    )
    await window.opens(await page.links.new(OWNER))
    for path in VIEWS:
        await window.opens(page.address + path)
        found = await Axe().run(window.page)
        assert found.violations_count == 0, f"{path}: {found.generate_report()}"
        width = await window.page.evaluate("document.documentElement.scrollWidth")
        assert width <= size["width"], path


async def test_the_keyboard_chooses_periods_compares_reads_columns_and_helps(
    browser: "Browser", page: Served
) -> None:
    window = await browsers.window(browser, locale="en-GB")
    await window.opens(await page.links.new(OWNER))
    for key, period in zip("13452", ("24h", "30d", "90d", "1y", "7d"), strict=True):
        await window.presses(key, f"**/?period={period}")
    await window.presses("c", "**/?period=7d&compare=none")
    await window.presses("c", "**/?period=7d")
    await window.page.focus(".bar[tabindex='0']")
    await window.page.keyboard.press("ArrowLeft")
    read = await window.page.inner_text(".reading >> nth=0")
    focused = await window.page.evaluate("document.activeElement.getAttribute('aria-label')")
    await window.presses("?", "**/help")

    assert read == focused
    assert "Interactions" in read
    assert (window.violations, window.errors) == ([], [])
