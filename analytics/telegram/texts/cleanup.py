"""Sentences of `/cleanup`."""

from datetime import datetime

from analytics.privacy.retention import MAX_RETENTION_DAYS, MIN_RETENTION_DAYS
from analytics.telegram.i18n import N_, _, format_datetime, format_number

CONFIRM = N_("Yes, delete them")
TOO_OLD = N_(
    "This button is too old, was used already, or is not yours. It deletes nothing. "
    "Send /cleanup to ask again."
)
CANCELLED = N_("Cancelled. Nothing was deleted.")


def wrong_days() -> str:
    # Without separators of thousands, as the numbers are to be typed.
    return _(
        "Give a whole number of days from {shortest} to {longest}, "
        "as in <code>/cleanup 30</code>, or none for the retention."
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
        return _("Nothing is {older}.").format(older=_older(older_than))
    text = _("<b>Would be deleted:</b> {interactions}.").format(
        interactions=interactions(count, older_than)
    )
    warning = _("This cannot be undone. The button is good for five minutes.")
    return f"{text}\n\n{warning}" if offered else text


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
        _("Their traces leave the file by {moment}.").format(moment=format_datetime(compacted_by))
        if compacted_by
        else _("Their traces have left the disk, too.")
    )
    return f"{text} {disk}" if count else text


def cleanup_stopped(count: int, older_than: int) -> str:
    return _(
        "⚠️ <b>Stopped</b>, since something went wrong; the log says more. "
        "Deleted so far: {interactions}. Send /cleanup to delete the rest."
    ).format(interactions=interactions(count, older_than))
