"""Send alerts to admins, in their private chats."""

import asyncio
import logging
from collections.abc import Callable, Collection, Iterable
from datetime import datetime, timedelta

from aiogram import Bot
from aiogram.exceptions import AiogramError
from aiogram.types import BufferedInputFile, InlineKeyboardMarkup

from analytics.alert_state import AlertState
from analytics.notices import Notice, NotReceiving, RecordingFails, RecordingWorks
from analytics.telegram.alerts import messages
from analytics.telegram.alerts.messages import Kind
from analytics.telegram.failures import TRANSIENT

logger = logging.getLogger(__name__)

# The least time between two alerts of the same kind.
ONCE_IN = timedelta(days=1)
# Each replica looks at the webhook every five minutes.
REPLICAS_NOTICE_WITHIN = timedelta(minutes=10)


class Notifier:
    """Send alerts and notices to admins; `admin_ids` are Telegram IDs.

    If Telegram does not take a message to an admin, that is logged, and the others get theirs.
    """

    def __init__(
        self,
        bot: Bot,
        state: AlertState,
        admin_ids: Collection[int],
        clock: Callable[[], datetime],
    ) -> None:
        self._bot = bot
        self._state = state
        self._admin_ids = admin_ids
        self._clock = clock
        self._noting = asyncio.Lock()
        self._know_of_failure: set[int] = set()

    async def pass_on(self, notices: asyncio.Queue[Notice]) -> None:
        """Send the notices that the analytics put into a queue; runs until it is cancelled."""
        while True:
            match notice := await notices.get():
                case RecordingFails():
                    await self.recording_fails()
                case RecordingWorks():
                    await self._send(self._know_of_failure, messages.notice(notice))
                    self._know_of_failure = set()
                # Cannot be muted: records may be lost, and only a person can help.
                case _:
                    if await self._is_ours(notice):
                        await self._send(self._admin_ids, messages.notice(notice))

    async def _is_ours(self, notice: Notice) -> bool:
        """Return whether to send a notice: each replica notices by itself what it is about."""
        if not isinstance(notice, NotReceiving):
            return True
        return await self._state.claim(type(notice).__name__, self._clock(), REPLICAS_NOTICE_WITHIN)

    async def recording_fails(self) -> None:
        self._know_of_failure |= await self.tell_once_a_day(
            Kind.RECORDING, messages.notice(RecordingFails())
        )

    async def wanted_by(self, kind: Kind) -> list[int]:
        """Return the Telegram IDs of the admins who have not muted a kind of alert."""
        return [each for each in self._admin_ids if kind not in await self._state.muted(each)]

    async def tell_once_a_day(self, kind: Kind, text: str | Callable[[int], str]) -> set[int]:
        """Send an alert to the admins who have not muted it, at most once in 24 hours.

        `text` may be a function of the Telegram ID of an admin.

        Returns the Telegram IDs of those who received it.
        """
        return await self.tell(kind, text, ONCE_IN)

    async def tell(
        self, kind: Kind, text: str | Callable[[int], str], once_in: timedelta = timedelta(0)
    ) -> set[int]:
        """Send an alert, with a button to mute it, to the admins who have not muted its kind.

        `text` may be a function of the Telegram ID of an admin.
        Does nothing if that kind was sent less than `once_in` ago. Returns the Telegram IDs of
        those who received it. If nobody could, but somebody may later, it stays due.
        """
        admin_ids = await self.wanted_by(kind)
        async with self._noting:
            before = await self._state.last(kind)
            # First, so that a kill in between does not send the alert twice.
            if not admin_ids or not await self._state.claim(kind, self._clock(), once_in):
                return set()
        took, is_passing = await self._send(admin_ids, text, messages.below(kind))
        if not took and is_passing:
            await self._state.note(kind, before)
        return took

    async def show(self, admin_ids: Iterable[int], picture: bytes, caption: str) -> None:
        """Send a chart that belongs to an alert, without a sound; `picture` is a PNG.

        `admin_ids` are Telegram IDs.
        """
        for telegram_id in admin_ids:
            try:
                await self._bot.send_photo(
                    telegram_id,
                    BufferedInputFile(picture, "chart.png"),
                    caption=caption,
                    disable_notification=True,
                )
            except AiogramError as error:
                logger.warning("a chart could not be sent to an admin (%s)", type(error).__name__)

    async def _send(
        self,
        admin_ids: Iterable[int],
        text: str | Callable[[int], str],
        keyboard: InlineKeyboardMarkup | None = None,
    ) -> tuple[set[int], bool]:
        """Return the Telegram IDs of those who received it, and whether others may later."""
        took, is_passing = set(), False
        for telegram_id in admin_ids:
            said = text if isinstance(text, str) else text(telegram_id)
            try:
                await self._bot.send_message(telegram_id, said, reply_markup=keyboard)
                took.add(telegram_id)
            except AiogramError as error:
                is_passing |= isinstance(error, TRANSIENT)
                logger.warning("an alert could not be sent to an admin (%s)", type(error).__name__)
        return took, is_passing
