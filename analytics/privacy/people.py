"""The rights of people: to see, export, erase and stop what is recorded of them."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from analytics.acts import Person
from analytics.alert_state import AlertState
from analytics.backlog import Request, Work
from analytics.errors import AnalyticsError
from analytics.models import OwnRow
from analytics.open_database import OpenDatabase
from analytics.privacy import kept_outside, personal_data
from analytics.privacy.personal_data import PersonalData
from analytics.privacy.retention import cutoff
from analytics.statistics.reports import Reports
from analytics.store_types import Setting

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Erasure:
    """The result of erasing a person: how many interactions were deleted, and what may be left."""

    interactions: int
    compacted: bool
    """True if all traces have left the disk; else the next compaction removes them."""
    in_backups: bool = False
    """True if a backup may hold the deleted data, for as long as backups are kept."""
    in_audit_log: bool = False
    """True if the audit log has entries of the person, who is or was an admin. They stay."""


class People:
    """Everything a person can ask for. Nothing is ever said or done about another one.

    Each method raises PseudonymKeyMissing if there is no pseudonym key, and WrongPseudonymKey if it
    is another than that of the database.
    """

    def __init__(self, database: OpenDatabase, reports: Reports, alert_state: AlertState) -> None:
        self._database = database
        self._reports = reports
        self._alert_state = alert_state

    async def own_row(self, telegram_id: int) -> tuple[OwnRow | None, bool]:
        """Return a person's newest row, or None, and whether they opted out.

        While the database cannot be read, return None and False, so that people can still learn
        what is stored in general.
        """
        references, store = await self._database.references(), self._database.store
        try:
            return (
                await store.latest_of(references.reference(telegram_id)),
                bool(await store.opted_out([references.opt_out(telegram_id)])),
            )
        except AnalyticsError as error:
            logger.warning("a person's row cannot be read (%s)", error)
            return None, False

    async def personal_data(self, telegram_id: int) -> PersonalData:
        """Return everything held about a person, and nothing about another.

        Raises AnalyticsError if the database cannot be read.
        """
        database, recorder = self._database, self._database.recorder
        references = await database.references()
        while True:
            waiting, commits = recorder.waiting_of(telegram_id) if recorder else (0, 0)
            data = await personal_data.everything(
                database.store, telegram_id, references, database.retention_days
            )
            # What was committed meanwhile may be missing in both, or be in both.
            if not (recorder and waiting) or recorder.waiting_of(telegram_id)[1] == commits:
                return replace(data, waiting=waiting)

    async def erase(self, telegram_id: int) -> Erasure | None:
        """Delete all that is recorded of a person; an opt-out stays, and so does the audit log.

        Return None if the database cannot be written at the moment: the owner then erases as soon
        as it works again; a command has to try again.
        Raises AnalyticsError if the database cannot be read.
        """
        database = self._database
        if database.recorder is None and database.spool.exists:
            return None  # the running bot will record what waits there
        references, now = await database.references(), await database.likely_now()
        oldest_backup = cutoff(now, database.retention_days)
        person = personal_data.to_erase(references, telegram_id, now, oldest_backup)
        moments = await database.store.moments_of(person.reference)
        deleted: int | None = None

        async def work() -> None:
            nonlocal deleted
            deleted = await self._erase(person, moments)

        if not await database.in_turn(Request(work, person)) or deleted is None:
            return None
        self._reports.forget()
        in_backups = await self.may_be_in_backups()
        in_audit_log = bool(await database.store.audit_entries(person.admin_reference))
        return Erasure(deleted, await database.compact_if_due(), in_backups, in_audit_log)

    def erasing(self, person: Person) -> Work:
        """Return the work that carries out an erasure which a spool has kept."""
        return partial(self._erase, person)

    async def _erase(self, person: Person, moments: Sequence[int] = ()) -> int | None:
        database = self._database
        # First: whatever is killed or restored, nobody who was erased is missing in the list.
        await kept_outside.keep(database, {person.erasure: person.day})
        deleted = await personal_data.erase(
            database.store, person, database.deletion, database.calendar.day, moments
        )
        self._alert_state.forget(person.admin_reference)
        return deleted

    async def export_erasures(self, file: Path) -> int:
        """Write the list of erasures and opt-outs into a file; return how many erasures it has.

        What the file has already stays in it, except what is past retention. Raises ErasuresRefused
        if that fails, and AnalyticsError if the database cannot be read.
        """
        return await kept_outside.export(self._database, file)

    async def erase_again(self, file: Path) -> int:
        """Erase again whom a file lists, after a backup was restored; return how many people.

        Up to the end of the day of an erasure everything is deleted, and what came later stays.
        Raises ErasuresRefused for a file that has no list, and AnalyticsError if the database
        cannot be written.
        """
        erased = await kept_outside.apply(self._database, file)
        self._reports.forget()
        return erased

    async def may_be_in_backups(self) -> bool:
        """Return whether what is deleted now may still be in a backup.

        True as well if the database cannot be read.
        """
        database = self._database
        try:
            last = await database.store.get_setting(Setting.LAST_BACKUP)
            oldest = cutoff(await database.likely_now(), database.retention_days)
        except AnalyticsError:
            return True
        return last is not None and int(last) >= oldest.timestamp()

    async def opt_out(self, telegram_id: int, update_id: int | None = None) -> bool:
        """Record nothing of a person from now on; an update that is known already has no effect.

        Return True if that is committed, False if it waits in turn with what is recorded.
        Raises RuntimeError unless opened with `Access.OWN`.
        """
        return await self._database.recording().opt(telegram_id, True, update_id)

    async def opt_in(self, telegram_id: int, update_id: int | None = None) -> bool:
        """Record a person again from now on; an update that is known already has no effect.

        Return True if that is committed, False if it waits in turn with what is recorded.
        Raises RuntimeError unless opened with `Access.OWN`.
        """
        return await self._database.recording().opt(telegram_id, False, update_id)

    async def is_opted_out(self, telegram_id: int) -> bool:
        """Return whether a person has opted out.

        Raises AnalyticsError if the database cannot be read.
        """
        reference = (await self._database.references()).opt_out(telegram_id)
        return bool(await self._database.store.opted_out([reference]))
