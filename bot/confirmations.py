"""Buttons that do what cannot be undone: good for the person who asked, and for five minutes."""

import hmac
from collections.abc import Callable
from datetime import datetime, timedelta
from hashlib import blake2b

VALID_FOR = timedelta(minutes=5)


class Confirmations:
    """What such a button carries is signed, so that nobody can make one up."""

    def __init__(self, token: str, clock: Callable[[], datetime]) -> None:
        # The bot's token: buttons outlive a restart, and nothing has to be remembered.
        self._key = blake2b(token.encode(), person=b"confirmations").digest()
        self._clock = clock
        self._began = int(clock().timestamp())
        self._used: set[str] = set()  # as many as owners clean up by hand

    def data(self, action: str, person: int) -> str:
        """What the button carries: at most 64 bytes for an action of up to 20."""
        return self._signed(action, person, int(self._clock().timestamp()))

    def confirms(self, data: str | None, action: str, person: int) -> bool:
        """Whether this is such a button for that, of that person, and not too old."""
        try:
            issued = int((data or "").split(":")[1])
        except (IndexError, ValueError):
            return False
        expected = self._signed(action, person, issued)
        if not hmac.compare_digest(expected.encode(), (data or "").encode()):
            return False
        age = self._clock().timestamp() - issued
        return 0 <= age <= VALID_FOR.total_seconds()

    def confirms_once(self, data: str | None, action: str, person: int) -> bool:
        """As `confirms`, but the first time only.

        What was used is forgotten at the end of the process, so that a button made before its
        beginning confirms nothing.
        """
        if data is None or data in self._used or not self.confirms(data, action, person):
            return False
        self._used.add(data)
        return int(data.split(":")[1]) >= self._began

    def _signed(self, action: str, person: int, issued: int) -> str:
        text = f"{action}:{issued}:{person}"
        signature = blake2b(text.encode(), key=self._key, digest_size=12).hexdigest()
        return f"{action}:{issued}:{signature}"
