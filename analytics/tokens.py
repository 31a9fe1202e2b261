"""Tokens that work once or for a while: links and sessions of admins, and used confirmations.

Each process at a database accepts those of all. Only a hash of a token is kept.
"""

from collections.abc import Awaitable, Callable, Collection
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import blake2b
from typing import NamedTuple, Self

from analytics.one_process import OneProcess
from analytics.pseudonyms import References
from analytics.store import Sharing
from analytics.store_types import CLOCK_TOLERANCE, Token


class TokenKind(StrEnum):
    """A purpose of tokens; the value is its name in the database."""

    LINK = "link"
    SESSION = "session"
    CONFIRMATION = "confirmation"


class Holder(NamedTuple):
    """The holder of a token; `telegram_id` is None for who sits at the machine."""

    telegram_id: int | None


class Tokens:
    """The tokens of a database, which each process at it accepts until they expire.

    `telegram_id` is an admin's, of whom a pseudonym is kept, or None for who sits at the machine.
    Each method raises AnalyticsError if the database fails.
    """

    def __init__(
        self,
        store: Sharing,
        references: Callable[[], Awaitable[References]],
        clock: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._references = references
        self._clock = clock

    @classmethod
    def in_memory(cls, clock: Callable[[], datetime]) -> Self:
        """Return tokens of this process alone, for who sits at the machine."""
        return cls(OneProcess(0), _nobody, clock)

    async def use_up(self, token: str, issued: int, lifetime: timedelta) -> bool:
        """Return True the first time for a token, which expires a lifetime after it was issued.

        `issued` is in Unix seconds. False as well if it may have been used before this process.
        """
        until = issued + int(lifetime.total_seconds()) + CLOCK_TOLERANCE
        used = Token(TokenKind.CONFIRMATION, None, until)
        return await self._store.add_token(_hash(token), used, issued=issued, now=self._now())

    async def add(
        self, kind: TokenKind, token: str, telegram_id: int | None, lifetime: timedelta
    ) -> None:
        """Add a token."""
        now = self._now()
        added = Token(kind, await self._reference(telegram_id), now + _seconds(lifetime))
        await self._store.add_token(_hash(token), added, issued=now, now=now)

    async def take(
        self, kind: TokenKind, token: str, telegram_ids: Collection[int | None]
    ) -> Holder | None:
        """Use up a token, and return whose it was.

        None if it is none, has expired, or is of nobody among `telegram_ids`.
        """
        found = await self._store.take_token(_hash(token), kind)
        if found is None or found.until <= self._now():
            return None
        return await self._holder(found, telegram_ids)

    async def renew(
        self, kind: TokenKind, token: str, telegram_ids: Collection[int | None], lifetime: timedelta
    ) -> Holder | None:
        """Let a token last for another lifetime, and return whose it is, as `take` does.

        Also None, after which it has ended, if the clock was set back meanwhile.
        """
        now, hashed = self._now(), _hash(token)
        latest = now + _seconds(lifetime) + CLOCK_TOLERANCE
        until = now + _seconds(lifetime)
        found = await self._store.renew_token(hashed, kind, until, (now + 1, latest))
        holder = await self._holder(found, telegram_ids) if found else None
        if found and holder is None:
            await self._store.take_token(hashed, kind)
        return holder

    async def forget(self, kind: TokenKind, token: str) -> None:
        """Forget a token, if it is there."""
        await self._store.take_token(_hash(token), kind)

    async def forget_all(
        self, kinds: Collection[TokenKind], telegram_id: int | None, keep: int = 0
    ) -> None:
        """Forget the tokens of an admin of some kinds, except the newest, `keep` of them."""
        names = [each.value for each in kinds]
        await self._store.forget_tokens(names, await self._reference(telegram_id), keep)

    async def _holder(self, found: Token, telegram_ids: Collection[int | None]) -> Holder | None:
        for each in telegram_ids:
            if await self._reference(each) == found.admin_reference:
                return Holder(each)
        return None

    async def _reference(self, telegram_id: int | None) -> int | None:
        return None if telegram_id is None else (await self._references()).admin(telegram_id)

    def _now(self) -> int:
        return int(self._clock().timestamp())


def _hash(token: str) -> str:
    return blake2b(token.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _seconds(lifetime: timedelta) -> int:
    return int(lifetime.total_seconds())


async def _nobody() -> References:
    raise RuntimeError("nobody is known here but who sits at the machine")
