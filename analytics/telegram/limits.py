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

SLOW_DOWN = N_("Too many requests. Please try again in half a minute.")
# The flag of a handler whose answer is expensive.
EXPENSIVE = {"expensive": True}


class LimitPerPerson(BaseMiddleware):
    """Limit handlers with the flag `EXPENSIVE` to 10 at once per person, and one more every 3 s.

    Above the limit, the person is warned once; further requests are ignored until one is allowed.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        # By Telegram ID: when the person may get `BURST` answers at once again, and whether they
        # were warned since their last answer.
        self._people: OrderedDict[int, tuple[float, bool]] = OrderedDict()

    async def __call__(
        self,
        handler: Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]],
        event: TelegramObject,
        data: dict[str, Any],
    ) -> Any:
        assert isinstance(event, Message | CallbackQuery)
        if not get_flag(data, "expensive") or event.from_user is None:
            return await handler(event, data)
        telegram_id, now = event.from_user.id, self._clock()
        full_at, was_warned = self._people.pop(telegram_id, (now, False))
        full_at = max(now, full_at)
        is_allowed = full_at - now <= (BURST - 1) * SECONDS_EACH
        self._people[telegram_id] = (full_at + SECONDS_EACH * is_allowed, not is_allowed)
        if len(self._people) > PEOPLE:
            self._people.popitem(last=False)
        if is_allowed:
            return await handler(event, data)
        return None if was_warned else await event.answer(_(SLOW_DOWN))
