"""A message that shows the progress of an operation, and its end."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self

from aiogram import Bot
from aiogram.exceptions import AiogramError
from aiogram.types import InaccessibleMessage, Message

from analytics.telegram.answering import edit_or_send

# Telegram slows down a bot that writes to one chat more often.
SECONDS_BETWEEN = 1.0


class Progress:
    """Rewrite a message to show progress, at most once a second, and remove its buttons.

    Use it as `async with Progress(bot, message) as progress:`.
    """

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
        """Show a text without waiting for Telegram.

        It is skipped if the text before is still being sent, or was sent less than a second ago.
        """
        now = self._clock()
        if self._editing is not None and (
            not self._editing.done() or now - self._begun < SECONDS_BETWEEN
        ):
            return
        self._begun = now
        self._editing = asyncio.create_task(self._try_to_edit(text))

    async def end(self, text: str) -> None:
        """Show the last text, after a text that is still being sent; it is never skipped.

        If the message is gone or cannot be edited, the text is sent in a new one.
        """
        if self._editing is not None:
            await self._editing
        await edit_or_send(self._edit(text), self._message, text)

    async def _try_to_edit(self, text: str) -> None:
        with suppress(AiogramError):  # it is not the last word
            await self._edit(text)

    async def _edit(self, text: str) -> None:
        chat, message = self._message.chat.id, self._message.message_id
        await self._bot.edit_message_text(text, chat_id=chat, message_id=message)
