"""Every sentence that this bot says itself, in HTML; none contains what a person wrote.

Functions return the current language; constants have to be translated where they are used.
"""

from collections.abc import Mapping
from html import escape

from analytics.telegram import ADMIN_COMMANDS, N_, PEOPLE_COMMANDS, Audience, CommandEntry, _
from bot.features import FEATURES

COMMANDS = (
    CommandEntry("start", N_("About this bot")),
    CommandEntry("help", N_("What you can do here")),
    CommandEntry("cancel", N_("Stop a dialogue")),
    *(entry for feature in FEATURES for entry in feature.commands),
    *PEOPLE_COMMANDS,
    *ADMIN_COMMANDS,
    CommandEntry("web", N_("Statistics in a browser"), Audience.ADMINS),
)
FALLBACK = N_("I did not understand that. See /help for what I can do.")
EXPIRED = N_("This button has expired. Please send the command again.")
HELP_IN_A_GROUP = N_("Please ask me in our private chat.")
CANCELLED = N_("Cancelled.")
NOTHING_TO_CANCEL = N_("There is nothing to cancel.")
NO_PAGE = N_(
    "The admin page is off. To use it, give WEB_PORT a port such as 8090 in .env, and restart the "
    "bot."
)
OPEN_HERE = N_("Open here")
OPEN_IN_BROWSER = N_("Open in a browser")
ERROR = N_("Something went wrong. Please try again in a moment.")


def start() -> str:
    return _(
        "👋 <b>Hello!</b>\n\n"
        "I can remind you of things: /remind. I count how often I am used, without names and "
        "texts.\n\n"
        "/help shows what you can do here, /privacy what is stored about you."
    )


def help_(commands: Mapping[str, str]) -> str:
    """Return the answer to /help, for `commands` and their purposes, which it translates."""
    lines = [f"/{name} - {escape(_(purpose))}" for name, purpose in commands.items()]
    return "\n".join([_("<b>What you can do here</b>"), "", *lines])


def link(address: str) -> str:
    """Return the answer to /web for a page that only the machine of the bot reaches."""
    return _(
        "Open this on the machine where the bot runs. It works once, within five minutes, and ends "
        "your earlier sessions:\n\n<code>{address}</code>"
    ).format(address=escape(address))


def web() -> str:
    """Return the answer to /web above the buttons that open the page."""
    return _(
        "The button for a browser works once, within five minutes. Your earlier sessions have "
        "ended."
    )
