"""Buttons that confirm what cannot be undone: valid for the person who asked, for five minutes."""

import hmac
from collections.abc import Callable
from datetime import datetime, timedelta
from hashlib import blake2b

from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup

from analytics import Tokens
from analytics.telegram.buttons import Cancel, Confirm, Irreversible
from analytics.telegram.i18n import N_, _

VALID_FOR = timedelta(minutes=5)
# Seconds: another process may have made the button.
CLOCKS_DIFFER = 60
CANCEL = N_("Cancel")


class Confirmations:
    """Make and check buttons whose data is signed, so that nobody can forge one.

    `token` is the bot's, from which the key of the signatures is derived. `tokens` note which
    buttons were used that confirm once.
    """

    def __init__(self, token: str, clock: Callable[[], datetime], tokens: Tokens) -> None:
        # Derived from the bot's token, so that buttons outlive a restart without being stored.
        self._key = blake2b(token.encode(), person=b"confirmations").digest()
        self._clock = clock
        self._tokens = tokens
        # In memory alone, of those that may be used again: nothing is to tell who erased what.
        self._used: set[str] = set()

    def keyboard(
        self,
        label: str,
        action: Irreversible,
        telegram_id: int,
        subject: str = "",
        words: str = "",
    ) -> InlineKeyboardMarkup:
        """Return a keyboard with a button that confirms, whose text is `label`, and one to cancel.

        The rest is as for `button`.
        """
        return keyboard_of(label, self.button(action, telegram_id, subject, words))

    def button(
        self, action: Irreversible, telegram_id: int, subject: str = "", words: str = ""
    ) -> Confirm:
        """Return the data of a button that confirms an act of a person.

        `subject` is what the act is about, as in `Confirm`. The button confirms only what still has
        the `words`.
        """
        confirm = Confirm(
            action=action, subject=subject, issued=int(self._clock().timestamp()), signature=""
        )
        confirm.signature = self._signature(confirm, telegram_id, words)
        return confirm

    def confirms(self, button: Confirm, telegram_id: int, words: str = "") -> bool:
        """Tell whether the button was made for that person, at most five minutes ago."""
        expected = self._signature(button, telegram_id, words)
        if not hmac.compare_digest(expected.encode(), button.signature.encode()):
            return False
        age = self._clock().timestamp() - button.issued
        return -CLOCKS_DIFFER <= age <= VALID_FOR.total_seconds()

    async def confirms_once(self, button: Confirm, telegram_id: int, words: str = "") -> bool:
        """Tell whether the button confirms, and use it up, so that it confirms only once.

        It has to be made for that person, at most five minutes ago, and is used up for all
        processes at the database. One process that has a file alone forgets that when it ends: a
        button that was made before it began does not confirm.
        Raises AnalyticsError if the database fails.
        """
        if not self.confirms(button, telegram_id, words):
            return False
        return await self._tokens.use_up(button.signature, button.issued, VALID_FOR)

    def is_used(self, button: Confirm) -> bool:
        """Tell whether the button was used in this process, for a word in the answer."""
        return button.signature in self._used

    def use(self, button: Confirm) -> None:
        self._used.add(button.signature)

    def _signature(self, button: Confirm, telegram_id: int, words: str) -> str:
        text = f"{button.action}:{button.subject}:{button.issued}:{telegram_id}:{words}"
        return blake2b(text.encode(), key=self._key, digest_size=12).hexdigest()


def keyboard_of(label: str, confirm: Confirm) -> InlineKeyboardMarkup:
    """Return a keyboard with a button that confirms, whose text is `label`, and one to cancel."""
    buttons = {label: confirm, _(CANCEL): Cancel(action=confirm.action)}
    return InlineKeyboardMarkup(
        inline_keyboard=[
            [InlineKeyboardButton(text=text, callback_data=data.pack())]
            for text, data in buttons.items()
        ]
    )
