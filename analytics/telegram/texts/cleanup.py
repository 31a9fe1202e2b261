"""Sentences of `/cleanup`."""

from datetime import datetime

from analytics.privacy.retention import MAX_RETENTION_DAYS, MIN_RETENTION_DAYS
from analytics.telegram.i18n import N_, _, format_datetime, format_number

CONFIRM = N_("Yes, delete them")
TOO_OLD = N_(
    "This button has expired, was already used, or is not yours. Nothing was deleted. "
    "Send /cleanup to try again."
)
CANCELLED = N_("Cancelled. Nothing was deleted.")


def wrong_days() -> str:
    # Without separators of thousands, as the numbers are to be typed.
    return _(
        "Give a whole number of days from {shortest} to {longest}, "
        "as in <code>/cleanup 30</code>, or none for the retention period."
    ).format(shortest=MIN_RETENTION_DAYS, longest=MAX_RETENTION_DAYS)


def interactions(count: int, older_than: int) -> str:
    """Return a count of interactions with their age; `older_than` is in days."""
    return _("{count} interaction {older}", "{count} interactions {older}", count).format(
        count=format_number(count), older=_older(older_than)
    )


def _older(than: int) -> str:
    said = _("older than {count} day", "older than {count} days", than)
    return said.format(count=format_number(than))


def would_be_deleted(count: int, older_than: int, *, offered: bool) -> str:
    """Return how much a cleanup would delete; `offered` is true if there is a button for it.

    `older_than` is in days.
    """
    if not count:
        return _("There are no interactions {older}.").format(older=_older(older_than))
    what = interactions(count, older_than)
    if not offered:
        return _("<b>Due for deletion:</b> {interactions}").format(interactions=what)
    question = _("<b>Delete {interactions}?</b>").format(interactions=what)
    warning = _("This cannot be undone. The button works for five minutes.")
    return f"{question}\n\n{warning}"


def cleaning_up(done: int, total: int, older_than: int) -> str:
    return _(
        "⏳ Deleting: {done} of {total} interaction {older}",
        "⏳ Deleting: {done} of {total} interactions {older}",
        total,
    ).format(done=format_number(done), total=format_number(total), older=_older(older_than))


def cleaned_up(count: int, older_than: int, compacted_by: datetime | None) -> str:
    """Return how much a cleanup deleted; `older_than` is in days.

    `compacted_by` is None if the traces have left the disk already.
    """
    text = _("✅ <b>Deleted:</b> {interactions}.").format(
        interactions=interactions(count, older_than)
    )
    disk = (
        _("They leave the disk by {moment}.").format(moment=format_datetime(compacted_by))
        if compacted_by
        else _("They are gone from the disk, too, except from backups.")
    )
    return f"{text} {disk}" if count else text


def cleanup_stopped(count: int, older_than: int) -> str:
    return _(
        "⚠️ <b>Stopped</b> by an error; see the log. "
        "Deleted so far: {interactions}. Send /cleanup to delete the rest."
    ).format(interactions=interactions(count, older_than))
