"""A bot that does not really wait before it tries again."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from unittest.mock import patch

from aiogram import Bot
from aiogram.methods import TelegramMethod
from aiogram.methods.base import TelegramType
from aiogram.utils.backoff import Backoff

from bot import app
from bot.sandbox import faults
from bot.sandbox.condition import Waiting
from bot.session import RetryAnswers, Session

# Instead of the minute that the bot waits for an answer, in seconds.
SHORT_TIMEOUT = 0.2


@dataclass
class Pauses:
    """What the bot would have waited before it tried again, in seconds."""

    of_polling: list[float] = field(default_factory=list)  # and of signing in
    of_answers: list[float] = field(default_factory=list)
    changed: Waiting = field(default_factory=Waiting)

    async def answer_sleeps(self, seconds: float) -> None:
        self.of_answers.append(seconds)
        await asyncio.sleep(0)

    async def polling_sleeps(self, backoff: Backoff) -> None:
        self.of_polling.append(next(backoff))
        self.changed.changed()
        await asyncio.sleep(0)

    async def more_polls(self, times: int) -> None:
        """Until polling has failed so many times more."""
        before = len(self.of_polling)
        await self.changed.until(
            lambda: len(self.of_polling) >= before + times, 10, f"{times} polls that fail"
        )


class Impatient(Session):
    """Waits a short time for the calls that hang as it was planned."""

    hanging: faults.Fault | None = None

    async def make_request(
        self,
        bot: Bot,
        method: TelegramMethod[TelegramType],
        timeout: int | None = None,  # noqa: ASYNC109 - aiogram's
    ) -> TelegramType:
        hanging = type(self).hanging
        if hanging is not None and hanging.times and hanging.method == method.__api_method__:
            timeout = SHORT_TIMEOUT  # type: ignore[assignment]  # aiohttp takes fractions
        return await super().make_request(bot, method, timeout)


@contextmanager
def in_no_time() -> Iterator[Pauses]:
    """Nobody really waits before trying again."""
    pauses = Pauses()
    with (
        patch.object(app, "Session", Impatient),
        patch.object(app, "RetryAnswers", lambda: RetryAnswers(pauses.answer_sleeps)),
        # Looked up with the object: a method, and not a function that is called.
        patch.object(Backoff, "asleep", lambda backoff: pauses.polling_sleeps(backoff)),
    ):
        yield pauses
