"""Requests to Telegram, repeated within bounds if they fail on the way."""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable
from functools import cache
from typing import Any, Self

from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.session.middlewares.base import BaseRequestMiddleware, NextRequestMiddlewareType
from aiogram.exceptions import (
    AiogramError,
    ClientDecodeError,
    TelegramMigrateToChat,
    TelegramNetworkError,
    TelegramRetryAfter,
)
from aiogram.methods import AnswerCallbackQuery, GetUpdates, Response, TelegramMethod
from aiogram.methods.base import TelegramType
from aiohttp import (
    ClientError,
    ClientResponse,
    ClientSession,
    TCPConnector,
)
from aiohttp.connector import Connection

from analytics.telegram import CLICK_TIMEOUT, TRANSIENT, loads
from bot import outgoing

logger = logging.getLogger(__name__)

# Tries of a request, the first included.
ATTEMPTS = 4
# Telegram may ask for more; an answer that late is of no use to anyone.
MAX_PAUSE = 60.0
# aiogram opens 100 connections at most, and polling needs one.
ANSWERS_AT_ONCE = 99
# Answers to one chat that wait at a time. Telegram slows down a bot that writes much to one person:
# that person's answers must not take the places of the others'.
WAITING_PER_CHAT = 10
REDIRECTS = frozenset({301, 302, 303, 307, 308})
# Parameters that are valid in a group only until it becomes a supergroup.
OF_OLD_CHAT = ("message_thread_id", "reply_parameters")


class RetryAnswers(BaseRequestMiddleware):
    """Repeat a request up to four times after errors of Telegram's server, network or flood limit.

    Pauses last 1, 2 and 4 seconds, or as long as Telegram asks for. Raises the last error after the
    fourth try, or at once if Telegram asks for more than 60 seconds, the request was carried out,
    or 10 answers to the same chat wait already. A request to a group that became a supergroup goes
    to the supergroup. getUpdates passes through: polling has pauses of its own, and keeps a
    connection however many answers wait.
    """

    def __init__(self, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self._sleep = sleep
        self._waiting: Counter[Any] = Counter()
        self._connections = asyncio.Semaphore(ANSWERS_AT_ONCE)

    async def __call__(
        self,
        make_request: NextRequestMiddlewareType[TelegramType],
        bot: Bot,
        method: TelegramMethod[TelegramType],
    ) -> Any:
        # aiogram types a middleware's result as the response around what it really is.
        if isinstance(method, GetUpdates):
            return await make_request(bot, method)  # type: ignore[arg-type]
        chat = getattr(method, "chat_id", None)
        attempt, moved = 1, False
        while True:
            try:
                async with self._connections:
                    return await make_request(bot, method)
            except TRANSIENT as error:
                asked = error.retry_after if isinstance(error, TelegramRetryAfter) else None
                pause = 2.0 ** (attempt - 1) if asked is None else asked
                if attempt == ATTEMPTS or pause > MAX_PAUSE or _was_carried_out(error):
                    raise
                if chat is not None and self._waiting[chat] >= WAITING_PER_CHAT:
                    raise
            except TelegramMigrateToChat as error:
                if chat in (None, error.migrate_to_chat_id) or moved:
                    raise
                moved, chat = True, error.migrate_to_chat_id
                old = dict.fromkeys(method.model_fields_set.intersection(OF_OLD_CHAT))
                method = method.model_copy(update={**old, "chat_id": chat})
                continue
            self._waiting[chat] += 1
            try:
                await self._sleep(pause)
            finally:
                self._waiting -= Counter([chat])  # also removes chats without waiting answers
            attempt += 1


class TolerateClicks(BaseRequestMiddleware):
    """Return False for an answer to a click that fails or takes longer than 3.5 seconds.

    Such an answer only stops the button from waiting, so no handler is to fail or hang with it.
    Register it before `RetryAnswers`, so that it is the outer one.
    """

    async def __call__(
        self,
        make_request: NextRequestMiddlewareType[TelegramType],
        bot: Bot,
        method: TelegramMethod[TelegramType],
    ) -> Any:
        if not isinstance(method, AnswerCallbackQuery):
            return await make_request(bot, method)
        try:
            async with asyncio.timeout(CLICK_TIMEOUT):
                return await make_request(bot, method)  # type: ignore[arg-type]  # aiogram's
        except (AiogramError, TimeoutError) as error:
            # Not a warning: anyone who clicks on an old button can cause it.
            logger.info("a click was not answered (%s)", type(error).__name__)
            return False


def _was_carried_out(error: Exception) -> bool:
    """Tell whether the request was carried out, and only its answer cannot be decoded.

    An answer that is no JSON at all is the error page of a server in between.
    """
    return isinstance(error, ClientDecodeError) and not isinstance(error.data, str)


class RedirectRefused(ClientError):
    """Raised if the server answers with a redirect: the token must not be sent elsewhere."""


class SafeResponse(ClientResponse):
    """Response that is no redirect, and whose text can be read: invalid bytes are replaced."""

    async def start(self, connection: Connection) -> Self:
        """Read the head of the response. Raises RedirectRefused for a redirect."""
        await super().start(connection)
        if self.status in REDIRECTS:
            raise RedirectRefused
        return self

    async def text(self, encoding: str | None = None, errors: str = "replace") -> str:
        return await super().text(encoding, errors)


@cache
def _kept_response(returning: Any) -> type[Response[Any]]:
    """Return aiogram's model of an answer: pydantic builds it anew, unless somebody keeps it."""
    return Response[returning]


class Session(AiohttpSession):
    """aiogram's session, which follows no redirects and reads whatever is answered.

    The token is part of every address, so that a redirect would tell it to others. `connector` is
    the class of aiohttp's connector, and the arguments to create it.
    """

    def __init__(
        self,
        connector: tuple[type[TCPConnector], dict[str, Any]] | None = None,
        **options: Any,
    ) -> None:
        super().__init__(json_loads=loads, **options)
        if connector is not None:
            self._connector_type, made_with = connector
            self._connector_init |= made_with

    def check_response(
        self, bot: Bot, method: TelegramMethod[TelegramType], status_code: int, content: str
    ) -> Response[TelegramType]:
        """Return aiogram's response to an answer.

        Raises AiogramError if the request was refused, ClientDecodeError if the answer cannot be
        decoded, also where aiogram would let another error through.
        """
        _kept_response(method.__returning__)
        try:
            return super().check_response(bot, method, status_code, content)
        except AiogramError:
            raise
        except Exception as error:
            raise ClientDecodeError("Failed to deserialize", error, loads(content)) from error

    async def make_request(
        self,
        bot: Bot,
        method: TelegramMethod[TelegramType],
        timeout: int | None = None,  # noqa: ASYNC109 - aiogram's
    ) -> TelegramType:
        """Send a request and return its result.

        Raises TelegramNetworkError also for errors of a proxy and of TLS.
        """
        try:
            return await super().make_request(bot, method, timeout)
        except outgoing.errors() as error:
            raise TelegramNetworkError(method, type(error).__name__) from error

    async def create_session(self) -> ClientSession:
        session = await super().create_session()
        # aiogram gives no way to choose it.
        session._response_class = SafeResponse
        return session

    async def close(self) -> None:
        """Close the connections, without aiogram's pause for TLS: aiohttp waits for that itself."""
        if self._session is not None:
            await self._session.close()
