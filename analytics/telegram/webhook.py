"""Updates that Telegram sends to a webhook: committed before the answer 200, handled after it."""

import asyncio
import hmac
import logging
from typing import Any

from aiogram import Bot, Dispatcher
from aiogram.methods import TelegramMethod
from aiogram.types import Update
from aiohttp import web

from analytics.telegram.attached import Attached, attached_to
from analytics.telegram.decode import decode, loads
from analytics.telegram.in_flight import UPDATES_IN_FLIGHT

logger = logging.getLogger(__name__)

SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"
# Seconds. The body of an update arrives at once; Telegram gives up after a minute.
BODY_SECONDS = 10.0


class WebhookHandler:
    """A request handler of aiohttp for the webhook of a bot, in place of aiogram's own.

    aiogram's `SimpleRequestHandler` tells Telegram first that an update arrived: what it then loses
    in a crash does not come again. This one commits the interaction before that. It answers 503
    while the analytics are not attached and once the dispatcher shuts down, so that Telegram sends
    the update again.
    """

    def __init__(self, dispatcher: Dispatcher, bot: Bot, *, secret_token: str, **data: Any) -> None:
        """Create a handler for a bot that is attached to `dispatcher` while requests come in.

        `secret_token` is that of `set_webhook`; without it, anyone could invent updates. `data` is
        passed on to handlers. Raises ValueError if the token is empty.
        """
        if not secret_token:
            raise ValueError("secret_token is empty: give that of set_webhook")
        self._dispatcher = dispatcher
        self._bot = bot
        self._secret = secret_token.encode()
        self._data = data
        self._room = asyncio.Semaphore(UPDATES_IN_FLIGHT)
        self._handling: set[asyncio.Task[None]] = set()

    def register(self, app: web.Application, /, path: str) -> None:
        """Handle POST requests to a path of an application, and close the bot's session at its end.

        Running handlers may take ten seconds more then.
        """
        app.router.add_post(path, self.handle)
        # Later than `on_shutdown`, where requests may still be open.
        app.on_cleanup.append(self._close)

    async def handle(self, request: web.Request) -> web.Response:
        """Record an update, and answer 200 once it is committed; handlers run after that."""
        given = request.headers.get(SECRET_HEADER, "").encode("utf-8", "surrogateescape")
        if not hmac.compare_digest(given, self._secret):
            return web.Response(status=401)
        attached = attached_to(self._dispatcher).get(self._bot.id)
        if attached is None:
            logger.error("the analytics are not attached: updates wait at Telegram")
            return web.Response(status=503)
        try:
            update = await self._read(request)
        except (TimeoutError, ConnectionError, web.RequestPayloadError):
            return web.Response(status=408)  # incomplete: Telegram sends it again
        if attached.in_flight.is_draining:
            return web.Response(status=503)  # Telegram sends it to the bot that starts next
        if update is not None:
            accepted = asyncio.Event()
            task = asyncio.create_task(self._take(update, attached, accepted))
            self._handling.add(task)
            task.add_done_callback(self._handling.discard)
            await accepted.wait()
        return web.Response()

    async def _read(self, request: web.Request) -> Update | None:
        """Return the update of a request, None for one that cannot be decoded.

        Such a request is answered with 200, too, or it would come again for a day.
        """
        try:
            async with asyncio.timeout(BODY_SECONDS):
                body = await request.read()
            raw = loads(body)
        except (ValueError, web.HTTPRequestEntityTooLarge) as error:
            logger.warning("skipped a request that contains no update (%s)", type(error).__name__)
            return None
        return decode(raw, self._bot)

    async def _take(self, update: Update, attached: Attached, accepted: asyncio.Event) -> None:
        """Record and handle an update; the shutdown of the dispatcher waits for both."""
        with attached.in_flight.handling():
            try:
                await attached.record([update])
                await self._room.acquire()
            finally:
                accepted.set()
            try:
                answer = await self._dispatcher.feed_update(self._bot, update, **self._data)
                if isinstance(answer, TelegramMethod):
                    await self._dispatcher.silent_call_request(self._bot, answer)
            except Exception:
                logger.exception("a handler failed")
            finally:
                self._room.release()

    async def _close(self, app: web.Application) -> None:
        await self._bot.session.close()
