"""Rate limit of expensive answers per person, so that one person does not make others wait."""

import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Any

from aiogram import BaseMiddleware
from aiogram.dispatcher.flags import get_flag
from aiogram.types import CallbackQuery, Message, TelegramObject

from analytics.telegram.i18n import N_, _

# Answers at once, and seconds until one more is allowed: enough for a person, not for a script.
BURST = 10
SECONDS_EACH = 3.0
# People remembered at a time, about 200 bytes each; the least recent one is forgotten first.
PEOPLE = 10_000

SLOW_DOWN = N_("That was quite a lot at once. Please try again in half a minute.")
# The flag of a handler whose answer is expensive.
EXPENSIVE = {"expensive": True}


class LimitPerPerson(BaseMiddleware):
    """Limit handlers with the flag `EXPENSIVE` to 10 at once per person, and one more every 3 s.

    Above the limit, the person is told once; further requests are ignored until one is allowed.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        # When each person may get `BURST` answers at once again, by Telegram ID.
        self._full_at: OrderedDict[int, float] = OrderedDict()
        self._told: set[int] = set()

    async def __call__(
        self,
        handler: Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]],
        event: TelegramObject,
        data: dict[str, Any],
    ) -> Any:
        assert isinstance(event, Message | CallbackQuery)
        if not get_flag(data, "expensive") or event.from_user is None:
            return await handler(event, data)
        if self._allows(event.from_user.id):
            return await handler(event, data)
        if event.from_user.id not in self._told:
            self._told.add(event.from_user.id)
            return await event.answer(_(SLOW_DOWN))
        return None

    def _allows(self, person: int) -> bool:
        now = self._clock()
        full_at = max(now, self._full_at.pop(person, now))
        allowed = full_at - now <= (BURST - 1) * SECONDS_EACH
        if allowed:
            full_at += SECONDS_EACH
            self._told.discard(person)
        self._full_at[person] = full_at
        if len(self._full_at) > PEOPLE:
            forgotten = self._full_at.popitem(last=False)[0]
            self._told.discard(forgotten)
        return allowed
