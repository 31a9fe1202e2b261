"""Limit of failed logins per client, which also bounds what they cost."""

import time
from collections import OrderedDict
from collections.abc import Callable

# Failed logins at once, and seconds until one more is allowed. Tokens cannot be guessed; scripts
# that try should cost nothing.
BURST = 10
SECONDS_EACH = 30.0
# Clients remembered at a time; the least recent one is forgotten first.
CLIENTS = 1_000


class LoginLimit:
    """Counts failed logins by the address of the client, in memory only."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._full_at: OrderedDict[str, float] = OrderedDict()

    def allows(self, client: str) -> bool:
        """Tell whether a client may try to log in."""
        return self._full_at.get(client, 0.0) - self._clock() <= (BURST - 1) * SECONDS_EACH

    def count_failure(self, client: str) -> None:
        """Count a failed login of a client."""
        full_at = max(self._clock(), self._full_at.pop(client, 0.0))
        self._full_at[client] = full_at + SECONDS_EACH
        if len(self._full_at) > CLIENTS:
            self._full_at.popitem(last=False)
