"""Keep erasures and opt-outs outside of a server's database, and apply them after a restore.

Whoever restores a backup of the server brings back who was erased since, and the list of erasures
is as old as the backup. So each bot keeps the list in a file of its own, too, for as long as
interactions are kept.
"""

import asyncio
import json
import logging
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from analytics import disk
from analytics.errors import AnalyticsError, ErasuresRefused, reason
from analytics.open_database import OpenDatabase
from analytics.privacy.retention import cutoff
from analytics.store_types import Listed

logger = logging.getLogger(__name__)

DAY = 86_400
NOTHING = Listed({}, frozenset())


def file_beside(path: Path) -> Path:
    """Return the path of the file in which a bot with a `path` keeps the list."""
    return path.with_name(f"{path.name}.erasures")


async def keep(database: OpenDatabase, more: Mapping[int, int] = MappingProxyType({})) -> None:
    """Bring the bot's own file up to date, if its database is on a server; log what fails.

    `more` is an erasure that is about to be carried out, with its day.
    """
    if database.erasures_file is None:
        return
    try:
        await export(database, database.erasures_file, more)
    except (AnalyticsError, OSError) as error:
        logger.warning("the list of erasures cannot be kept outside (%s)", reason(error))


async def export(
    database: OpenDatabase, file: Path, more: Mapping[int, int] = MappingProxyType({})
) -> int:
    """Write the list into a file, beside what is in it already; return how many erasures it has.

    Erasures past retention are left out. Raises ErasuresRefused for a file that has something else
    or cannot be written, and AnalyticsError if the database cannot be read.
    """
    references = await database.references()
    try:
        before = await asyncio.to_thread(_read, file, references.fingerprint)
    except ErasuresRefused:
        if file != database.erasures_file:
            raise
        before = NOTHING  # of another database that was there
    now = await database.store.listed()
    erasures = [each.erasures for each in (before, now)]
    kept = _since(await _oldest(database), _newest(*erasures, more))
    content = {
        "key": references.fingerprint,
        "erasures": {str(reference): day for reference, day in sorted(kept.items())},
        "opt_outs": [str(reference) for reference in sorted(now.opt_outs)],
    }
    try:
        await asyncio.to_thread(_write, file, json.dumps(content, indent=1) + "\n")
    except OSError as error:
        raise ErasuresRefused(
            f"{file} cannot be written ({error.strerror})", "check its folder"
        ) from None
    return len(kept)


async def apply(database: OpenDatabase, file: Path) -> int:
    """Erase again whom a file lists; return how many people the database had of them.

    Up to the end of the day of an erasure everything is deleted, and what came later stays. Those
    who opted out are not counted. Raises ErasuresRefused for a file that is missing or has
    something else, and AnalyticsError if the database cannot be written.
    """
    references = await database.references()
    if not await asyncio.to_thread(file.is_file):
        raise ErasuresRefused(f"{file} is not a file", "give one that a bot or --export has made")
    listed = await asyncio.to_thread(_read, file, references.fingerprint)
    async with database.deletion():
        erased = await database.store.erase_again(listed, references.erasure, database.calendar.day)
    if erased:
        await database.compact_if_due()
    return erased


async def apply_if_restored(database: OpenDatabase) -> None:
    """Apply the bot's own file if the database lacks an erasure in it: then it was restored."""
    file = database.erasures_file
    if file is None or not await asyncio.to_thread(file.exists):
        return
    try:
        references = await database.references()
        listed = await asyncio.to_thread(_read, file, references.fingerprint)
        known = (await database.store.listed()).erasures
        kept = _since(await _oldest(database), listed.erasures)
        if any(known.get(reference, -1) < day for reference, day in kept.items()):
            erased = await apply(database, file)
            if erased:
                logger.warning("the database was restored: %d people were erased again", erased)
    except AnalyticsError as error:
        logger.error("erasures since a backup cannot be repeated (%s)", reason(error))


async def _oldest(database: OpenDatabase) -> int:
    """Return the day since which erasures are kept, as the database itself keeps them."""
    oldest = cutoff(await database.likely_now(), database.retention_days)
    return int(oldest.timestamp()) // DAY


def _since(oldest: int, erasures: Mapping[int, int]) -> dict[int, int]:
    return {reference: day for reference, day in erasures.items() if day >= oldest}


def _newest(*lists: Mapping[int, int]) -> dict[int, int]:
    """Return the newest erasure of each person in several lists."""
    newest: dict[int, int] = {}
    for erasures in lists:
        for reference, day in erasures.items():
            newest[reference] = max(day, newest.get(reference, day))
    return newest


def _read(file: Path, fingerprint: str) -> Listed:
    """Return what a file lists; nothing without a file."""
    if not file.exists():
        return NOTHING
    try:
        content = json.loads(file.read_text("utf-8"))
        key = content["key"]
        erasures = {int(reference): int(day) for reference, day in content["erasures"].items()}
        opt_outs = frozenset(int(reference) for reference in content["opt_outs"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise ErasuresRefused(
            f"{file} holds no list of erasures", "give one that a bot or --export has made"
        ) from None
    if key != fingerprint:
        raise ErasuresRefused(
            f"{file} was written with another key than the database",
            "set USER_ID_KEY to that key, or give another file",
        )
    return Listed(erasures, opt_outs)


def _write(file: Path, content: str) -> None:
    disk.create_folder(file.parent)
    disk.discard_draft(file)
    disk.begin_draft(file, content.encode())
    disk.publish(file, over=True)
