"""A message that tells how far something is, as often as Telegram takes it, and how it ended."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self

from aiogram import Bot
from aiogram.exceptions import AiogramError, TelegramBadRequest
from aiogram.types import InaccessibleMessage, Message

# Telegram slows down who writes more often to one chat.
SECONDS_BETWEEN = 1.0


class Progress:
    """`async with Progress(bot, message) as progress:` rewrites the message, and its buttons go."""

    def __init__(
        self,
        bot: Bot,
        message: Message | InaccessibleMessage,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._bot = bot
        self._message = message
        self._clock = clock
        self._begun = 0.0
        self._editing: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._editing is not None and not self._editing.done():
            self._editing.cancel()
            await asyncio.wait({self._editing})

    def show(self, text: str) -> None:
        """Show how far it is without waiting; left out if the last one is not sent yet."""
        now = self._clock()
        if self._editing is not None and (
            not self._editing.done() or now - self._begun < SECONDS_BETWEEN
        ):
            return
        self._begun = now
        self._editing = asyncio.create_task(self._try_to_edit(text))

    async def end(self, text: str) -> None:
        """Shown whatever was before, and after it; in a new message if the old one is gone."""
        if self._editing is not None:
            await self._editing
        try:
            await self._edit(text)
        except TelegramBadRequest:
            await self._message.answer(text)

    async def _try_to_edit(self, text: str) -> None:
        with suppress(AiogramError):  # it is not the last word
            await self._edit(text)

    async def _edit(self, text: str) -> None:
        chat, message = self._message.chat.id, self._message.message_id
        await self._bot.edit_message_text(text, chat_id=chat, message_id=message)
