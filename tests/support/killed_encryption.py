"""`encrypt` in a process that is killed on its way."""

import os
import sys
from pathlib import Path
from typing import Any
from unittest.mock import patch

from analytics.sqlite.encryption import encrypt
from tests.support.bytes_on_disk import Statement, die, statements
from tests.support.second_connection import DATABASE_KEY

STEPS = {"open", "os.rename", "os.link", "os.remove"}


async def encrypt_and_die(path: Path, count: int) -> None:
    """Before so many-th step: a file opened, named, removed or synced, or a statement run."""
    sync = os.fsync

    def step() -> None:
        nonlocal count
        count -= 1
        if not count:
            die()

    async def counted(_: str, run: Statement) -> Any:
        step()
        return await run()

    def synced(descriptor: int) -> None:
        step()
        sync(descriptor)

    sys.addaudithook(lambda event, _: step() if event in STEPS else None)
    with statements(counted), patch.object(os, "fsync", synced):
        await encrypt(path, DATABASE_KEY)
