"""Poll only while this process holds the lease to; others that share its database wait."""

import asyncio
from typing import Any

from aiogram import Bot
from aiogram.client.session.middlewares.base import BaseRequestMiddleware, NextRequestMiddlewareType
from aiogram.methods import GetUpdates, TelegramMethod
from aiogram.methods.base import TelegramType
from aiogram.types import Update

from analytics.lease import Lease, Term


class PollWhileHeld(BaseRequestMiddleware):
    """Request middleware that has getUpdates wait for the lease, and ends it with the lease.

    Register it after `RecordOnReceipt`, which then sees no batch that is left to another process.
    """

    def __init__(self, lease: Lease, bot_id: int) -> None:
        """Prepare it for the bot with an ID: several may share a session."""
        self._lease = lease
        self._bot_id = bot_id
        self._term: Term | None = None
        self._offset: int | None = None

    async def __call__(
        self,
        make_request: NextRequestMiddlewareType[TelegramType],
        bot: Bot,
        method: TelegramMethod[TelegramType],
    ) -> Any:
        if not isinstance(method, GetUpdates) or bot.id != self._bot_id:
            return await make_request(bot, method)
        while True:
            term = await self._lease.take()
            if self._term not in (None, term):
                # Telegram sends again what nobody has acknowledged: some of it was left undone.
                method.offset = None
            self._term, self._offset = term, method.offset
            asking = make_request(bot, method)  # type: ignore[arg-type]  # aiogram's
            if term.is_endless:
                return await asking
            request = asyncio.ensure_future(asking)
            await _until_done(request, term)
            if not term.is_over:
                return request.result()

    def leaves(self, update: Update) -> bool:
        """Return whether an update is left to another process: Telegram sends it to that one, too.

        What is acknowledged comes to nobody else.
        """
        if self._term is None or not self._term.is_over:
            return False
        return self._offset is None or update.update_id >= self._offset


async def _until_done(request: "asyncio.Future[Any]", term: Term) -> None:
    """Wait until a request is done or the term is over; then it is cancelled."""
    over = asyncio.ensure_future(term.over())
    try:
        await asyncio.wait({request, over}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        both = {request, over}
        for each in both:
            each.cancel()
        await asyncio.wait(both)
        if not request.cancelled():
            request.exception()  # whoever asks for the result gets it; else nobody needs it
