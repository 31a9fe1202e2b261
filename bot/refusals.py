"""A token that is refused for good, told from a refusal in between."""

import logging
import time
from collections.abc import Callable

from bot.errors import Remark, WrongSettings

logger = logging.getLogger(__name__)

# Seconds in which Telegram accepts nothing, by which a token is known to be wrong. One that worked
# is believed in for longer: Telegram has refused right ones for minutes.
AT_START = 30.0
WHILE_RUNNING = 600.0
FEWEST = 3


class Refusals:
    """Count what Telegram answered with 401 or 404 to requests that are right."""

    def __init__(self, patience: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._patience = patience
        self._monotonic = monotonic
        self._since: float | None = None
        self._count = 0

    def accepted(self) -> None:
        self._since, self._count = None, 0

    def refused(self) -> None:
        """Raise WrongSettings if it has gone on for too long."""
        now = self._monotonic()
        self._since = now if self._since is None else self._since
        self._count += 1
        if self._count >= FEWEST and now - self._since >= self._patience:
            raise WrongSettings(
                Remark(
                    "BOT_TOKEN is refused by Telegram", "give the token that @BotFather gave you"
                )
            )
        if self._count == 1:
            logger.warning(
                "BOT_TOKEN is refused by Telegram; if that goes on for %.0f s, the bot ends",
                self._patience,
            )
