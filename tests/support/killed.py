"""Coroutines that run in a process of their own, to be killed there."""

import asyncio
import multiprocessing
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Collection, Coroutine
from pathlib import Path
from typing import Any

from tests.support.second_connection import NAME

# What the tests' modules import: each process is a fork of a small one that has imported it.
PRELOAD = ["analytics", "bot.run", "hypothesis", "pytest", "tests.support.statements"]


def is_killed(act: Callable[..., Coroutine[Any, Any, None]], *arguments: Any) -> bool:
    """Run it in a process of its own; False if that came to its end."""
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload(PRELOAD)
    child = processes.Process(target=_run, args=(act, arguments))
    child.start()
    child.join()
    assert child.exitcode in (-signal.SIGKILL, 0), child.exitcode
    return child.exitcode != 0


def _run(act: Callable[..., Coroutine[Any, Any, None]], arguments: Any) -> None:
    asyncio.run(act(*arguments))


def killed(folder: Path) -> Path:
    """What a kill of this process would leave of its database at this moment, in another folder."""
    copy = Path(tempfile.mkdtemp(dir=folder))
    # The spool first: when it goes, all of it is in the files that are copied after it.
    files = sorted(folder.glob(f"{NAME}*"), key=lambda file: ".spool" not in file.name)
    for file in files:
        if file.is_file() and not file.name.endswith(("lock", "-shm")):
            try:
                shutil.copy(file, copy / file.name)
            except FileNotFoundError:
                assert ".spool" in file.name
    return copy


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def die_before(count: int, events: Collection[str]) -> Callable[[], None]:
    """Kill this process at the count-th of these audit events; return what counts as one more."""

    def step() -> None:
        nonlocal count
        count -= 1
        if not count:
            die()

    sys.addaudithook(lambda event, _: step() if event in events else None)
    return step
