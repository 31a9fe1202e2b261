"""Turns and tokens in memory, for a database that only one process owns."""

from collections.abc import Sequence

from analytics.store_types import CLOCK_TOLERANCE, Token


class OneProcess:
    """The turns, tokens and news of one process, which are forgotten when it ends."""

    def __init__(self, began: int) -> None:
        """Take the moment from which on tokens are remembered."""
        self._began = began
        self._turns: dict[str, int] = {}
        self._tokens: dict[str, Token] = {}  # in the order they were added

    async def take_turn(self, job: str, moment: int, since: int) -> bool:
        last = self._turns.get(job)
        if last is not None and since <= last <= moment + CLOCK_TOLERANCE:
            return False
        self._turns[job] = moment
        return True

    async def add_token(self, token: str, added: Token, *, issued: int, now: int) -> bool:
        self._tokens = {name: each for name, each in self._tokens.items() if each.until > now}
        # What was issued before may have been added by a process that has ended.
        if token in self._tokens or issued < self._began:
            return False
        self._tokens[token] = added
        return True

    async def take_token(self, token: str, kind: str) -> Token | None:
        found = self._tokens.get(token)
        return self._tokens.pop(token) if found and found.kind == kind else None

    async def renew_token(
        self, token: str, kind: str, until: int, between: tuple[int, int]
    ) -> Token | None:
        found = self._tokens.get(token)
        if found is None or found.kind != kind:
            return None
        first, last = between
        if not first <= found.until <= last:
            del self._tokens[token]
            return None
        self._tokens[token] = found._replace(until=until)
        return self._tokens[token]

    async def forget_tokens(
        self, kinds: Sequence[str], admin_reference: int | None, keep: int = 0
    ) -> None:
        theirs = [
            token
            for token, each in self._tokens.items()
            if each.kind in kinds and each.admin_reference == admin_reference
        ]
        for token in theirs[: max(0, len(theirs) - keep)]:
            del self._tokens[token]

    async def note_received(self, moment: int) -> None:
        """Do nothing: this process knows what it has received."""

    async def last_received(self) -> int | None:
        return None
