"""Remember which alerts were sent and which are muted, so that no restart sends one again.

That is in the database, as other processes may send and mute, too. While it fails, the memory of
this process is used instead, and what it could not write yet counts before what is there.
"""

import logging
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from analytics.acts import Act, KeepMutes, Mute, PutSetting, RemoveSetting, Unmute
from analytics.clock import from_unix
from analytics.errors import AnalyticsError
from analytics.open_database import OpenDatabase
from analytics.store_types import CLOCK_TOLERANCE, Setting

logger = logging.getLogger(__name__)

# Begins the name of a setting, and the kind of alert ends it: when it was sent, in Unix seconds.
LAST_SENT = "told_"


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting:
    """An act that is not carried out yet, and whether it mutes a pair of an admin and a kind."""

    is_muted: bool = False


class AlertState:
    """The memory of alerts: when each kind was last sent, and who muted which.

    `kind` is the name of a kind of alert, `telegram_id` an admin's, of which a pseudonym is stored.
    """

    def __init__(self, database: OpenDatabase) -> None:
        self._database = database
        self._store = database.store
        self._clock = database.clock
        # As last read or noted: for as long as the database fails.
        self._moments: dict[str, int | None] = {}
        self._muted: set[tuple[int, str]] = set()
        self._shared_update: int | None = None
        self._waiting: dict[str | tuple[int, str], _Waiting] = {}

    async def last(self, kind: str) -> datetime | None:
        """Return when an alert was last sent, None if never or unknown.

        A moment in the future was noted by a wrong clock, and gives None as well.
        """
        try:
            return self._past(await self._last(LAST_SENT + kind))
        except AnalyticsError as error:
            logger.warning("the time of the last alert cannot be read (%s)", error)
            return self._past(self._moments.get(LAST_SENT + kind))

    async def claim(self, kind: str, moment: datetime, once_in: timedelta) -> bool:
        """Note that an alert is sent at `moment`; False if one was sent less than `once_in` ago.

        Of several processes one is told True. While the database cannot be written, each is.
        """
        name, seconds = LAST_SENT + kind, int(moment.timestamp())
        try:
            before = await self._last(name)
            is_known = name not in self._waiting
        except AnalyticsError:
            before = self._moments.get(name)
            is_known = False
        last = self._past(before)
        if last is not None and moment - last < once_in:
            return False
        if is_known:
            with suppress(AnalyticsError):
                return await self._store.replace_setting(name, before, seconds)
        await self.note(kind, moment)
        return True

    async def note(self, kind: str, moment: datetime | None) -> None:
        """Note that an alert is sent at `moment`; None takes that back."""
        name = LAST_SENT + kind
        seconds = None if moment is None else int(moment.timestamp())
        self._moments[name] = seconds
        act = RemoveSetting(name) if seconds is None else PutSetting(name, seconds)
        await self._keep(act, name, _Waiting())

    async def began(self) -> datetime:
        """Return when recording into this database began: no alert can have been sent before.

        If that is unknown, return the current time.
        """
        try:
            seconds = await self._store.get_setting(Setting.BEGAN)
        except AnalyticsError as error:
            logger.warning("the beginning of recording cannot be read (%s)", error)
            seconds = None
        return self._clock() if seconds is None else from_unix(int(seconds))

    async def muted(self, telegram_id: int) -> set[str]:
        """Return the alerts that an admin has muted; those known while the database fails.

        Raises PseudonymKeyMissing if there is no pseudonym key, WrongPseudonymKey if it is another.
        """
        admin_reference = await self._reference(telegram_id)
        try:
            self._muted = await self._store.mutes()
        except AnalyticsError as error:
            logger.warning("muted alerts cannot be read (%s)", error)
        for pair, each in self._waiting.items():
            if isinstance(pair, tuple):
                (self._muted.add if each.is_muted else self._muted.discard)(pair)
        return {kind for each, kind in self._muted if each == admin_reference}

    async def mute(self, telegram_id: int, kind: str) -> None:
        """Mute a kind of alert for an admin; stored as soon as the database can be written.

        Raises PseudonymKeyMissing if there is no pseudonym key, WrongPseudonymKey if it is another.
        """
        mute = Mute(await self._reference(telegram_id), kind)
        await self._keep(mute, (mute.admin_reference, kind), _Waiting(is_muted=True))

    async def unmute(self, telegram_id: int, kind: str) -> None:
        """Send a kind of alert to an admin again; stored as soon as the database can be written.

        Raises PseudonymKeyMissing if there is no pseudonym key, WrongPseudonymKey if it is another.
        """
        unmute = Unmute(await self._reference(telegram_id), kind)
        await self._keep(unmute, (unmute.admin_reference, kind), _Waiting())

    async def keep_only(self, admin_ids: Iterable[int]) -> None:
        """Forget what was muted by people who are not among the admins `admin_ids`."""
        kept = [await self._reference(each) for each in admin_ids]
        await self._database.keep(KeepMutes.of(kept))

    def forget(self, admin_reference: int) -> None:
        """Forget what an admin muted. Call after that was deleted."""
        self._muted = {pair for pair in self._muted if pair[0] != admin_reference}

    async def note_update(self, moment: int) -> None:
        """Note when this process received its newest update, in Unix seconds, rounded down.

        It is written once for each moment, as soon as the database can be written.
        """
        if moment != self._shared_update:
            with suppress(AnalyticsError):
                await self._store.note_received(moment)
                self._shared_update = moment

    async def newest_update(self) -> datetime | None:
        """Return when any process received its newest update, rounded down; None if unknown."""
        try:
            seconds = await self._store.last_received()
        except AnalyticsError as error:
            logger.warning("the time of the newest update cannot be read (%s)", error)
            return None
        return self._past(seconds)

    async def _last(self, name: str) -> int | None:
        if name in self._waiting:
            return self._moments[name]
        seconds = await self._store.get_setting(name)
        self._moments[name] = None if seconds is None else int(seconds)
        return self._moments[name]

    def _past(self, seconds: int | None) -> datetime | None:
        """Return a moment, or None if it is in the future by more than clocks differ."""
        if seconds is None or seconds > self._clock().timestamp() + CLOCK_TOLERANCE:
            return None
        return from_unix(seconds)

    async def _keep(self, act: Act, of: str | tuple[int, str], waiting: _Waiting) -> None:
        """Carry out an act; until then, what it says counts before what the database has."""
        self._waiting[of] = waiting

        def written() -> None:
            if self._waiting.get(of) is waiting:
                del self._waiting[of]

        await self._database.keep(act, written)

    async def _reference(self, telegram_id: int) -> int:
        return (await self._database.references()).admin(telegram_id)
