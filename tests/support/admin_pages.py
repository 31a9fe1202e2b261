"""An admin page that is served, and a client of it that is no browser."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from aiohttp import ClientSession
from yarl import URL

from analytics import AnalyticsService, Interaction
from analytics.telegram import OwnersCleanup
from analytics.telegram.confirmations import Confirmations
from bot.web.links import Links
from bot.web.page import AdminPage
from bot.web.sessions import Sessions
from bot.web.upkeep import Upkeep
from tests.support.service import open_service
from tests.support.settings import TOKEN

OWNER = 6_000_000_011
ADMIN = 6_000_000_012
HOST = "127.0.0.1"


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    text: str


@dataclass
class Client:
    """A client of the page at `address`."""

    address: str
    http: ClientSession

    async def ask(
        self,
        path: str,
        *,
        session: str | None = None,
        method: str = "GET",
        given: Any = None,
        **headers: str,
    ) -> Answer:
        """The answer to a request for exactly this path; `given` is sent as JSON."""
        if session is not None:
            headers["Authorization"] = f"Bearer {session}"
        url = URL(self.address + path, encoded=True)
        async with self.http.request(method, url, json=given, headers=headers) as response:
            return Answer(response.status, dict(response.headers), await response.text())

    async def log_in(self, **given: Any) -> Answer:
        return await self.ask("/session", method="POST", given=given)


@dataclass
class Served(Client):
    """A page of this process; whoever is taken out of `admin_ids` is no admin any more."""

    links: Links
    sessions: Sessions
    admin_ids: set[int]
    owner_ids: set[int]

    async def token(self, telegram_id: int | None = ADMIN) -> str:
        """The token of a new one-time link."""
        return (await self.links.new(telegram_id)).partition("#link=")[2]

    async def session(self, telegram_id: int | None = ADMIN) -> str:
        """The token of a new session."""
        return await self.sessions.begin(telegram_id)


def deletes(analytics: AnalyticsService) -> Upkeep:
    """What lets owners delete."""
    confirmations = Confirmations(TOKEN, analytics.clock, analytics.tokens)
    return Upkeep(owners_cleanup=OwnersCleanup(analytics, confirmations, analytics.clock))


@asynccontextmanager
async def client_of(link: str) -> AsyncIterator[tuple[Client, str]]:
    """A client of the page that a one-time link leads to, and the token of the link."""
    address, _, token = link.partition("/#link=")
    async with ClientSession() as http:
        yield Client(address, http), token


@asynccontextmanager
async def served(
    folder: Path,
    clock: Callable[[], datetime],
    said: Sequence[Interaction] = (),
    *,
    url: str | None = None,
    recognise: Callable[[str, datetime], int | None] = lambda init_data, now: None,
    upkeep: Callable[[AnalyticsService], Upkeep] = lambda analytics: Upkeep(),
    **options: Any,
) -> AsyncIterator[Served]:
    """A page of a database in the folder, in which some interactions are recorded."""
    admin_ids, owner_ids = {OWNER, ADMIN}, {OWNER}
    async with open_service(folder, clock=clock, **options) as analytics, ClientSession() as http:
        await analytics.record(said)
        sessions = Sessions(analytics.tokens, admin_ids, owner_ids)
        around = upkeep(analytics)
        page = AdminPage(analytics, sessions, url=url, recognise=recognise, upkeep=around)
        async with page.serving(HOST, 0) as port:
            links = Links(sessions, HOST, port, url)
            yield Served(f"http://{HOST}:{port}", http, links, sessions, admin_ids, owner_ids)
