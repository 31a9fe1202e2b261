"""Record on receipt: commit the interactions of a batch before it is acknowledged to Telegram.

The next getUpdates acknowledges a batch. A middleware around that request is the one place that
sees every batch after it was received and before it can be acknowledged.

What is made of an update is decided here and in `classify`; `analytics.recording` commits it, and
the trigger `record` of `sqlite/schema.sql` makes the stored row.
"""

import asyncio
import logging
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from aiogram import Bot
from aiogram.client.session.middlewares.base import BaseRequestMiddleware, NextRequestMiddlewareType
from aiogram.exceptions import ClientDecodeError, TelegramAPIError
from aiogram.methods import GetMe, GetUpdates, TelegramMethod
from aiogram.methods.base import TelegramType
from aiogram.types import Update

from analytics import AnalyticsService, Interaction
from analytics.clock import GuardedClock
from analytics.telegram.classify import classify, date_of, event
from analytics.telegram.decode import decode_one_by_one, is_number
from analytics.telegram.opt_out import is_right, opting_out

logger = logging.getLogger(__name__)

# Larger offsets do not come from Telegram's own server.
MAX_OFFSET = 2**63 - 1
# Seconds between polls that return only updates that cannot be acknowledged.
PAUSE = 1.0


class RecordOnReceipt(BaseRequestMiddleware):
    """Record the updates that getUpdates returns before anything else sees them.

    Register it as a middleware of `bot.session`.
    """

    def __init__(
        self,
        analytics: AnalyticsService,
        clock: GuardedClock,
        commands: Collection[str] = (),
        uncounted: Collection[int] = (),
    ) -> None:
        """Create a middleware that records to `analytics`, and tells `clock` Telegram's dates.

        The uses of `commands`, given without the slash, are counted by day, without identity.
        Nothing is recorded about people whose Telegram IDs are in `uncounted`.
        """
        self._analytics = analytics
        self._clock = clock
        self._commands = frozenset(map(str.casefold, commands))
        self._uncounted = uncounted
        self._username: str | None = None  # the bot's, known after the first getMe
        self.last_received: datetime | None = None

    async def __call__(
        self,
        make_request: NextRequestMiddlewareType[TelegramType],
        bot: Bot,
        method: TelegramMethod[TelegramType],
    ) -> Any:
        # aiogram types a middleware's result as the response around what it really is.
        if not isinstance(method, GetUpdates):
            answer: Any = await make_request(bot, method)
            if isinstance(method, GetMe):
                self._username = answer.username
            return answer
        try:
            updates: Any = await make_request(bot, method)  # type: ignore[arg-type]  # aiogram's
        except ClientDecodeError as error:
            updates = list(decode_one_by_one(error.data, bot))
            if not updates:
                raise
        except TelegramAPIError:
            if method.offset is not None and method.offset > MAX_OFFSET:
                method.offset = None  # it would be refused for ever
            raise
        numbered = [update for update in updates if is_number(update.update_id)]
        if updates and not numbered:
            await asyncio.sleep(PAUSE)  # the next poll would return them again at once
        await self.record(numbered)
        return numbered

    async def record(self, updates: Sequence[Update]) -> None:
        """Commit the interactions of updates; at worst this takes four seconds.

        A person who opts out is not recorded from their next update on, which may be in the same
        batch.
        """
        self._clock.observe_updates(list(filter(None, map(date_of, updates))))
        received = self._clock()
        if updates:
            self.last_received = received
        interactions: dict[int, tuple[Interaction, str | None, bool | None, bool]] = {}
        for update in updates:
            try:
                interaction = classify(update, received)
                chosen = opting_out(update, self._username)
                happened = event(update, self._commands, self._username)
                is_kept_out = is_right(update, self._username)
            # An odd update must not keep the others from being recorded.
            except Exception:
                logger.exception("skipped an update that cannot be classified")
                continue
            if interaction is None:
                continue
            if interaction.telegram_id in self._uncounted and chosen is None:
                continue
            interactions[update.update_id] = interaction, happened, chosen, is_kept_out
        if interactions:
            recorded, *more = zip(*interactions.values(), strict=True)
            await self._analytics.record(recorded, list(interactions), *more)
