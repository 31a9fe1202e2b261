"""A router whose handlers work in any bot, whatever its middlewares and defaults are."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from copy import copy
from dataclasses import dataclass, fields
from datetime import datetime, time
from typing import Any, Literal, Self

from aiogram import BaseMiddleware, Bot, Router
from aiogram.client.default import DefaultBotProperties
from aiogram.dispatcher.event.bases import SkipHandler
from aiogram.enums import ParseMode
from aiogram.exceptions import AiogramError
from aiogram.types import CallbackQuery, Message, TelegramObject

from analytics import AnalyticsService, GuardedClock, next_planned
from analytics.events.handling import current
from analytics.telegram.answering import CLICK_TIMEOUT, place
from analytics.telegram.charts import Charts
from analytics.telegram.confirmations import Confirmations
from analytics.telegram.failures import is_not_taken, traced
from analytics.telegram.i18n import N_, LocaleMiddleware, _, translations
from analytics.telegram.limits import LimitPerPerson
from analytics.telegram.options import Options, options_of

logger = logging.getLogger(__name__)

ERROR = N_("Something went wrong. Please try again in a moment.")

# Time of day of the daily cleanup: early, when few people use a bot.
CLEANUP_AT = time(3)

Handler = Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Dependencies:
    """Everything that handlers of an `OwnRouter` may ask for, by the names of the fields.

    `Dependencies.of` makes them for a bot and an open service.
    """

    bot: Bot
    analytics: AnalyticsService
    options: Options
    clock: GuardedClock
    next_cleanup: Callable[[], datetime]
    charts: Charts
    confirmations: Confirmations
    limit: LimitPerPerson

    @classmethod
    def of(
        cls,
        bot: Bot,
        analytics: AnalyticsService,
        *,
        cleanup_at: time = CLEANUP_AT,
        chart_theme: Literal["light", "dark"] = "light",
        **options: Any,
    ) -> Self:
        """Return the dependencies of the handlers for one bot.

        `cleanup_at` is the time of the daily cleanup, `options` are fields of `Options` that
        do not follow from the service: `admin_ids`, `operator_contact` and others.
        Raises ValueError if an owner is no admin.
        """
        clock = analytics.clock
        if not isinstance(clock, GuardedClock):
            clock = GuardedClock(clock)
        return cls(
            bot=with_own_defaults(bot),
            analytics=analytics,
            options=options_of(analytics, **options),
            clock=clock,
            next_cleanup=lambda: analytics.calendar.local(
                next_planned(clock(), cleanup_at, analytics.calendar.zone)
            ),
            charts=Charts(chart_theme),
            confirmations=Confirmations(bot.token, clock, analytics.tokens),
            limit=LimitPerPerson(),
        )


FIELDS = fields(Dependencies)


def with_own_defaults(bot: Bot) -> Bot:
    """Return the same bot with the defaults that the analytics' texts need, such as HTML."""
    own = copy(bot)
    # The message that an answer replies to may be deleted meanwhile: the answer is still sent.
    own.default = DefaultBotProperties(parse_mode=ParseMode.HTML, allow_sending_without_reply=True)
    return own


class OwnRouter(Router):
    """A router of the analytics, which a dispatcher may include like any other.

    Its handlers get the dependencies, the person's language, an answered click, a limit per
    person, and a bot with the defaults that the texts need. A handler that fails is logged, and the
    person is told.
    """

    def __init__(self, name: str, dependencies: Dependencies) -> None:
        super().__init__(name=f"analytics.{name}")
        language, inject = LocaleMiddleware(translations()), Inject(dependencies)
        for observer in (self.message, self.callback_query, self.my_chat_member):
            observer.middleware(language)
            observer.middleware(inject)
            observer.middleware(report_failures)
        for observer in (self.message, self.callback_query):
            observer.middleware(dependencies.limit)
        self.callback_query.middleware(AnswerClicks())


class Inject(BaseMiddleware):
    """Give a handler its dependencies, and the event their bot."""

    def __init__(self, dependencies: Dependencies) -> None:
        self._bot = dependencies.bot
        self._dependencies = {each.name: getattr(dependencies, each.name) for each in FIELDS}

    async def __call__(self, handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
        # An answer of the analytics is no outcome of the bot's, which may include this router.
        current().is_counted = False
        data.update(self._dependencies)
        return await handler(self._rebound(event), data)

    def _rebound(self, event: TelegramObject) -> TelegramObject:
        """Return a copy of an event whose shortcuts, such as `answer`, use the own bot."""
        changed = {}
        if isinstance(event, CallbackQuery) and event.message is not None:
            changed["message"] = event.message.model_copy().as_(self._bot)
        return event.model_copy(update=changed).as_(self._bot)


async def report_failures(handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
    """Log a handler's failure, and tell the person, who would otherwise wait for ever."""
    try:
        return await handler(event, data)
    except SkipHandler:
        raise
    except Exception as error:
        if is_not_taken(error):
            # Another answer would not be taken either.
            logger.warning("Telegram did not accept an answer (%s)", type(error).__name__)
            return None
        logger.error("a handler of the analytics failed: %s", traced(error))
        if isinstance(event, Message | CallbackQuery):
            try:
                await place(event).answer(_(ERROR))
            except AiogramError as failed:
                logger.warning("Telegram did not accept an answer (%s)", type(failed).__name__)


class AnswerClicks(BaseMiddleware):
    """Answer a click, so that its button stops waiting, before the handler runs.

    The handler runs also if the answer fails or takes longer than 3.5 seconds.
    """

    async def __call__(self, handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
        assert isinstance(event, CallbackQuery)
        try:
            async with asyncio.timeout(CLICK_TIMEOUT):
                await event.answer()
        except (AiogramError, TimeoutError) as error:
            # Not a warning: anyone who clicks on an old button can cause it.
            logger.info("a click was not answered (%s)", type(error).__name__)
        return await handler(event, data)
