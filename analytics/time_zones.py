"""Know time zones by their names, and those that a database counts its days in."""

import json
import logging
import re
import textwrap
from collections.abc import Sequence
from datetime import datetime
from difflib import get_close_matches
from functools import cache
from zoneinfo import ZoneInfoNotFoundError, available_timezones

from analytics import known_time
from analytics.calendar import HOUR, Calendar
from analytics.clock import from_unix
from analytics.errors import UnknownTimeZone
from analytics.store import Store
from analytics.store_types import Setting

logger = logging.getLogger(__name__)

# The time zone that days are counted in.
DEFAULT_TIMEZONE = "UTC"
# They stand beside the zones, and say nothing to anyone on another computer.
NO_ZONES = {"Factory", "localtime", "posixrules"}
# Names that a message about an unknown one proposes.
MAX_PROPOSALS = 3
# Characters of an unknown name that its message quotes.
MAX_SHOWN = 40

Zones = Sequence[tuple[int, str]]


@cache
def names() -> frozenset[str]:
    """Return the names of all time zones that this computer knows."""
    return frozenset(available_timezones() - NO_ZONES)


def check_timezone(name: str) -> str:
    """Return the name of a time zone unchanged.

    Raises TypeError for anything but text, and ValueError for an unknown zone, with the nearest
    names; case counts, as in the files that zones are read from.
    """
    if not isinstance(name, str):
        raise TypeError("timezone has to be the name of a time zone, such as 'Europe/Berlin'")
    if name == DEFAULT_TIMEZONE or name in names():
        return name
    near = " or ".join(nearest_timezones(name)) or "Europe/Berlin"
    shown = textwrap.shorten(name, MAX_SHOWN, placeholder="…")
    raise ValueError(f'unknown time zone "{shown}": give an IANA name, such as {near}')


def nearest_timezones(name: str) -> list[str]:
    """Return up to three names of time zones like `name`, which may be that of a city alone."""
    wanted = _folded(name)
    # The signs of Etc/GMT+2 and the like are the reverse of what people mean.
    offered = sorted(each for each in names() if not re.search(r"GMT.*\d", each))
    by_folded = {_folded(each): each for each in offered}
    by_city: dict[str, list[str]] = {}
    for each in offered:
        by_city.setdefault(_folded(each.rpartition("/")[2]), []).append(each)
    found = [by_folded[each] for each in (wanted,) if each in by_folded]
    found += by_city.get(wanted.rpartition("/")[2], [])
    if not found:
        found += [by_folded[each] for each in get_close_matches(wanted, by_folded)]
        for city in get_close_matches(wanted.rpartition("/")[2], by_city, 1):
            found += by_city[city]
    return list(dict.fromkeys(found))[:MAX_PROPOSALS]


def label(name: str) -> str:
    """Return a time zone's name as people read it: its city, as in `New York`, or `UTC`."""
    return name.rpartition("/")[2].replace("_", " ")


def _folded(name: str) -> str:
    """Return a name as people may write it who do not know the official one."""
    return name.strip().casefold().replace(" ", "_").replace("-", "_")


async def read(store: Store) -> Zones:
    """Return the time zones of a database, each with the moment that it holds since.

    Raises AnalyticsError if the database cannot be read.
    """
    return parsed(await store.get_setting(Setting.TIME_ZONES))


def parsed(kept: str | int | None) -> Zones:
    """Return the time zones that a database keeps as a setting; UTC if it keeps none."""
    zones = json.loads(str(kept)) if kept is not None else [(0, DEFAULT_TIMEZONE)]
    return [(int(since), str(name)) for since, name in zones]


async def write(store: Store, zones: Zones) -> None:
    """Store the time zones of a database. Raises AnalyticsError if it cannot be written."""
    await store.put_setting(Setting.TIME_ZONES, json.dumps(zones))


async def agree(store: Store, name: str, now: datetime) -> Zones:
    """Have a database count its days in a time zone, from the next hour on; return its zones.

    A database that nothing was recorded in yet has had it always; one from before there was a
    choice, UTC until now. Raises AnalyticsError if the database fails.
    """
    now = await known_time.contradicting(store, now) or now
    if await store.get_setting(Setting.TIME_ZONES) is None and await _is_new(store):
        zones = [(0, name)]
        await write(store, zones)
        return zones
    kept = await read(store)
    # What was to follow later never came into effect; it may be of a clock that was ahead.
    zones = [each for each in kept if each[0] <= now.timestamp()]
    if zones[-1][1] != name:
        since = (int(now.timestamp()) // HOUR + 1) * HOUR
        logger.info(
            "days begin at midnight in %s from %s UTC on, before that in %s",
            name,
            f"{from_unix(since):%Y-%m-%d %H:%M}",
            zones[-1][1],
        )
        zones.append((since, name))
    if zones != kept or await store.get_setting(Setting.TIME_ZONES) is None:
        await write(store, zones)
    return zones


async def _is_new(store: Store) -> bool:
    """Return whether nothing has been recorded yet."""
    began = await store.get_setting(Setting.BEGAN)
    return began is None and await store.known_times() == (None, None)


def calendar_of(zones: Zones) -> Calendar:
    """Return the calendar of time zones.

    Raises UnknownTimeZone if this computer does not know one of them.
    """
    try:
        return Calendar(zones)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        unknown = [name for _since, name in zones if name not in names()]
        raise UnknownTimeZone(
            f"the database counts days in a time zone unknown here: {', '.join(unknown)}",
            "install the newest tzdata: python -m pip install --upgrade tzdata",
        ) from None
