"""The admin page in a real Chromium: the walk of an admin, and what the browser keeps from others.

It needs Debian's chromium and the extra `browser`, and is skipped without them; `.ci/run` has both.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch
from urllib.parse import urlencode

import pytest
from aiohttp import web

from bot.web import page as page_module
from bot.web.init_data import signed_by
from tests.support.admin_pages import ADMIN, Served, served
from tests.support.clock import NOW, Clock
from tests.support.mini_apps import init_data
from tests.support.processes import PATIENCE
from tests.support.service import SOMEBODY, interaction
from tests.support.settings import TOKEN

pytest.importorskip("playwright", reason="needs the extra browser")
from tests.support import browsers

if TYPE_CHECKING:
    from playwright.async_api import Browser

    from tests.support.browsers import Window

pytestmark = [
    pytest.mark.skipif(browsers.CHROMIUM is None, reason="needs chromium"),
    pytest.mark.browser,
]
SAID = [interaction(timedelta(hours=number), SOMEBODY + number % 7) for number in range(1000)]
URL = "https://bot.example.org"


@pytest.fixture
async def page(tmp_path: Path, clock: Clock) -> AsyncIterator[Served]:
    async with served(tmp_path, clock, SAID) as page:
        yield page


@pytest.fixture
async def window(browser: "Browser", page: Served) -> "AsyncIterator[Window]":
    """A window, which asks only this page for anything, and in which nothing is forbidden."""
    window = await browsers.window(browser, locale="en-GB")
    yield window
    assert window.hosts == {page.address.removeprefix("http://")}
    assert window.violations == []
    assert window.errors == []


async def test_the_link_shows_the_page_leaves_the_address_and_a_reload_keeps_the_session(
    window: "Window", page: Served
) -> None:
    await window.opens(await page.links.new(ADMIN))

    assert "Interactions" in await window.text()
    assert window.page.url == f"{page.address}/"
    assert await window.page.title() == "7 calendar days"
    await window.page.reload()
    await window.settled()
    assert "Interactions" in await window.text()
    # Nothing is kept where other programs of this machine, or later sessions, would find it.
    assert await window.page.context.cookies() == []
    assert await window.page.evaluate("localStorage.length") == 0


async def test_a_new_link_in_the_same_tab_begins_a_new_session(
    window: "Window", page: Served
) -> None:
    await window.opens(await page.links.new(ADMIN))
    link = await page.links.new(ADMIN)
    async with window.page.expect_response("**/view/"):
        await window.page.goto(link)
    await window.settled()

    assert window.page.url == f"{page.address}/"
    assert "Interactions" in await window.text()


async def test_the_link_is_refused_the_second_time(
    browser: "Browser", window: "Window", page: Served
) -> None:
    link = await page.links.new(ADMIN)
    await window.opens(link)
    other = await browsers.window(browser)
    await other.opens(link)

    assert "This link has expired or was used before." in await other.text()
    assert "Interactions" not in await other.text()


async def test_the_address_says_what_is_shown_so_that_back_reload_and_bookmarks_work(
    window: "Window", page: Served
) -> None:
    await window.opens(await page.links.new(ADMIN))
    await window.presses("3", "**/?period=30d")
    assert await window.page.title() == "30 calendar days"
    await window.page.click('[data-key="4"]')
    await window.page.wait_for_url("**/?period=90d")
    await window.settled()
    await window.page.go_back()
    await window.settled()
    assert await window.page.title() == "30 calendar days"
    await window.page.reload()
    await window.settled()
    assert await window.page.title() == "30 calendar days"

    await window.opens(f"{page.address}/?period=24h")
    assert await window.page.title() == "Last 24 hours"
    await window.opens(f"{page.address}/?period=none")
    assert "There is nothing at this address." in await window.text()


async def test_a_click_on_a_row_filters_and_back_and_escape_lead_out(
    window: "Window", page: Served
) -> None:
    await window.opens(await page.links.new(ADMIN))
    row = window.page.locator(".shares tr", has_text="messages")
    # Anywhere on the row.
    await row.locator("td").last.click(force=True)
    await window.page.wait_for_url("**/?period=7d&type=message")
    await window.settled()
    assert "Only messages" in await window.text()
    await window.page.go_back()
    await window.settled()
    assert "Only messages" not in await window.text()
    await window.page.go_forward()
    await window.settled()
    assert "Only messages" in await window.text()
    await window.presses("Escape", "**/?period=7d")

    assert "Only messages" not in await window.text()


async def test_days_are_chosen_by_the_keyboard_and_back_restores_the_period(
    window: "Window", page: Served
) -> None:
    await window.opens(await page.links.new(ADMIN))
    await window.page.fill("[name=from]", "2026-05-20")
    await window.page.fill("[name=to]", "2026-05-22")
    await window.page.press("[name=to]", "Enter")
    await window.page.wait_for_url("**/?from=2026-05-20&to=2026-05-22")
    await window.settled()
    assert await window.page.title() == "May 20, 2026 – May 22, 2026"
    await window.page.go_back()
    await window.settled()

    assert await window.page.title() == "7 calendar days"
    assert await window.page.input_value("[name=to]") == "2026-06-01"


async def test_a_session_that_has_ended_says_how_to_get_another(
    window: "Window", page: Served
) -> None:
    await window.opens(page.address)
    assert "You are not logged in." in await window.text()
    await window.opens(await page.links.new(ADMIN))
    await page.links.new(ADMIN)
    await window.page.keyboard.press("3")
    await window.page.wait_for_selector("[data-kind=session]:visible")

    assert "Interactions" not in await window.text()
    assert await window.page.evaluate("sessionStorage.length") == 0


async def test_a_bot_that_has_stopped_is_said_to_be(
    tmp_path: Path, clock: Clock, browser: "Browser"
) -> None:
    window = await browsers.window(browser, locale="en-GB")
    async with served(tmp_path, clock) as page:
        await window.opens(await page.links.new(ADMIN))
    await window.page.keyboard.press("3")
    await window.page.wait_for_selector("[data-kind=offline]:visible")

    assert "The bot does not answer." in await window.text()


async def test_an_export_is_saved_under_its_name(window: "Window", page: Served) -> None:
    await window.opens(await page.links.new(ADMIN))
    async with window.page.expect_download() as downloading:
        await window.page.click("text=JSON")
    download = await downloading.value

    assert download.suggested_filename == "statistics-7d.json"
    saved = json.loads(Path(await download.path()).read_text())
    assert saved["report"]["interactions"] > 0


async def test_no_text_becomes_html_but_where_the_page_means_it(
    browser: "Browser", page: Served
) -> None:
    """The policy holds; so a test that finds no violation of it says something."""
    window = await browsers.window(browser)
    await window.opens(await page.links.new(ADMIN))
    for attack in (
        "document.body.innerHTML = '<b>x</b>'",
        "eval('1')",
        "document.body.setAttribute('onclick', '1')",
        "trustedTypes.createPolicy('other', {})",
        "document.body.append(Object.assign(document.createElement('script'), {text: '1'}))",
    ):
        refused = await window.page.evaluate(
            f"() => {{ try {{ {attack}; return null }} catch (error) {{ return error.name }} }}"
        )
        assert refused is not None or window.violations, attack
    fetched = await window.page.evaluate(
        "fetch('https://elsewhere.example/').then(() => 'fetched', (error) => error.name)"
    )
    assert fetched == "TypeError"
    assert any("connect-src" in each for each in window.violations)


@pytest.mark.parametrize("language", ["en", "de", "es", "ru", "uk"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_axe_finds_nothing(
    browser: "Browser", page: Served, language: str, scheme: str
) -> None:
    from axe_playwright_python.async_playwright import Axe

    # axe is a script of its own, which the policy keeps out.
    window = await browsers.window(browser, locale=language, color_scheme=scheme, bypass_csp=True)
    for address in (
        await page.links.new(ADMIN),
        f"{page.address}/?period=30d&type=message",
        f"{page.address}/?from=2026-05-20&to=2026-05-19",
        f"{page.address}/?period=none",
        page.address + "/#link=",
    ):
        await window.opens(address)
        found = await Axe().run(window.page)
        assert found.violations_count == 0, found.generate_report()

    assert await window.page.get_attribute("html", "lang") == language


class Chat:
    """A page on another host, at `address`, that frames what it `shows`, as Telegram's does."""

    address = ""
    shows = ""

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        application = web.Application()
        application.router.add_get("/", self._answer)
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.001)
        await runner.setup()
        try:
            await web.TCPSite(runner, "localhost", 0).start()
            self.address = f"http://localhost:{runner.addresses[0][1]}"
            yield
        finally:
            await runner.cleanup()

    async def _answer(self, request: web.Request) -> web.Response:
        text = f'<!doctype html><title>Chat</title><iframe src="{escape(self.shows)}"></iframe>'
        return web.Response(text=text, content_type="text/html")


@pytest.fixture
async def chat() -> AsyncIterator[Chat]:
    chat = Chat()
    async with chat.open():
        yield chat


def mini_app(page: Served, telegram_id: int, opened: timedelta = timedelta(0)) -> str:
    """What Telegram opens."""
    theme = json.dumps({"bg_color": "#17212b", "text_color": "#f5f5f5"})
    signed = init_data(TOKEN, telegram_id, NOW - opened)
    given = {"tgWebAppData": signed, "tgWebAppVersion": "9.0", "tgWebAppThemeParams": theme}
    return f"{page.address}/#{urlencode(given)}"


async def test_telegrams_web_client_shows_the_page_in_its_theme(
    tmp_path: Path, clock: Clock, browser: "Browser", chat: Chat
) -> None:
    """Also where the browser keeps frames of other hosts from storing anything, as here."""
    window = await browsers.window(browser, locale="en-GB", color_scheme="light")
    options: dict[str, Any] = {"url": URL, "recognise": partial(signed_by, TOKEN)}
    with patch.object(page_module, "TELEGRAM_WEB", chat.address):
        async with served(tmp_path, clock, SAID, **options) as page:
            chat.shows = mini_app(page, ADMIN)
            await window.page.goto(chat.address)
            frame = window.page.frames[1]
            await frame.wait_for_selector("main")
            await frame.click('[data-key="3"]')
            await frame.wait_for_url("**/?period=30d")
            await frame.wait_for_selector("#page[aria-busy=false]")

            assert "Interactions" in await frame.inner_text("body")
            assert frame.url == f"{page.address}/?period=30d"
            assert await frame.get_attribute("html", "data-theme") == "dark"
            assert window.violations == []


async def test_nobody_else_may_frame_the_page(
    tmp_path: Path, clock: Clock, browser: "Browser", chat: Chat
) -> None:
    window = await browsers.window(browser)
    options: dict[str, Any] = {"url": URL, "recognise": partial(signed_by, TOKEN)}
    async with served(tmp_path, clock, SAID, **options) as page:
        chat.shows = mini_app(page, ADMIN)
        await window.page.goto(chat.address)
        framed = window.page.frames[1]
        async with asyncio.timeout(PATIENCE):
            while not framed.url:  # noqa: ASYNC110 - the end of a refused load tells nobody
                await asyncio.sleep(0)

    assert framed.url.startswith("chrome-error:")
    assert any("frame-ancestors" in each for each in window.violations)


async def test_a_stranger_in_telegram_sees_nothing(
    tmp_path: Path, clock: Clock, browser: "Browser"
) -> None:
    window = await browsers.window(browser, locale="en-GB")
    async with served(tmp_path, clock, SAID, recognise=partial(signed_by, TOKEN)) as page:
        await window.opens(mini_app(page, SOMEBODY))

    assert "You are not logged in." in await window.text()
    assert "Interactions" not in await window.text()
