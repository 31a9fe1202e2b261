"""Buttons that confirm what cannot be undone: valid for the person who asked, for five minutes."""

import hmac
from collections.abc import Callable
from datetime import datetime, timedelta
from hashlib import blake2b

from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup

from analytics.telegram.buttons import Cancel, Confirm, Irreversible
from analytics.telegram.i18n import N_, _

VALID_FOR = timedelta(minutes=5)
CANCEL = N_("Cancel")


class Confirmations:
    """Make and check buttons whose data is signed, so that nobody can forge one.

    `token` is the bot's, from which the key of the signatures is derived.
    """

    def __init__(self, token: str, clock: Callable[[], datetime]) -> None:
        # Derived from the bot's token, so that buttons outlive a restart without being stored.
        self._key = blake2b(token.encode(), person=b"confirmations").digest()
        self._clock = clock
        self._began = int(clock().timestamp())
        self._used: set[str] = set()  # as many as people erase, and owners clean up by hand

    def keyboard(
        self, label: str, action: Irreversible, telegram_id: int, days: int = 0
    ) -> InlineKeyboardMarkup:
        """Return a keyboard with a button that confirms, whose text is `label`, and one to cancel.

        `days` belongs to a cleanup by hand.
        """
        confirm = Confirm(
            action=action, days=days, issued=int(self._clock().timestamp()), signature=""
        )
        confirm.signature = self._signature(confirm, telegram_id)
        buttons = {label: confirm, _(CANCEL): Cancel(action=action)}
        return InlineKeyboardMarkup(
            inline_keyboard=[
                [InlineKeyboardButton(text=text, callback_data=data.pack())]
                for text, data in buttons.items()
            ]
        )

    def confirms(self, button: Confirm, telegram_id: int) -> bool:
        """Tell whether the button was made for that person, at most five minutes ago."""
        expected = self._signature(button, telegram_id)
        if not hmac.compare_digest(expected.encode(), button.signature.encode()):
            return False
        age = self._clock().timestamp() - button.issued
        return 0 <= age <= VALID_FOR.total_seconds()

    def confirms_once(self, button: Confirm, telegram_id: int) -> bool:
        """Tell whether the button confirms, and use it up, so that it confirms only once.

        It has to be made for that person, at most five minutes ago, and by this process: used
        buttons are forgotten when the process ends.
        """
        if self.is_used(button) or not self.confirms(button, telegram_id):
            return False
        self.use(button)
        return button.issued >= self._began

    def is_used(self, button: Confirm) -> bool:
        """Tell whether the button was used since this process began."""
        return button.signature in self._used

    def use(self, button: Confirm) -> None:
        self._used.add(button.signature)

    def _signature(self, button: Confirm, telegram_id: int) -> str:
        text = f"{button.action}:{button.days}:{button.issued}:{telegram_id}"
        return blake2b(text.encode(), key=self._key, digest_size=12).hexdigest()
