"""Sentences that several modules share, and the descriptions of the commands."""

from analytics.telegram.i18n import N_, _, format_number

PEOPLE_COMMANDS = {
    "privacy": N_("What is stored about you"),
    "mydata": N_("All that is stored about you, as a file"),
    "forgetme": N_("Erase what is stored about you"),
    "optout": N_("Do not count me"),
    "optin": N_("Count me again"),
}
ADMIN_COMMANDS = {
    "stats": N_("How the bot is used, in numbers"),
    "cleanup": N_("How much is old enough to be deleted"),
    "alerts": N_("What you are told unasked"),
}
OWNER_COMMANDS = {
    "audit": N_("Who looked at or deleted what"),
    "cleanup": N_("Delete what is old"),
}
SLOW_DOWN = N_("That was quite a lot at once. Please try again in half a minute.")


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
