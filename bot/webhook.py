"""The endpoint that Telegram sends updates to."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import unquote, urlsplit

from aiogram import Bot, Dispatcher
from aiohttp import web

from analytics import AnalyticsService
from analytics.telegram import WebhookHandler
from bot import http_server
from bot.health import add_health
from bot.receiving import Receiving
from bot.settings import Settings

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
        receiving: Receiving,
    ) -> None:
        assert settings.webhook_secret is not None
        secret = settings.webhook_secret.get_secret_value()
        self._path = unquote(urlsplit(str(settings.webhook_url)).path)
        self._handler = WebhookHandler(dispatcher, bot, secret_token=secret)
        self._bot = bot
        self._dispatcher = dispatcher
        self._settings = settings
        self._analytics = analytics
        self._receiving = receiving

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
        return await self._handler.handle(request)
