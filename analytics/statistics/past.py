"""Tell which times a file knows of: recording had begun, and nothing was deleted yet."""

from dataclasses import dataclass

from analytics.calendar import HOUR
from analytics.statistics.report_models import Missing


@dataclass(frozen=True, slots=True)
class Past:
    """The bounds of what a file knows: when recording began, up to when cleanup has deleted.

    Both are in Unix seconds, None for never.
    """

    began: int | None
    deleted_until: int | None

    def missing(self, since: int) -> Missing | None:
        """Return why the time from `since` on, in Unix seconds, is not known; None if it is."""
        if self.deleted_until is not None and since < self.deleted_until:
            return Missing.DELETED
        # Where something was deleted, recording had begun before.
        has_begun = self.deleted_until is not None or self._began_by(since)
        return None if has_begun else Missing.NOT_YET

    def knows(self, begin: int, end: int) -> bool:
        """Return whether the hour or day from `begin` until `end`, in Unix seconds, is known.

        That is so if nothing of it was deleted and recording began before its end: the first day
        counts, though recording began in the middle of it.
        """
        if self.deleted_until is not None:
            return begin >= self.deleted_until
        return self._began_by(end - HOUR)

    def known_since(self, otherwise: int) -> int:
        """Return the first hour of which nothing was deleted, and in which recording had begun.

        In Unix seconds; `otherwise` if nothing was recorded or deleted.
        """
        if self.deleted_until is not None:
            return -(-self.deleted_until // HOUR) * HOUR
        return otherwise if self.began is None else self.began // HOUR * HOUR

    def is_gone(self, end: int) -> bool:
        """Return whether everything before `end`, in Unix seconds, was deleted."""
        return self.deleted_until is not None and end <= self.deleted_until

    def _began_by(self, hour: int) -> bool:
        return self.began is not None and self.began // HOUR * HOUR <= hour
