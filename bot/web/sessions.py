"""One-time links to the admin page, and the sessions that they begin."""

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

from analytics import Holder, TokenKind, Tokens

# A link in a chat may be seen by whoever gets at the phone later.
LINK_LIFETIME = timedelta(minutes=5)
IDLE_LIFETIME = timedelta(hours=1)
# Per admin, the oldest one ends first: each opening of the Mini App begins one.
MAX_SESSIONS = 8
TOKEN_BYTES = 32


@dataclass(frozen=True, slots=True)
class Viewer:
    """A person who looks at the page; `telegram_id` is None for who sits at the machine."""

    telegram_id: int | None
    is_owner: bool


class Sessions:
    """The sessions of admins and owners; whoever sits at the machine may see what owners see.

    `tokens` are those of the bot's database, or of this process alone at the machine. `admin_ids`
    and `owner_ids` are asked at each request, so that a removed admin is out at once. Each method
    that is awaited raises AnalyticsError if the database fails.
    """

    def __init__(
        self,
        tokens: Tokens,
        admin_ids: Collection[int] = (),
        owner_ids: Collection[int] = (),
    ) -> None:
        self._tokens = tokens
        self.admin_ids = admin_ids
        self._owner_ids = owner_ids

    async def new_link(self, telegram_id: int | None, lifetime: timedelta = LINK_LIFETIME) -> str:
        """Return the token of a new one-time link; ends the admin's older links and sessions."""
        await self._tokens.forget_all((TokenKind.LINK, TokenKind.SESSION), telegram_id)
        return await self._add(TokenKind.LINK, telegram_id, lifetime)

    async def spend(self, token: str) -> str | None:
        """Return the token of a session for that of a link; None if it is spent or too old."""
        holder = await self._tokens.take(TokenKind.LINK, token, self._allowed)
        return None if holder is None else await self.begin(holder.telegram_id)

    async def begin(self, telegram_id: int | None) -> str:
        """Return the token of a new session of an admin."""
        await self._tokens.forget_all((TokenKind.SESSION,), telegram_id, keep=MAX_SESSIONS - 1)
        return await self._add(TokenKind.SESSION, telegram_id, IDLE_LIFETIME)

    async def find(self, token: str) -> Viewer | None:
        """Return whose session it is, and let it last for another hour; None if it has ended."""
        holder = await self._tokens.renew(TokenKind.SESSION, token, self._allowed, IDLE_LIFETIME)
        return None if holder is None else self._viewer(holder)

    async def end(self, token: str) -> None:
        """End a session, if it has not ended."""
        await self._tokens.forget(TokenKind.SESSION, token)

    def is_allowed(self, telegram_id: int | None) -> bool:
        """Tell whether someone may look at the page."""
        return telegram_id in self._allowed

    @property
    def _allowed(self) -> list[int | None]:
        return [None, *self.admin_ids]

    async def _add(self, kind: TokenKind, telegram_id: int | None, lifetime: timedelta) -> str:
        token = secrets.token_urlsafe(TOKEN_BYTES)
        await self._tokens.add(kind, token, telegram_id, lifetime)
        return token

    def _viewer(self, holder: Holder) -> Viewer:
        telegram_id = holder.telegram_id
        return Viewer(telegram_id, telegram_id is None or telegram_id in self._owner_ids)
