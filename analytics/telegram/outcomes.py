"""Measure what becomes of the updates that the bot's own handlers get: whether it works.

What is counted are words of the bot's developer and Telegram's, never a person's.
"""

import logging
import time
from collections.abc import Callable
from typing import Any

from aiogram.dispatcher.event.bases import UNHANDLED, CancelHandler, SkipHandler
from aiogram.types import Update

from analytics import AnalyticsService
from analytics.events import EventKind
from analytics.events.handling import handling
from analytics.events.outcome_words import event_of
from analytics.telegram.classify import person_of
from analytics.telegram.error_places import ErrorEvents
from analytics.telegram.failures import traced
from analytics.telegram.own_router import Handler
from analytics.telegram.recording import RecordOnReceipt
from analytics.telegram.words import subject_of

logger = logging.getLogger(__name__)


class Outcomes:
    """The outcomes of the updates that are passed on to a bot's own handlers."""

    def __init__(
        self,
        analytics: AnalyticsService,
        recording: RecordOnReceipt,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._analytics = analytics
        self._recording = recording
        self._monotonic = monotonic
        self._errors = ErrorEvents(analytics.clock)
        self.on_outcome: Callable[[Update, EventKind, float], None] | None = None
        """Called with an update, what became of it, and the seconds until then."""

    async def measure(self, handler: Handler, update: Update, data: dict[str, Any]) -> Any:
        """Pass an update on to the bot's handlers, and count what becomes of it.

        The bot's handlers of errors come after this: what they answer has failed. An exception that
        a middleware of the bot keeps to itself is no failure, and what is cancelled is nothing.
        """
        telegram_id = person_of(update)
        is_counted = telegram_id not in self._recording.uncounted
        with handling(telegram_id, is_counted=is_counted) as current:
            began = self._monotonic()

            def note(outcome: EventKind, error: Exception | None = None) -> None:
                # An answer of the analytics' own, in a router that the bot includes, is none.
                if current.is_counted:
                    self._note(outcome, update, telegram_id, self._monotonic() - began, error)

            try:
                answer = await handler(update, data)
            except CancelHandler:
                note(EventKind.HANDLED)
                raise
            except SkipHandler:
                note(EventKind.UNANSWERED)
                raise
            except Exception as error:
                note(EventKind.FAILED, error)
                raise
            note(EventKind.UNANSWERED if answer is UNHANDLED else EventKind.HANDLED)
            return answer

    def _note(
        self,
        outcome: EventKind,
        update: Update,
        telegram_id: int | None,
        seconds: float,
        error: Exception | None,
    ) -> None:
        """Count an outcome; what goes wrong in that is logged, and changes no answer."""
        try:
            subject = subject_of(update, self._recording.vocabulary, self._recording.username)
            events = [event_of(outcome, subject, seconds)]
            if error is not None:
                events.append(self._errors.of(error))
            if self.on_outcome is not None:
                self.on_outcome(update, outcome, seconds)
            self._analytics.count_outcome(events, telegram_id)
        except Exception as failure:
            logger.error("an outcome was not counted: %s", traced(failure))
