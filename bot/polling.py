"""Poll for updates: log failures by their kind, end the bot if its token stays refused."""

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from aiogram import Bot, Dispatcher
from aiogram.client.session.middlewares.base import BaseRequestMiddleware, NextRequestMiddlewareType
from aiogram.exceptions import (
    ClientDecodeError,
    TelegramConflictError,
    TelegramNotFound,
    TelegramUnauthorizedError,
)
from aiogram.methods import GetUpdates, TelegramMethod
from aiogram.methods.base import TelegramType

from analytics import Notice, NotReceiving
from analytics.telegram import ALL_UPDATES, UPDATES_IN_FLIGHT
from bot import token_refusals
from bot.errors import WrongSettings
from bot.token_refusals import Refusals

logger = logging.getLogger(__name__)

# How long Telegram waits for an update before it answers with none. aiogram's ten seconds would
# triple what an idle bot does; routers forget a connection that is silent for a minute.
POLL_SECONDS = 30
# Seconds. If a webhook comes back sooner, another program goes on setting it.
REMOVE_EVERY = 300.0


class WatchPolling(BaseRequestMiddleware):
    """Request middleware that watches getUpdates.

    A token that Telegram goes on to refuse sets WrongSettings on `failed`, which ends the bot:
    aiogram would go on asking for ever. A webhook of another program is removed; if it comes back
    within five minutes, `tell` gets a notice once. The polls of another process are no conflict
    unless `holds_lease`: it took the place of this one.
    """

    def __init__(
        self,
        tell: Callable[[Notice], None],
        holds_lease: Callable[[], bool],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._tell = tell
        self._holds_lease = holds_lease
        self._monotonic = monotonic
        self._refusals = Refusals(token_refusals.GRACE_WHILE_RUNNING, monotonic)
        self._removed = float("-inf")
        self._failures = 0
        self._notified = False
        self.failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def __call__(
        self,
        make_request: NextRequestMiddlewareType[TelegramType],
        bot: Bot,
        method: TelegramMethod[TelegramType],
    ) -> Any:
        # aiogram types a middleware's result as the response around what it really is.
        if not isinstance(method, GetUpdates):
            return await make_request(bot, method)
        try:
            updates: Any = await make_request(bot, method)  # type: ignore[arg-type]  # aiogram's
        except (TelegramUnauthorizedError, TelegramNotFound):
            self._failures += 1
            self._refused()
            raise
        except TelegramConflictError as error:
            if not self._holds_lease():
                raise
            self._failures += 1
            await self._conflict(bot, error)
            raise
        except ClientDecodeError:
            raise  # there was an answer, so that this is no failure of polling
        except Exception:
            self._failures += 1
            raise
        if self._failures:
            logger.info("updates are received again, after %d attempts", self._failures)
        self._failures, self._notified = 0, False
        self._refusals.accepted()
        return updates

    def _refused(self) -> None:
        try:
            self._refusals.refused()
        except WrongSettings as error:
            if not self.failed.done():
                self.failed.set_exception(error)

    async def _conflict(self, bot: Bot, error: TelegramConflictError) -> None:
        """Remove a webhook of another program, unless it was set again within five minutes."""
        if "webhook" not in error.message:
            logger.error(
                "another program receives this bot's updates with the same token: "
                "stop it, or get a new token from @BotFather"
            )
            return
        now = self._monotonic()
        if now - self._removed >= REMOVE_EVERY:
            self._removed = now
            logger.warning(
                "another program set a webhook, but this bot uses polling: removing the webhook"
            )
            await bot.delete_webhook()
            return
        logger.error(
            "another program keeps setting a webhook, but this bot uses polling: "
            "stop it, or get a new token from @BotFather"
        )
        if not self._notified:
            self._notified = True
            self._tell(NotReceiving())


async def poll(
    bot: Bot, dispatcher: Dispatcher, stop: asyncio.Event, failed: asyncio.Future[None]
) -> None:
    """Poll until `stop` is set or `failed` is done, and let running handlers finish.

    Raises the exception of `failed`.
    """
    polling = dispatcher.start_polling(
        bot,
        allowed_updates=ALL_UPDATES,
        polling_timeout=POLL_SECONDS,
        tasks_concurrency_limit=UPDATES_IN_FLIGHT,
        handle_signals=False,
        close_bot_session=False,
    )
    task = asyncio.create_task(polling)
    stopping = asyncio.create_task(stop.wait())
    ends: set[asyncio.Future[Any]] = {task, stopping, failed}
    await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    # Cancelling polling would leave a task that goes on acknowledging. Stopping raises RuntimeError
    # if polling has ended.
    with suppress(RuntimeError):
        await dispatcher.stop_polling()
    await task
    if failed.done():
        failed.result()
