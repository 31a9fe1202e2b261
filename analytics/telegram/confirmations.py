"""Buttons that confirm what cannot be undone: valid for the person who asked, for five minutes."""

import hmac
from collections.abc import Callable
from datetime import datetime, timedelta
from hashlib import blake2b

from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup

from analytics.telegram.buttons import Cancel, Confirm
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

    def keyboard(self, label: str, action: str, telegram_id: int) -> InlineKeyboardMarkup:
        """Return a keyboard with a button that confirms, and one to cancel.

        `label` is the text of the first button; `action` has up to 14 letters.
        """
        issued = int(self._clock().timestamp())
        confirm = Confirm(
            action=action, issued=issued, signature=self._signature(action, telegram_id, issued)
        )
        buttons = {label: confirm, _(CANCEL): Cancel(action=action)}
        return InlineKeyboardMarkup(
            inline_keyboard=[
                [InlineKeyboardButton(text=text, callback_data=data.pack())]
                for text, data in buttons.items()
            ]
        )

    def confirms(self, button: Confirm, telegram_id: int) -> bool:
        """Tell whether the button was made for that person, at most five minutes ago."""
        expected = self._signature(button.action, telegram_id, button.issued)
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

    def _signature(self, action: str, telegram_id: int, issued: int) -> str:
        text = f"{action}:{issued}:{telegram_id}"
        return blake2b(text.encode(), key=self._key, digest_size=12).hexdigest()
