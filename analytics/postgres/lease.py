"""The lease to poll: one row, which its holder renews and any other process takes if it does not.

The row has the number of its holder, and a token that is new with each renewal. Whoever has seen
the same token for as long as a lease lasts, by its own clock, takes it. The holder believes in it
for a little less, from before it asked for it. So it is never held twice, whatever the clocks of
the machines and of the server show, and a server that takes the place of another makes no
difference. Each process asks over a connection of its own: no long write delays a renewal.
"""

import asyncio
import logging
import math
import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from analytics.errors import AnalyticsError
from analytics.lease import LOOK_EVERY, Term, steady
from analytics.postgres.connections import DEFAULTS, Server, Session

logger = logging.getLogger(__name__)

# Seconds that the lease lasts from its last renewal, and how much sooner its holder stops: what it
# has just sent has arrived by then.
LENGTH = 10.0
MARGIN = 1.0
RENEW_EVERY = 3.0
# Seconds for an answer of the server.
TIMEOUT = 3.0
# Seconds without an answer, after which it is not known any more that another process polls.
MAX_SILENCE = 120.0
# Of several addresses, those that do not answer take this time each; seconds.
OPTIONS = DEFAULTS | {"connect_timeout": "2"}

SEEN = "SELECT holder, token FROM bot_analytics.lease"
TAKE = """
    INSERT INTO bot_analytics.lease (holder, token) VALUES (%(holder)s, %(token)s)
    ON CONFLICT (one) DO UPDATE SET holder = excluded.holder, token = excluded.token
        WHERE lease.holder = excluded.holder OR lease.token = %(seen)s
    RETURNING true
"""
RENEW = "UPDATE bot_analytics.lease SET token = %(token)s WHERE holder = %(holder)s RETURNING true"
GIVE_UP = "DELETE FROM bot_analytics.lease WHERE holder = %(holder)s"
# A token that is in no row.
NONE = 0


class PostgresLease:
    """The lease of one process."""

    def __init__(self, server: Server, holder: int, clock: Callable[[], float] = steady) -> None:
        """Prepare the lease for the process with the number `holder`; `close` ends it."""
        self._server = server
        self._session = Session(server, OPTIONS)
        self._holder = holder
        self._clock = clock
        self._taking = asyncio.Lock()
        self._term: Term | None = None
        self._renewing: asyncio.Task[None] | None = None
        self._may_hold = False  # the row may have the number of this process
        self._seen = NONE
        self._seen_since = -math.inf
        self._waited = -math.inf
        self._problem = ""

    @property
    def is_held(self) -> bool:
        return self._term is not None and not self._term.is_over

    @property
    def is_waiting(self) -> bool:
        return self._clock() - self._waited < MAX_SILENCE

    async def take(self) -> Term:
        async with self._taking:
            if not (self._term and self.is_held):
                self._term = await self._wait_for_a_term()
                self._renewing = asyncio.create_task(self._renew(self._term))
            return self._term

    async def give_up(self) -> None:
        term, self._term = self._term, None
        if self._renewing is not None:
            self._renewing.cancel()
            await asyncio.wait({self._renewing})
        if term is not None:
            term.end()
        if self._may_hold:
            self._may_hold = False
            with suppress(AnalyticsError):  # then it runs out
                await self.ask(GIVE_UP)

    async def close(self) -> None:
        await self.give_up()
        await self._session.close()

    async def _wait_for_a_term(self) -> Term:
        while True:
            try:
                if term := await self.try_to_take():
                    self._waited = -math.inf
                    logger.info("this process polls from now on")
                    return term
            except AnalyticsError as error:
                self._warn(f"the lease to poll cannot be asked for: {error}")
            left = self._seen_since + LENGTH - self._clock()
            await asyncio.sleep(min(LOOK_EVERY, left) if left > 0 else LOOK_EVERY)

    async def try_to_take(self) -> Term | None:
        """Take the lease if it is free, or was not renewed for its length; return the term.

        Raises AnalyticsError if the server does not answer.
        """
        rows = await self.ask(SEEN)
        now = self._clock()
        holder, token = rows[0] if rows else (self._holder, NONE)
        if token != self._seen:
            self._seen, self._seen_since = token, now
        if holder == self._holder or now - self._seen_since >= LENGTH:
            asked, self._may_hold = self._clock(), True
            if await self.ask(TAKE, seen=self._seen):
                return Term(asked + LENGTH - MARGIN, self._clock)
        if not self.is_waiting:
            logger.info("another process polls: this one waits to take over")
        self._waited, self._problem = self._clock(), ""
        return None

    async def _renew(self, term: Term) -> None:
        """Renew the lease until the term is over, and say why it is."""
        while not term.is_over:
            try:
                await asyncio.wait_for(term.over(), LOOK_EVERY if self._problem else RENEW_EVERY)
            except TimeoutError:
                await self._try_to_extend(term)
        logger.warning("this process stops polling: its lease has run out, or another has it")

    async def _try_to_extend(self, term: Term) -> None:
        try:
            await self.extend(term)
        except AnalyticsError as error:
            self._warn(f"the lease to poll cannot be renewed: {error}")

    async def extend(self, term: Term) -> None:
        """Renew the lease, or end the term if another process has it.

        Raises AnalyticsError if the server does not answer.
        """
        asked = self._clock()
        if await self.ask(RENEW):
            term.extend(asked + LENGTH - MARGIN)
        else:
            self._may_hold = False
            term.end()
        self._problem = ""

    def _warn(self, problem: str) -> None:
        if problem != self._problem:
            self._problem = problem
            logger.warning("%s", problem)

    async def ask(self, sql: str, **parameters: Any) -> Sequence[tuple[Any, ...]]:
        """Run a statement and return its rows; after a failure the next one has a new connection.

        Raises AnalyticsError if the server does not answer within a few seconds.
        """
        parameters |= {"holder": self._holder, "token": secrets.randbelow(2**63 - 1) + 1}
        try:
            with self._server.translated():
                async with self._session.use(TIMEOUT) as connection:
                    cursor = await connection.execute(sql.encode(), parameters)
                    return await cursor.fetchall() if cursor.description else []
        except AnalyticsError:
            await self._session.close()
            raise
