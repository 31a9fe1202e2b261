"""Sign in to Telegram: check the token, and set or remove the webhook."""

import logging

from aiogram import Bot
from aiogram.exceptions import (
    ClientDecodeError,
    TelegramAPIError,
    TelegramNotFound,
    TelegramUnauthorizedError,
)
from aiogram.utils.backoff import Backoff, BackoffConfig

from bot import token_refusals
from bot.logs import kind
from bot.settings import Settings
from bot.token_refusals import Refusals
from bot.webhook_watch import set_webhook

logger = logging.getLogger(__name__)

# Pauses between tries to reach Telegram, in seconds: 1, then doubled, up to a minute.
BACKOFF = BackoffConfig(min_delay=1.0, max_delay=60.0, factor=2.0, jitter=0.1)


async def sign_in(bot: Bot, settings: Settings) -> None:
    """Check the token, and set the webhook, or remove it for polling.

    While Telegram cannot be reached, tries again after pauses that double from one second to a
    minute. Raises WrongSettings if Telegram goes on to refuse the token, or refuses WEBHOOK_URL.
    """
    backoff = Backoff(BACKOFF)
    refused = Refusals(token_refusals.GRACE_AT_START)
    while True:
        try:
            await bot.me()
            refused.accepted()
            if settings.webhook_url is None:
                # Telegram refuses polling while a webhook is set.
                await bot.delete_webhook()
            else:
                await set_webhook(bot, settings)
        except (TelegramAPIError, ClientDecodeError) as error:
            if isinstance(error, (TelegramUnauthorizedError, TelegramNotFound)):
                refused.refused()
            logger.warning(
                "cannot sign in to Telegram (%s): next try in %.0f s",
                kind(error),
                backoff.next_delay,
            )
            await backoff.asleep()
        else:
            return
