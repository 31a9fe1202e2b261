"""Check every five minutes that Telegram still sends updates to the webhook.

Another program with the token, a proxy that is gone, or an expired certificate stops updates
without any request that would tell the bot.
"""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable

from aiogram import Bot
from aiogram.exceptions import ClientDecodeError, TelegramAPIError, TelegramBadRequest
from aiogram.types import WebhookInfo

from analytics import Notice, NotReceiving
from analytics.telegram import ALL_UPDATES
from bot.errors import Remark, WrongSettings
from bot.logs import kind
from bot.receiving import Receiving
from bot.settings import Settings

logger = logging.getLogger(__name__)

# Seconds between looks.
LOOK_EVERY = 300.0
# Telegram's words if the name cannot be resolved, which may be over in a minute.
UNRESOLVED = re.compile(r"resolve\s+host|temporar|timed?\s?out", re.IGNORECASE)
# Telegram's words for a failed delivery begin with its kind: "SSL error {...}", "Connection
# refused", "Wrong response from the webhook: 502 Bad Gateway".
KIND = re.compile(r"[A-Za-z\s]+(?::\s\d{3}\b)?")


async def set_webhook(bot: Bot, settings: Settings) -> None:
    """Set the webhook of the settings, for all kinds of updates.

    Raises WrongSettings if Telegram refuses the address, TelegramAPIError if it may accept it
    later.
    """
    assert settings.webhook_url is not None
    assert settings.webhook_secret is not None
    try:
        await bot.set_webhook(
            str(settings.webhook_url),
            secret_token=settings.webhook_secret.get_secret_value(),
            allowed_updates=ALL_UPDATES,
        )
    except TelegramBadRequest as error:
        if UNRESOLVED.search(error.message):
            logger.warning("Telegram cannot resolve the host of WEBHOOK_URL")
            raise
        remedy = "give an https address that Telegram can reach, with port 443, 80, 88 or 8443"
        raise WrongSettings(Remark("WEBHOOK_URL is refused by Telegram", remedy)) from None


class WebhookWatch:
    """Set the webhook again when it is gone, replaced, or updates cannot be delivered to it.

    At the second failed look in a row, `tell` gets a notice, and `receiving` notes that the webhook
    does not work, until a look succeeds.
    """

    def __init__(
        self,
        bot: Bot,
        settings: Settings,
        receiving: Receiving,
        tell: Callable[[Notice], None],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._bot = bot
        self._settings = settings
        self._receiving = receiving
        self._tell = tell
        self._sleep = sleep
        self._looks = 0  # failed ones in a row
        self._last_error: object = None

    async def run(self) -> None:
        """Look every five minutes, until it is cancelled."""
        while True:
            await self._sleep(LOOK_EVERY)
            try:
                await self.look()
            except (TelegramAPIError, ClientDecodeError, WrongSettings) as error:
                logger.warning("the webhook cannot be checked or set (%s)", kind(error))

    async def look(self) -> None:
        info = await self._bot.get_webhook_info()
        if self._is_well(info):
            if self._looks:
                logger.warning("the webhook works again")
            self._looks, self._receiving.by_webhook = 0, True
            return
        self._looks += 1
        if self._looks == 2:
            self._receiving.by_webhook = False
            self._tell(NotReceiving())
        await set_webhook(self._bot, self._settings)

    def _is_well(self, info: WebhookInfo) -> bool:
        before, self._last_error = self._last_error, info.last_error_date
        waiting = info.pending_update_count
        if not info.url:
            logger.warning("the webhook is gone, %d updates wait: setting it again", waiting)
        elif not self._settings.is_webhook(info.url):
            logger.warning("another program set its own webhook: setting this one again")
        elif waiting and info.last_error_date not in (None, before):
            words = KIND.match(info.last_error_message or "")
            logger.warning(
                "Telegram cannot deliver to the webhook (%s), %d updates wait: setting it again",
                words[0].strip() if words else "?",
                waiting,
            )
        else:
            return True
        return False
