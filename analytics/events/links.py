"""Start links: `https://t.me/<bot>?start=<code>`, whose starts are counted by day and code.

Nothing about a link is stored with a person.
"""

import asyncio
import secrets
import unicodedata
from collections.abc import Collection
from contextlib import suppress
from datetime import datetime

from analytics.clock import from_unix
from analytics.errors import AnalyticsError, LinkNameInUse, NoSuchLink, TooManyLinks
from analytics.models import StartLink
from analytics.open_database import OpenDatabase

# Letters and digits that are not taken for others: no 0 and o, no 1, i and l.
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
CODE_LENGTH = 6
MAX_NAME_LENGTH = 40
# Links whose starts are counted: as many rows a day at most.
MAX_LINKS = 200
PRECISION = 3600
LOOK_SECONDS = 1.0
# Control characters, halves of characters, and separators of lines: a name is one line.
NOT_IN_NAMES = {"Cc", "Cs", "Zl", "Zp"}


class Links:
    """The start links of a bot."""

    def __init__(self, database: OpenDatabase) -> None:
        self._database = database
        # What is read does not overtake what is written.
        self._turn = asyncio.Lock()
        self.live: frozenset[str] = frozenset()
        """The codes whose starts are counted, as of the last `refresh`."""

    async def refresh(self) -> None:
        """Read which links are live: another process may have made or retired some.

        While the database cannot be read, nothing changes.
        """
        with suppress(AnalyticsError):
            await self.all()

    async def look_up(self, codes: Collection[str]) -> None:
        """Read which links are live if one of the codes may be that of a link made since.

        Nobody waits long for that: it takes a second at most, and changes nothing then.
        """
        unknown = [each for each in codes if each not in self.live and _is_code(each)]
        if unknown and self._database.is_recording:
            with suppress(TimeoutError):
                await asyncio.wait_for(self.refresh(), LOOK_SECONDS)

    async def all(self) -> list[StartLink]:
        """Return the links, the newest first, and those that are retired after the others.

        A retired one is listed as long as its starts are kept.
        Raises AnalyticsError if the database cannot be read.
        """
        async with self._turn:
            return await self._read()

    async def make(self, name: str) -> StartLink:
        """Make a link; its starts are counted from now on.

        Raises ValueError for a name that is not 1 to 40 characters in one line, LinkNameInUse if
        another live link has that name, TooManyLinks if 200 are live, and AnalyticsError if the
        database cannot be written.
        """
        name = checked_name(name)
        async with self._turn:
            links = await self._read()
            live = [each for each in links if each.retired is None]
            if any(each.name.casefold() == name.casefold() for each in live):
                raise LinkNameInUse("another link has this name", "give another name")
            if len(live) >= MAX_LINKS:
                raise TooManyLinks(f"there are {MAX_LINKS} links already", "retire one first")
            made = StartLink(_new_code({each.code for each in links}), name, self._now())
            await self._database.store.add_start_link(made)
            self.live |= {made.code}
        return made

    async def retire(self, code: str) -> None:
        """Retire a link: from now on its starts are counted as `other`.

        What was counted stays as long as interactions do. A link that is retired already stays as
        it is. Raises NoSuchLink for the code of no link, and AnalyticsError if the database cannot
        be written.
        """
        async with self._turn:
            if code not in {each.code for each in await self._read()}:
                raise NoSuchLink("there is no link with this code", "list the links")
            await self._database.store.retire_start_link(code, self._now())
            self.live -= {code}

    async def _read(self) -> list[StartLink]:
        links = await self._database.store.start_links()
        self.live = frozenset(each.code for each in links if each.retired is None)
        return links

    def _now(self) -> datetime:
        now = self._database.now()
        return from_unix(now - now % PRECISION)


def checked_name(name: str) -> str:
    """Return the name of a link, without spaces around it.

    Raises ValueError if it is not 1 to 40 characters in one line.
    """
    name = name.strip()
    is_one_line = not any(unicodedata.category(each) in NOT_IN_NAMES for each in name)
    if not (1 <= len(name) <= MAX_NAME_LENGTH and is_one_line):
        raise ValueError(f"the name of a link has 1 to {MAX_NAME_LENGTH} characters in one line")
    return name


def _is_code(text: str) -> bool:
    return len(text) == CODE_LENGTH and set(text) <= set(ALPHABET)


def _new_code(taken: set[str]) -> str:
    while (code := "".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH))) in taken:
        pass
    return code
