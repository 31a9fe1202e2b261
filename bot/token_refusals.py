"""Tell a token that is wrong from one that Telegram refuses for a while."""

import logging
import time
from collections.abc import Callable

from bot.errors import Remark, WrongSettings

logger = logging.getLogger(__name__)

# Seconds without an accepted request after which a token is taken to be wrong. One that has worked
# gets longer: Telegram has refused valid tokens for minutes.
GRACE_AT_START = 30.0
GRACE_WHILE_RUNNING = 600.0
MIN_REFUSALS = 3


class Refusals:
    """Count answers 401 and 404 of Telegram to correct requests.

    `grace` is how many seconds may pass without an accepted request before the token is taken to be
    wrong, from the third refusal on.
    """

    def __init__(self, grace: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._grace = grace
        self._monotonic = monotonic
        self._since: float | None = None
        self._count = 0

    def accepted(self) -> None:
        self._since, self._count = None, 0

    def refused(self) -> None:
        """Count a refusal.

        Raises WrongSettings at the third or a later one if `grace` seconds have passed since
        the first.
        """
        now = self._monotonic()
        self._since = now if self._since is None else self._since
        self._count += 1
        if self._count >= MIN_REFUSALS and now - self._since >= self._grace:
            raise WrongSettings(
                Remark(
                    "BOT_TOKEN is refused by Telegram", "give the token that @BotFather gave you"
                )
            )
        if self._count == 1:
            logger.warning(
                "BOT_TOKEN is refused by Telegram; the bot stops if this lasts for %.0f s",
                self._grace,
            )
