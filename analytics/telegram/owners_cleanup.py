"""A cleanup by hand, in chat and on the admin page: counted, confirmed once, noted, and done."""

import logging
from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from analytics import Action, AnalyticsService
from analytics.privacy.retention import check_days
from analytics.telegram.buttons import Confirm, Irreversible
from analytics.telegram.confirmations import Confirmations
from analytics.telegram.i18n import _
from analytics.telegram.texts import cleanup

logger = logging.getLogger(__name__)


class Offer(NamedTuple):
    """A sentence of HTML about what would be deleted; and its button, None if there is none."""

    text: str
    button: Confirm | None


class OwnersCleanup:
    """Delete what is older than a number of days, as soon as an owner has confirmed it.

    Whoever calls it has made sure that the owner is one.
    """

    def __init__(
        self,
        analytics: AnalyticsService,
        confirmations: Confirmations,
        next_cleanup: Callable[[], datetime],
    ) -> None:
        self._analytics = analytics
        self._confirmations = confirmations
        self._next_cleanup = next_cleanup

    def days(self, text: str | None) -> int:
        """Return the number of days in a text, the retention if there is none.

        Raises ValueError if it is not a whole number of days, or one out of bounds.
        """
        if not text:
            return self._analytics.retention_days
        if not (text.isascii() and text.isdigit()):
            raise ValueError("no whole number")
        return check_days(int(text))

    async def offer(self, days: int, owner: int | None = None) -> Offer:
        """Count what would be deleted; with a button for an `owner`, if there is anything.

        Raises AnalyticsError if the database cannot be read.
        """
        count = await self._analytics.cleanup_old_interactions(days, dry_run=True)
        button = None
        if owner is not None and count:
            button = self._confirmations.button(Irreversible.DELETE, owner, str(days))
        return Offer(cleanup.would_be_deleted(count, days, offered=button is not None), button)

    async def confirmed(self, button: Confirm, owner: int) -> int | None:
        """Return the days that an owner's button confirms, and use it up; None if it does not.

        Raises AnalyticsError if the database fails.
        """
        if button.action is not Irreversible.DELETE:
            return None
        is_valid = await self._confirmations.confirms_once(button, owner)
        return int(button.subject) if is_valid else None

    async def confirm(self, data: str, owner: int) -> str:
        """Delete what the packed data of a button confirms, and return a sentence of HTML.

        Raises AnalyticsError as `delete`, and if the database fails before.
        """
        try:
            days = await self.confirmed(Confirm.unpack(data), owner)
        except (TypeError, ValueError):  # not made by a button
            days = None
        return _(cleanup.TOO_OLD) if days is None else await self.delete(days, owner)

    async def delete(
        self, days: int, owner: int, show: Callable[[str], object] = lambda text: None
    ) -> str:
        """Delete, and return what was, in a sentence of HTML; `show` gets sentences meanwhile.

        An error is logged, and stands in the sentence. Raises AnalyticsError, before anything is
        deleted, if the audit log cannot be written.
        """
        done, total = 0, 0

        def tell(deleted: int) -> None:
            nonlocal done
            done = deleted
            show(cleanup.cleaning_up(done, total, days))

        # First, so that it is in the audit log whatever stops the process meanwhile.
        await self._analytics.audit_log.note(Action.CLEANUP, owner)
        try:
            total = await self._analytics.cleanup_old_interactions(days, dry_run=True)
            tell(0)
            done = await self._analytics.cleanup_old_interactions(days, progress=tell)
            compacted = await self._analytics.maintenance.compact_if_due()
        # Whatever the error is, the message must not say for ever that the cleanup goes on.
        except Exception:
            logger.exception("a cleanup was stopped by an error")
            return cleanup.cleanup_stopped(done, days)
        return cleanup.cleaned_up(done, days, None if compacted else self._next_cleanup())
