"""A real browser that looks at the admin page, and what it noticed there."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from playwright.async_api import Browser, ConsoleMessage, Page, Request, async_playwright

CHROMIUM = shutil.which("chromium")
# Debian's chromium asks nobody for anything with these, and runs also as root.
ARGUMENTS = (
    *("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
)
# What Chromium writes into its console if a page does what its policy forbids.
VIOLATION = ("Content Security Policy", "Trusted")


@dataclass
class Window:
    """A browser window of its own, which shares nothing with others, and what happened in it."""

    page: Page
    hosts: set[str] = field(default_factory=set)
    violations: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("request", self._note_request)
        self.page.on("console", self._note_message)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))

    def _note_request(self, request: Request) -> None:
        scheme, _, rest = request.url.partition("://")
        if scheme in ("http", "https"):
            self.hosts.add(rest.partition("/")[0])

    def _note_message(self, message: ConsoleMessage) -> None:
        if any(each in message.text for each in VIOLATION):
            self.violations.append(message.text)

    async def opens(self, address: str) -> None:
        """Load an address, and wait until the page shows what is there."""
        # Another fragment alone would load nothing.
        await self.page.goto("about:blank")
        await self.page.goto(address)
        await self.settled()

    async def settled(self) -> None:
        """Wait until nothing is being loaded."""
        await self.page.wait_for_selector("#page[aria-busy=false]", state="attached")

    async def presses(self, key: str, address: str) -> None:
        """Press a key, and wait until the page of an address is shown."""
        await self.page.keyboard.press(key)
        await self.page.wait_for_url(address)
        await self.settled()

    async def text(self) -> str:
        """All that can be read."""
        return str(await self.page.inner_text("body"))


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """Debian's Chromium, without a window."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        await browser.close()


async def window(browser: Browser, **options: Any) -> Window:
    """A new window; `options` are those of a context: locale, color_scheme, viewport, ..."""
    context = await browser.new_context(**options)
    return Window(await context.new_page())
