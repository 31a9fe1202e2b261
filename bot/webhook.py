"""Updates that Telegram sends to a webhook: committed before the answer 200, handled after it."""

import asyncio
import hmac
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import unquote, urlsplit

from aiogram import Bot, Dispatcher
from aiogram.methods import TelegramMethod
from aiogram.types import Update
from aiohttp import web

from analytics import AnalyticsService
from analytics.telegram import RecordOnReceipt, decode, loads
from bot import http_server
from bot.health import add_health
from bot.in_flight import UPDATES_IN_FLIGHT
from bot.receiving import Receiving
from bot.settings import Settings

logger = logging.getLogger(__name__)

SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"
# Bytes, far more than Telegram sends: a longer body is not from Telegram.
MAX_BODY_BYTES = 4 * 1024 * 1024
# Seconds that open requests may take at the end: recording takes two seconds, rarely four.
CLOSE_SECONDS = 3.0


class Webhook:
    """HTTP endpoint that receives updates from Telegram.

    `GET /healthz` answers 200 while the webhook is set and updates can be recorded.
    """

    def __init__(
        self,
        bot: Bot,
        dispatcher: Dispatcher,
        settings: Settings,
        analytics: AnalyticsService,
        record: RecordOnReceipt,
        receiving: Receiving,
    ) -> None:
        assert settings.webhook_secret is not None
        self._path = unquote(urlsplit(str(settings.webhook_url)).path)
        self._secret = settings.webhook_secret.get_secret_value().encode()
        self._bot = bot
        self._dispatcher = dispatcher
        self._settings = settings
        self._analytics = analytics
        self._record = record
        self._receiving = receiving
        self._room = asyncio.Semaphore(UPDATES_IN_FLIGHT)
        self._handling: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """Answer requests; at the end, let open requests and running handlers finish.

        Raises Unavailable if the port is not available now, WrongSettings if it cannot be used.
        """
        application = web.Application(client_max_size=MAX_BODY_BYTES)
        # `receive` compares paths: the router takes braces for parameters, and one spelling only of
        # an escape.
        application.router.add_post("/{path:.*}", self.receive)
        add_health(application, self._analytics, self._receiving)
        try:
            async with http_server.serving(
                application,
                self._settings.webhook_host,
                self._settings.webhook_port,
                "WEBHOOK",
                CLOSE_SECONDS,
            ):
                yield
        finally:
            await self._dispatcher.emit_shutdown(bot=self._bot, **self._dispatcher.workflow_data)

    async def receive(self, request: web.Request) -> web.Response:
        if unquote(request.rel_url.raw_path) != self._path:
            return web.Response(status=404)
        given = request.headers.get(SECRET_HEADER, "").encode("utf-8", "surrogateescape")
        if not hmac.compare_digest(given, self._secret):
            return web.Response(status=401)
        try:
            update = await self._read(request)
        except (TimeoutError, ConnectionError, web.RequestPayloadError):
            return web.Response(status=408)  # incomplete: Telegram sends it again
        if update is not None:
            await self._record.record([update])
            await self._room.acquire()
            task = asyncio.create_task(self._handle(update))
            self._handling.add(task)
            task.add_done_callback(self._handling.discard)
        return web.Response()

    async def _read(self, request: web.Request) -> Update | None:
        """Return the update of a request, None for one that cannot be decoded.

        Such a request is answered with 200, too, or it would come again for a day.
        """
        try:
            async with asyncio.timeout(http_server.BODY_SECONDS):
                body = await request.read()
            raw = loads(body)
        except (ValueError, web.HTTPRequestEntityTooLarge) as error:
            logger.warning("skipped a request that contains no update (%s)", type(error).__name__)
            return None
        return decode(raw, self._bot)

    async def _handle(self, update: Update) -> None:
        try:
            answer = await self._dispatcher.feed_update(self._bot, update)
            if isinstance(answer, TelegramMethod):
                await self._dispatcher.silent_call_request(self._bot, answer)
        except Exception:
            logger.exception("a handler failed")
        finally:
            self._room.release()
