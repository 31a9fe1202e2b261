"""What admins were told unasked, and who does not want it: no restart tells it again.

It works while the database does not: then the memory of this process has to do.
"""

import json
import logging
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime

from analytics.clock import from_unix
from analytics.errors import AnalyticsError
from analytics.pseudonyms import References
from analytics.sqlite import metadata
from analytics.sqlite.database import Database
from analytics.statistics.queries import BEGAN

logger = logging.getLogger(__name__)

# A name of file_settings with the name of what was told: when, in Unix seconds.
TOLD = "told_"
TURNED_OFF = "SELECT admin_id, notice FROM turned_off"
TURN_OFF = "INSERT INTO turned_off (admin_id, notice) VALUES (?, ?) ON CONFLICT DO NOTHING"
TURN_ON = "DELETE FROM turned_off WHERE admin_id = ? AND notice = ?"
KEEP_ONLY = "DELETE FROM turned_off WHERE admin_id NOT IN (SELECT value FROM json_each(?))"


class AlertState:
    """When each kind of alert was last sent, and who muted which.

    `notice` is the name of a kind, `admin_id` a Telegram ID; stored are pseudonyms.
    """

    def __init__(
        self,
        database: Database,
        keep: Callable[..., Awaitable[bool]],
        references: Callable[[], Awaitable[References]],
        clock: Callable[[], datetime],
    ) -> None:
        """`keep` runs the statement of a name as soon as the database works, after a crash, too."""
        self._database = database
        self._keep = keep
        self._references = references
        self._clock = clock
        self._moments: dict[str, datetime | None] = {}  # as noted by this process
        self._muted: set[tuple[int, str]] | None = None

    async def last(self, notice: str) -> datetime | None:
        """Return when it was last sent; what a wrong clock noted in the future does not count."""
        if notice not in self._moments:
            self._moments[notice] = await self._moment(TOLD + notice)
        moment = self._moments[notice]
        return None if moment is None or moment > self._clock() else moment

    async def note(self, notice: str, moment: datetime | None) -> None:
        """Note that it is sent at this moment; None takes that back."""
        name = TOLD + notice
        self._moments[notice] = moment
        if moment is None:
            await self._keep("untold", name)
        else:
            await self._keep("told", name, int(moment.timestamp()))

    async def began(self) -> datetime:
        """When recording into this file began: before that, nothing can have been told."""
        return await self._moment(BEGAN) or self._clock()

    async def muted(self, admin_id: int) -> set[str]:
        """The notices that an admin does not want."""
        admin, pairs = await self._admin(admin_id), await self._pairs()
        return {notice for each, notice in pairs if each == admin}

    async def _pairs(self) -> set[tuple[int, str]]:
        if self._muted is None:
            try:
                rows = await self._database.read(TURNED_OFF)
            except AnalyticsError as error:
                logger.warning("who turned off what cannot be read (%s)", error)
                return set()
            self._muted = {(admin_id, notice) for admin_id, notice in rows}
        return self._muted

    async def mute(self, admin_id: int, notice: str) -> None:
        admin = await self._admin(admin_id)
        (await self._pairs()).add((admin, notice))
        await self._keep("turn_off", admin, notice)

    async def unmute(self, admin_id: int, notice: str) -> None:
        admin = await self._admin(admin_id)
        (await self._pairs()).discard((admin, notice))
        await self._keep("turn_on", admin, notice)

    async def keep_only(self, admin_ids: Iterable[int]) -> None:
        """Forget who is no admin any more."""
        parameters = json.dumps([await self._admin(each) for each in admin_ids])
        await self._keep("keep_only", parameters)

    def forget(self) -> None:
        """Read again who turned off what: some of it was deleted."""
        self._muted = None

    async def _admin(self, admin_id: int) -> int:
        return (await self._references()).admin(admin_id)

    async def _moment(self, name: str) -> datetime | None:
        try:
            seconds = await metadata.get(self._database, name)
        except AnalyticsError as error:
            logger.warning("what was told cannot be read (%s)", error)
            return None
        return None if seconds is None else from_unix(int(seconds))
