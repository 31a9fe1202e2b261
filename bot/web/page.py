"""The web server of the admin page: doors, refusals, and the parts of the page."""

import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from urllib.parse import urlsplit

from aiohttp import web

from analytics import Action, AnalyticsError, AnalyticsService, NoReportYet
from bot import http_server
from bot.errors import Remark
from bot.web.exports import EXPORTS
from bot.web.headers import NOBODY, TELEGRAM_WEB, headers, is_own_host
from bot.web.limit import LoginLimit
from bot.web.rendering import Templates, speaking, static
from bot.web.sessions import Sessions, Viewer
from bot.web.upkeep import Upkeep
from bot.web.views import VIEWS, Asked, Unknown, delete_confirmed

logger = logging.getLogger(__name__)

# Bytes of a login.
MAX_BODY_BYTES = 16 * 1024
# Seconds that open requests may take at the end.
CLOSE_SECONDS = 2.0
STATIC = {
    "page.js": "text/javascript",
    "page.css": "text/css",
    "icon.svg": "image/svg+xml",
}

OTHER_HOST = Remark("this host name does not lead here", "set WEB_URL to the address of this page")

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class AdminPage:
    """The admin page of open analytics.

    `url` is the https address of a reverse proxy that leads to it: only there does Telegram's web
    client show it. `hosts` are other names of this machine, besides localhost. `recognise` returns
    the Telegram ID of who opens it inside Telegram, from the init data; None for nobody.
    `at_machine` tells that the links come from the command line. `upkeep` is about the bot around
    the page; its doctor ends with the page.
    """

    def __init__(
        self,
        analytics: AnalyticsService,
        sessions: Sessions,
        *,
        url: str | None = None,
        hosts: Collection[str] = (),
        recognise: Callable[[str, datetime], int | None] = lambda init_data, now: None,
        at_machine: bool = False,
        upkeep: Upkeep | None = None,
    ) -> None:
        self._analytics = analytics
        self._sessions = sessions
        self._is_behind_proxy = url is not None
        self._hosts = {*hosts, urlsplit(url or "").hostname or ""}
        self._headers = headers(TELEGRAM_WEB if url else NOBODY)
        self._recognise = recognise
        self._at_machine = at_machine
        self._upkeep = upkeep or Upkeep()
        self._limit = LoginLimit()
        self._templates = Templates()

    @asynccontextmanager
    async def serving(self, host: str, port: int) -> AsyncIterator[int]:
        """Answer requests for the length of the block, which gets the port; 0 takes a free one.

        Raises Unavailable if the port is not available now, WrongSettings if it cannot be used.
        """
        application = web.Application(
            client_max_size=MAX_BODY_BYTES, middlewares=[self._refuse_others, self._answer_failures]
        )
        application.on_response_prepare.append(self._add_headers)
        router = application.router
        for path in VIEWS:
            router.add_get(path, self._shell)
            router.add_get(f"/view{path}", self._view)
        for name in STATIC:
            router.add_get(f"/{name}", self._static)
        for path in EXPORTS:
            router.add_get(path, self._export)
        router.add_post("/cleanup", self._clean_up)
        router.add_post("/session", self._begin)
        router.add_delete("/session", self._end)
        try:
            async with http_server.serving(application, host, port, "WEB", CLOSE_SECONDS) as used:
                yield used
        finally:
            if self._upkeep.doctor is not None:
                await self._upkeep.doctor.close()

    async def _add_headers(self, request: web.Request, response: web.StreamResponse) -> None:
        response.headers.update(self._headers)
        response.headers.pop("Server", None)

    @web.middleware
    async def _refuse_others(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Refuse requests that are meant for another host, or are too large."""
        named = request.headers.getall("Host", [])
        if len(named) != 1 or not is_own_host(named[0], self._hosts):
            return web.Response(status=421, text=str(OTHER_HOST))
        if (request.content_length or 0) > MAX_BODY_BYTES:
            return web.Response(status=413)
        return await handler(request)

    @web.middleware
    async def _answer_failures(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Log what fails here, without the request: aiohttp's own answers have no headers."""
        try:
            return await handler(request)
        except web.HTTPException:
            raise
        except Exception as error:
            logger.error("the admin page failed", exc_info=error)
            return web.Response(status=500)

    async def _shell(self, request: web.Request) -> web.Response:
        with speaking(request.headers.get("Accept-Language", "")):
            return _html(self._templates.render("shell", at_machine=self._at_machine))

    async def _static(self, request: web.Request) -> web.Response:
        name = request.path.removeprefix("/")
        response = web.Response(body=static(name), content_type=STATIC[name], charset="utf-8")
        response.enable_compression()
        return response

    async def _begin(self, request: web.Request) -> web.Response:
        """Begin a session for a one-time link or init data; 401 if neither is right."""
        client = self._client(request)
        if not self._limit.allows(client):
            return web.Response(status=429, headers={"Retry-After": "60"})
        # Only with this type does a browser ask before another page may send one, in vain.
        if request.content_type != "application/json":
            return web.Response(status=415)
        given = _given(await request.read())
        token = None
        if "link" in given:
            token = await self._sessions.spend(given["link"])
        elif "init_data" in given:
            telegram_id = self._recognise(given["init_data"], self._analytics.clock())
            if telegram_id is not None and self._sessions.is_allowed(telegram_id):
                token = await self._sessions.begin(telegram_id)
        viewer = await self._sessions.find(token) if token else None
        if token is None or viewer is None:
            self._limit.count_failure(client)
            return web.Response(status=401)
        await self._note(Action.WEB, viewer)
        return web.json_response({"session": token})

    async def _end(self, request: web.Request) -> web.Response:
        await self._sessions.end(_bearer(request))
        return web.Response(status=204)

    async def _view(self, request: web.Request) -> web.Response:
        """Return a part of the page; 404 if the viewer may not see it."""
        entry = VIEWS[request.path.removeprefix("/view")]

        async def show(asked: Asked) -> web.Response:
            if entry.owners_only and not asked.viewer.is_owner:
                raise Unknown
            return _html(await entry.view(asked, self._analytics, self._templates))

        return await self._for_viewer(request, show)

    async def _export(self, request: web.Request) -> web.Response:
        """Return statistics as a file."""

        async def save(asked: Asked) -> web.Response:
            file = await EXPORTS[request.path](asked, self._analytics)
            await self._note(Action.STATS_EXPORT, asked.viewer)
            response = web.Response(body=file.content, content_type=file.content_type)
            response.headers["Content-Disposition"] = f'attachment;filename="{file.name}"'
            response.enable_compression()
            return response

        return await self._for_viewer(request, save)

    async def _clean_up(self, request: web.Request) -> web.Response:
        """Delete what an owner has confirmed; for everyone else there is no such address."""
        if request.content_type != "application/json":
            return web.Response(status=415)
        confirmed = _given(await request.read()).get("confirm", "")

        async def delete(asked: Asked) -> web.Response:
            return _html(await delete_confirmed(asked, confirmed, self._templates))

        return await self._for_viewer(request, delete)

    async def _for_viewer(
        self, request: web.Request, answer: Callable[[Asked], Awaitable[web.Response]]
    ) -> web.Response:
        """Return the answer in the viewer's language; 401 without a session.

        What is unknown or cannot be read is answered with a sentence.
        """
        with speaking(request.headers.get("Accept-Language", "")):
            try:
                viewer = await self._sessions.find(_bearer(request))
                if viewer is None:
                    return web.Response(status=401, headers={"WWW-Authenticate": "Bearer"})
                asked = Asked(viewer, request.query, self._sessions.admin_ids, self._upkeep)
                return await answer(asked)
            except Unknown:
                return self._problem("unknown", 404)
            except NoReportYet:
                return self._problem("no_report", 503)
            except AnalyticsError as error:
                logger.warning("the admin page cannot be shown: %s", type(error).__name__)
                return self._problem("unavailable", 503)

    def _problem(self, kind: str, status: int) -> web.Response:
        return _html(
            self._templates.render("problem", kind=kind, at_machine=self._at_machine), status
        )

    def _client(self, request: web.Request) -> str:
        """Return the address of a client: behind a proxy, the one that the proxy has seen."""
        forwarded = request.headers.get("X-Forwarded-For", "") if self._is_behind_proxy else ""
        return forwarded.rpartition(",")[2].strip()[:64] or request.remote or ""

    async def _note(self, action: Action, viewer: Viewer) -> None:
        """Note a look in the audit log, unless the file is only read, as by the command line."""
        if viewer.telegram_id is not None:
            await self._analytics.audit_log.note(action, viewer.telegram_id)


def _html(text: str, status: int = 200) -> web.Response:
    response = web.Response(text=text, status=status, content_type="text/html")
    response.enable_compression()
    return response


def _bearer(request: web.Request) -> str:
    kind, _space, token = request.headers.get("Authorization", "").partition(" ")
    return token if kind.lower() == "bearer" else ""


def _given(body: bytes) -> Mapping[str, str]:
    """Return the texts in a JSON object; nothing if it is none."""
    try:
        given = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(given, dict):
        return {}
    return {name: value for name, value in given.items() if isinstance(value, str)}
