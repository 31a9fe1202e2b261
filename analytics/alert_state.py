"""Remember which alerts were sent and which are muted, so that no restart sends one again.

While the database fails, the memory of this process is used instead.
"""

import logging
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime

from analytics.acts import Act, KeepMutes, Mute, PutSetting, RemoveSetting, Unmute
from analytics.clock import from_unix
from analytics.errors import AnalyticsError
from analytics.pseudonyms import References
from analytics.store import Store
from analytics.store_types import Setting

logger = logging.getLogger(__name__)

# Begins the name of a setting, and the kind of alert ends it: when it was sent, in Unix seconds.
LAST_SENT = "told_"


class AlertState:
    """The memory of alerts: when each kind was last sent, and who muted which.

    `kind` is the name of a kind of alert, `telegram_id` an admin's, of which a pseudonym is stored.
    """

    def __init__(
        self,
        store: Store,
        keep: Callable[[Act], Awaitable[bool]],
        references: Callable[[], Awaitable[References]],
        clock: Callable[[], datetime],
    ) -> None:
        """Take `keep`, which carries out an act as soon as the database works.

        That survives a crash.
        """
        self._store = store
        self._keep = keep
        self._references = references
        self._clock = clock
        self._moments: dict[str, datetime | None] = {}  # as noted by this process
        self._muted: set[tuple[int, str]] | None = None

    async def last(self, kind: str) -> datetime | None:
        """Return when an alert was last sent, None if never or unknown.

        A moment in the future was noted by a wrong clock, and gives None as well.
        """
        if kind not in self._moments:
            self._moments[kind] = await self._moment(LAST_SENT + kind)
        moment = self._moments[kind]
        return None if moment is None or moment > self._clock() else moment

    async def note(self, kind: str, moment: datetime | None) -> None:
        """Note that an alert is sent at `moment`; None takes that back."""
        name = LAST_SENT + kind
        self._moments[kind] = moment
        if moment is None:
            await self._keep(RemoveSetting(name))
        else:
            await self._keep(PutSetting(name, int(moment.timestamp())))

    async def began(self) -> datetime:
        """Return when recording into this file began: no alert can have been sent before.

        If that is unknown, return the current time.
        """
        return await self._moment(Setting.BEGAN) or self._clock()

    async def muted(self, telegram_id: int) -> set[str]:
        """Return the alerts that an admin has muted; none while the database cannot be read.

        Raises PseudonymKeyMissing if there is no pseudonym key, WrongPseudonymKey if it is another.
        """
        admin_reference, pairs = await self._reference(telegram_id), await self._pairs()
        return {kind for each, kind in pairs if each == admin_reference}

    async def _pairs(self) -> set[tuple[int, str]]:
        if self._muted is None:
            try:
                self._muted = await self._store.mutes()
            except AnalyticsError as error:
                logger.warning("muted alerts cannot be read (%s)", error)
                return set()
        return self._muted

    async def mute(self, telegram_id: int, kind: str) -> None:
        """Mute a kind of alert for an admin; stored as soon as the database can be written.

        Raises PseudonymKeyMissing if there is no pseudonym key, WrongPseudonymKey if it is another.
        """
        admin_reference = await self._reference(telegram_id)
        (await self._pairs()).add((admin_reference, kind))
        await self._keep(Mute(admin_reference, kind))

    async def unmute(self, telegram_id: int, kind: str) -> None:
        """Send a kind of alert to an admin again; stored as soon as the database can be written.

        Raises PseudonymKeyMissing if there is no pseudonym key, WrongPseudonymKey if it is another.
        """
        admin_reference = await self._reference(telegram_id)
        (await self._pairs()).discard((admin_reference, kind))
        await self._keep(Unmute(admin_reference, kind))

    async def keep_only(self, admin_ids: Iterable[int]) -> None:
        """Forget what was muted by people who are not among the admins `admin_ids`."""
        await self._keep(KeepMutes.of([await self._reference(each) for each in admin_ids]))

    def forget(self) -> None:
        """Read the muted alerts from the file again. Call after some were deleted."""
        self._muted = None

    async def _reference(self, telegram_id: int) -> int:
        return (await self._references()).admin(telegram_id)

    async def _moment(self, name: str) -> datetime | None:
        try:
            seconds = await self._store.get_setting(name)
        except AnalyticsError as error:
            logger.warning("the time of the last alert cannot be read (%s)", error)
            return None
        return None if seconds is None else from_unix(int(seconds))
