"""Words for durations, and for the precision of stored times."""

from analytics.telegram.i18n import _, format_number


def precision(seconds: int) -> str:
    """Return the precision of stored times, given in seconds, as words."""
    if seconds % 86_400 == 0:
        return _("rounded down to the day")
    if seconds % 3_600 == 0:
        count = seconds // 3_600
        said = _("rounded down to the hour", "rounded down to {count} hours", count)
    elif seconds % 60 == 0:
        count = seconds // 60
        said = _("rounded down to the minute", "rounded down to {count} minutes", count)
    else:
        count = seconds
        said = _("rounded down to the second", "rounded down to {count} seconds", count)
    return said.format(count=format_number(count))


def days(count: int) -> str:
    return _("{count} day", "{count} days", count).format(count=format_number(count))
