"""Coroutines that run in a process of their own, to be killed there."""

import asyncio
import multiprocessing
import signal
from collections.abc import Callable, Coroutine
from typing import Any

# What the tests' modules import: each process is a fork of a small one that has imported it.
PRELOAD = ["analytics", "bot.run", "hypothesis", "pytest", "tests.support.bytes_on_disk"]


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
