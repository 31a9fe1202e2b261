"""One-time links to the admin page, and the sessions that they begin, in memory."""

import secrets
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

# A link in a chat may be seen by whoever gets at the phone later.
LINK_LIFETIME = timedelta(minutes=5)
IDLE_LIFETIME = timedelta(hours=1)
# A clock may be set back by as much while something lasts.
TOLERANCE = timedelta(minutes=1)
# Per admin, the oldest one ends first: each opening of the Mini App begins one.
MAX_SESSIONS = 8
TOKEN_BYTES = 32


@dataclass(slots=True)
class Link:
    """A link that has not been used; `telegram_id` is the admin's, None at the machine itself."""

    telegram_id: int | None
    until: datetime


@dataclass(slots=True)
class Session:
    """A session; `telegram_id` is the admin's, None at the machine itself."""

    telegram_id: int | None
    last_used: datetime


@dataclass(frozen=True, slots=True)
class Viewer:
    """A person who looks at the page; `telegram_id` is None for who sits at the machine."""

    telegram_id: int | None
    is_owner: bool


class Sessions:
    """The sessions of admins and owners; whoever sits at the machine may see what owners see.

    `admin_ids` and `owner_ids` are asked at each request, so that a removed admin is out at once.
    """

    def __init__(
        self,
        clock: Callable[[], datetime],
        admin_ids: Collection[int] = (),
        owner_ids: Collection[int] = (),
    ) -> None:
        self._clock = clock
        self.admin_ids = admin_ids
        self._owner_ids = owner_ids
        self._links: dict[str, Link] = {}
        self._sessions: dict[str, Session] = {}  # the oldest first

    def new_link(self, telegram_id: int | None, lifetime: timedelta = LINK_LIFETIME) -> str:
        """Return the token of a new one-time link; ends the admin's older links and sessions."""
        self._links = {
            token: link for token, link in self._links.items() if link.telegram_id != telegram_id
        }
        for token in self._of(telegram_id):
            self.end(token)
        token = secrets.token_urlsafe(TOKEN_BYTES)
        self._links[token] = Link(telegram_id, self._clock() + lifetime)
        return token

    def spend(self, token: str) -> str | None:
        """Return the token of a session for that of a link; None if it is spent or too old."""
        link = self._links.pop(token, None)
        if link is None or self._clock() >= link.until or not self.is_allowed(link.telegram_id):
            return None
        return self.begin(link.telegram_id)

    def begin(self, telegram_id: int | None) -> str:
        """Return the token of a new session of an admin."""
        older = self._of(telegram_id)
        for each in older[: max(0, len(older) + 1 - MAX_SESSIONS)]:
            self.end(each)
        token = secrets.token_urlsafe(TOKEN_BYTES)
        self._sessions[token] = Session(telegram_id, self._clock())
        return token

    def find(self, token: str) -> Viewer | None:
        """Return whose session it is, and let it last for another hour; None if it has ended."""
        session, now = self._sessions.get(token), self._clock()
        if session is None:
            return None
        telegram_id, idle = session.telegram_id, now - session.last_used
        if not -TOLERANCE <= idle < IDLE_LIFETIME or not self.is_allowed(telegram_id):
            self.end(token)
            return None
        session.last_used = now
        return Viewer(telegram_id, telegram_id is None or telegram_id in self._owner_ids)

    def end(self, token: str) -> None:
        """End a session, if it has not ended."""
        self._sessions.pop(token, None)

    def is_allowed(self, telegram_id: int | None) -> bool:
        """Tell whether someone may look at the page."""
        return telegram_id is None or telegram_id in self.admin_ids

    def _of(self, telegram_id: int | None) -> list[str]:
        found = self._sessions.items()
        return [token for token, session in found if session.telegram_id == telegram_id]
