"""A file has one name only, as on FAT, exFAT, Android and some FUSE; and a kill comes."""

import errno
import os
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from analytics import AnalyticsService
from analytics.sqlite.encryption import encrypt
from tests.support.killed import die_before
from tests.support.second_connection import DATABASE_KEY

STEPS = {"os.rename", "os.remove"}


def without_hard_links(number: int = errno.EPERM) -> AbstractContextManager[Any]:
    return patch.object(os, "link", side_effect=OSError(number, os.strerror(number)))


async def start_and_die(path: Path, count: int) -> None:
    with without_hard_links():
        die_before(count, STEPS)
        async with AnalyticsService.open(path):
            pass


async def encrypt_and_die(path: Path, count: int) -> None:
    with without_hard_links():
        die_before(count, STEPS)
        await encrypt(path, DATABASE_KEY)
