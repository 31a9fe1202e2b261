"""The table of commands, from which menus, `/help` and the counts of each command follow."""

from collections.abc import Iterable, Iterator
from enum import IntEnum
from typing import NamedTuple

from aiogram import Router
from aiogram.dispatcher.event.handler import FilterObject
from aiogram.filters import Command, Filter

from analytics.telegram.i18n import N_


class Audience(IntEnum):
    """The people who may use a command; a higher audience has the commands of the lower ones."""

    EVERYONE = 0
    ADMINS = 1
    OWNERS = 2


class CommandEntry(NamedTuple):
    """A row of the table; `purpose` is a sentence marked with `N_`.

    A command with another purpose for owners than for admins has two rows.
    """

    name: str
    purpose: str
    audience: Audience = Audience.EVERYONE


# The commands of `people_router`, for a bot's own menu and /help.
PEOPLE_COMMANDS = (
    CommandEntry("privacy", N_("What is stored about you")),
    CommandEntry("mydata", N_("Your data, as a file")),
    CommandEntry("forgetme", N_("Erase your data")),
    CommandEntry("optout", N_("Stop counting me")),
    CommandEntry("optin", N_("Count me again")),
)
# The commands of `admin_router` and `alerts_router`.
ADMIN_COMMANDS = (
    CommandEntry("stats", N_("Usage statistics"), Audience.ADMINS),
    CommandEntry("note", N_("Notes on charts"), Audience.ADMINS),
    CommandEntry("cleanup", N_("How much is due for deletion"), Audience.ADMINS),
    CommandEntry("alerts", N_("Notification settings"), Audience.ADMINS),
    CommandEntry("links", N_("Start links: where people come from"), Audience.OWNERS),
    CommandEntry("audit", N_("Who viewed or deleted what"), Audience.OWNERS),
    CommandEntry("cleanup", N_("Delete old interactions"), Audience.OWNERS),
)


def purposes(
    commands: Iterable[CommandEntry], audience: Audience = Audience.EVERYONE
) -> dict[str, str]:
    """Return the names of the commands that an audience may use, with their purposes."""
    return {each.name: each.purpose for each in commands if each.audience <= audience}


def commands_of(
    router: Router, commands: Iterable[CommandEntry] = ADMIN_COMMANDS
) -> frozenset[str]:
    """Return the commands that have a handler, in small letters and without the slash.

    Those that `commands` has for admins or owners are left out: how often they look at statistics
    is not use of the bot.
    """
    return registered(router.chain_tail) - restricted(commands)


def restricted(commands: Iterable[CommandEntry]) -> frozenset[str]:
    """Return the names of the commands that a table has for admins or owners."""
    return frozenset(each.name for each in commands if each.audience > Audience.EVERYONE)


def registered(routers: Iterable[Router]) -> frozenset[str]:
    """Return the commands that have a handler in one of the routers, in small letters.

    They are found by the handlers' `Command` filters with the prefix "/", alone or in `or_f` and
    `and_f`; patterns are left out.
    """
    return frozenset(
        command.casefold()
        for router in routers
        for handler in router.message.handlers
        for each in _command_filters(handler.filters or ())
        if "/" in each.prefix
        for command in each.commands
        if isinstance(command, str)
    )


def _command_filters(filters: Iterable[FilterObject]) -> Iterator[Command]:
    for each in filters:
        if isinstance(each.callback, Command):
            yield each.callback
        elif isinstance(each.callback, Filter):
            # aiogram has no public class of what `or_f` and `and_f` return.
            yield from _command_filters(getattr(each.callback, "targets", ()))
