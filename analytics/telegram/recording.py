"""Record on receipt: commit the interactions of a batch before it is acknowledged to Telegram.

The next getUpdates acknowledges a batch. A middleware around that request is the one place that
sees every batch after it was received and before it can be acknowledged.

What is made of an update is decided here and in `classify`; `analytics.recording` commits it, and
`analytics/sqlite/queries/recording.py` makes the stored row.
"""

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from types import SimpleNamespace
from typing import Any
from weakref import WeakSet

from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.session.middlewares.base import BaseRequestMiddleware, NextRequestMiddlewareType
from aiogram.exceptions import ClientDecodeError, TelegramAPIError
from aiogram.methods import GetMe, GetUpdates, TelegramMethod
from aiogram.methods.base import TelegramType
from aiogram.types import Update
from aiohttp import ClientSession, TraceConfig, TraceRequestEndParams

from analytics import AnalyticsService, Interaction, InteractionType
from analytics.clock import GuardedClock, http_date
from analytics.events import Event
from analytics.telegram.classify import classify, date_of, interaction_type
from analytics.telegram.contents import any_command
from analytics.telegram.decode import decode_one_by_one, is_number
from analytics.telegram.failures import traced
from analytics.telegram.opt_out import ALL_RIGHTS, is_right, opting_out
from analytics.telegram.words import Vocabulary, events_of, start_code

logger = logging.getLogger(__name__)

# Larger offsets do not come from Telegram's own server.
MAX_OFFSET = 2**63 - 1
# Ids of recorded updates that are remembered until they are handled, about 100 bytes each.
REMEMBERED = 10_000
# Seconds between looks at the time of Telegram's servers.
DATE_EVERY = 60.0
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
        bot_id: int | None = None,
    ) -> None:
        """Create a middleware that records to `analytics`, and tells `clock` Telegram's dates.

        The uses of `commands`, given without the slash, are counted by day, without identity.
        Nothing is recorded about people whose Telegram IDs are in `uncounted`. With a `bot_id`,
        requests of other bots pass: several bots may share a session.
        """
        self._analytics = analytics
        self._clock = clock
        self.uncounted = uncounted
        """Telegram IDs of people of whom nothing is recorded."""
        self._bot_id = bot_id
        self.vocabulary = Vocabulary(frozenset(map(str.casefold, commands)))
        """The words that are counted by day, except for start links, which the service knows."""
        self.rights: frozenset[str] = ALL_RIGHTS
        """The commands about one's own data that people may use."""
        self.username: str | None = None
        """The username of the bot, known from its first getMe on."""
        self.last_received: datetime | None = None
        self.on_recorded: Callable[[Sequence[Update], float], None] | None = None
        """Called with the updates of a batch, and the seconds that recording them took."""
        self._recorded: OrderedDict[int, None] = OrderedDict()  # ids that are not handled yet
        self._polling: WeakSet[asyncio.Task[Any]] = WeakSet()
        self._warned = False
        self._next_date = float("-inf")  # by the monotonic clock
        self._dates = TraceConfig()
        self._dates.on_request_end.append(self._observe_date)
        self._dates.freeze()

    async def __call__(
        self,
        make_request: NextRequestMiddlewareType[TelegramType],
        bot: Bot,
        method: TelegramMethod[TelegramType],
    ) -> Any:
        if self._bot_id not in (None, bot.id):
            return await make_request(bot, method)
        await self._listen_for_a_date(bot)
        # aiogram types a middleware's result as the response around what it really is.
        if not isinstance(method, GetUpdates):
            answer: Any = await make_request(bot, method)
            if isinstance(method, GetMe):
                self.username = answer.username
            return answer
        if task := asyncio.current_task():
            self._polling.add(task)
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

    @property
    def commands_counted(self) -> frozenset[str]:
        """The commands that are counted by name: those about one's own data are not."""
        return frozenset(self.vocabulary.commands) - self.rights

    def command_counted_as(self, update: Update) -> str | None:
        """Return the command of an update, `other` for one that is not counted by name.

        None if the update is of another interaction type.
        """
        if interaction_type(update) is not InteractionType.COMMAND:
            return None
        command, _ = any_command(update, self.username)
        return command if command in self.commands_counted else InteractionType.OTHER.value

    def begin_polling(self) -> None:
        """Note that a dispatcher starts: a task that polled before is none of its."""
        self._polling.clear()

    async def end_polling(self) -> None:
        """End the tasks that have polled since the dispatcher started, except the current one.

        aiogram leaves one when `start_polling` is cancelled. It would go on to acknowledge updates
        that are not recorded.
        """
        left = {task for task in self._polling if not task.done()} - {asyncio.current_task()}
        for task in left:
            task.cancel()
        if left:
            await asyncio.wait(left)

    async def record(self, updates: Sequence[Update]) -> None:
        """Commit the interactions of updates; at worst this takes four seconds.

        A person who opts out is not recorded from their next update on, which may be in the same
        batch.
        """
        began = time.monotonic()
        self._clock.observe_updates(list(filter(None, map(date_of, updates))))
        received = self._clock()
        if updates:
            self.last_received = received
        # Another process may have made a link just now.
        codes = [start_code(each, self.username) for each in updates]
        await self._analytics.links.look_up([each for each in codes if each])
        vocabulary = replace(self.vocabulary, start_links=self._analytics.links.live)
        interactions: dict[int, tuple[Interaction, Sequence[Event], bool | None, bool]] = {}
        for update in updates:
            try:
                interaction = classify(update, received)
                chosen = opting_out(update, self.username, self.rights)
                happened = events_of(update, vocabulary, self.username)
                is_kept_out = is_right(update, self.username, self.rights)
            # An odd update must not keep the others from being recorded.
            except Exception as error:
                logger.error("skipped an update that cannot be classified: %s", traced(error))
                continue
            if interaction is None:
                continue
            if interaction.telegram_id in self.uncounted and chosen is None:
                continue
            interactions[update.update_id] = interaction, happened, chosen, is_kept_out
        if interactions:
            recorded, *more = zip(*interactions.values(), strict=True)
            await self._analytics.record(recorded, list(interactions), *more)
        self._recorded.update((update.update_id, None) for update in updates)
        while len(self._recorded) > REMEMBERED:
            self._recorded.popitem(last=False)
        if self.on_recorded is not None:
            self.on_recorded(updates, time.monotonic() - began)

    async def record_if_new(self, update: Update) -> None:
        """Record an update that is handled now, unless that was done on receipt.

        Each update is to be handled once. One that came by a way that `record` does not see is
        recorded late: a crash before that loses it if Telegram has been told that it arrived.
        """
        if update.update_id in self._recorded:
            del self._recorded[update.update_id]
            return
        if not self._warned:
            self._warned = True
            logger.warning(
                "an update came by another way than getUpdates or WebhookHandler: it is recorded "
                "when it is handled. A crash before that loses it, unless Telegram is told only "
                "afterwards that it arrived"
            )
        await self.record([update])
        del self._recorded[update.update_id]

    async def _listen_for_a_date(self, bot: Bot) -> None:
        """Have the `Date` of Telegram's next answer observed, if the last one is a minute old.

        Not that of each answer: aiohttp traces a request slowly.
        """
        if time.monotonic() < self._next_date or not isinstance(bot.session, AiohttpSession):
            return
        client = await bot.session.create_session()
        if self._dates not in client.trace_configs:
            client.trace_configs.append(self._dates)

    async def _observe_date(
        self, session: ClientSession, context: SimpleNamespace, answered: TraceRequestEndParams
    ) -> None:
        if date := http_date(answered.response.headers.get("Date")):
            self._clock.observe(date)
            self._next_date = time.monotonic() + DATE_EVERY
            with suppress(ValueError):  # requests at the same time have removed it
                session.trace_configs.remove(self._dates)
