"""Remember which alerts were sent and which are muted, so that no restart sends one again.

While the database fails, the memory of this process is used instead.
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

# Begins a name in file_settings, and the kind of alert ends it: when it was sent, in Unix seconds.
LAST_SENT = "told_"
TURNED_OFF = "SELECT admin_id, notice FROM turned_off"
TURN_OFF = "INSERT INTO turned_off (admin_id, notice) VALUES (?, ?) ON CONFLICT DO NOTHING"
TURN_ON = "DELETE FROM turned_off WHERE admin_id = ? AND notice = ?"
KEEP_ONLY = "DELETE FROM turned_off WHERE admin_id NOT IN (SELECT value FROM json_each(?))"


class AlertState:
    """The memory of alerts: when each kind was last sent, and who muted which.

    `notice` is the name of a kind, `admin_id` a Telegram ID, of which a pseudonym is stored.
    """

    def __init__(
        self,
        database: Database,
        keep: Callable[..., Awaitable[bool]],
        references: Callable[[], Awaitable[References]],
        clock: Callable[[], datetime],
    ) -> None:
        """Take `keep`, which runs a statement by its name as soon as the database works.

        That survives a crash.
        """
        self._database = database
        self._keep = keep
        self._references = references
        self._clock = clock
        self._moments: dict[str, datetime | None] = {}  # as noted by this process
        self._muted: set[tuple[int, str]] | None = None

    async def last(self, notice: str) -> datetime | None:
        """Return when an alert was last sent, None if never or unknown.

        A moment in the future was noted by a wrong clock, and gives None as well.
        """
        if notice not in self._moments:
            self._moments[notice] = await self._moment(LAST_SENT + notice)
        moment = self._moments[notice]
        return None if moment is None or moment > self._clock() else moment

    async def note(self, notice: str, moment: datetime | None) -> None:
        """Note that an alert is sent at `moment`; None takes that back."""
        name = LAST_SENT + notice
        self._moments[notice] = moment
        if moment is None:
            await self._keep("untold", name)
        else:
            await self._keep("told", name, int(moment.timestamp()))

    async def began(self) -> datetime:
        """Return when recording into this file began: no alert can have been sent before.

        If that is unknown, return the current time.
        """
        return await self._moment(BEGAN) or self._clock()

    async def muted(self, admin_id: int) -> set[str]:
        """Return the alerts that an admin has muted; none while the database cannot be read.

        Raises PseudonymKeyMissing if there is no pseudonym key, WrongPseudonymKey if it is another.
        """
        admin, pairs = await self._admin(admin_id), await self._pairs()
        return {notice for each, notice in pairs if each == admin}

    async def _pairs(self) -> set[tuple[int, str]]:
        if self._muted is None:
            try:
                rows = await self._database.read(TURNED_OFF)
            except AnalyticsError as error:
                logger.warning("muted alerts cannot be read (%s)", error)
                return set()
            self._muted = {(admin_id, notice) for admin_id, notice in rows}
        return self._muted

    async def mute(self, admin_id: int, notice: str) -> None:
        """Mute a kind of alert for an admin; stored as soon as the database can be written.

        Raises PseudonymKeyMissing if there is no pseudonym key, WrongPseudonymKey if it is another.
        """
        admin = await self._admin(admin_id)
        (await self._pairs()).add((admin, notice))
        await self._keep("turn_off", admin, notice)

    async def unmute(self, admin_id: int, notice: str) -> None:
        """Send a kind of alert to an admin again; stored as soon as the database can be written.

        Raises PseudonymKeyMissing if there is no pseudonym key, WrongPseudonymKey if it is another.
        """
        admin = await self._admin(admin_id)
        (await self._pairs()).discard((admin, notice))
        await self._keep("turn_on", admin, notice)

    async def keep_only(self, admin_ids: Iterable[int]) -> None:
        """Forget what was muted by people who are not among the admins `admin_ids`."""
        parameters = json.dumps([await self._admin(each) for each in admin_ids])
        await self._keep("keep_only", parameters)

    def forget(self) -> None:
        """Read the muted alerts from the file again. Call after some were deleted."""
        self._muted = None

    async def _admin(self, admin_id: int) -> int:
        return (await self._references()).admin(admin_id)

    async def _moment(self, name: str) -> datetime | None:
        try:
            seconds = await metadata.get(self._database, name)
        except AnalyticsError as error:
            logger.warning("when an alert was last sent cannot be read (%s)", error)
            return None
        return None if seconds is None else from_unix(int(seconds))
