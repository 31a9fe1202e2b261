"""Signals that ask the process to stop, on every system."""

import asyncio
import os
import signal
import threading
from collections.abc import Callable

from bot.cli.errors import FAILED

# Ctrl+Break exists only on Windows, where nothing sends SIGTERM to another process.
STOP = [
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGBREAK") if hasattr(signal, name)
]
# Seconds. Containers and systemd kill a process that does not stop in time: 15 s are enough.
MAX_SHUTDOWN = 14.0


def stop_on_signals(loop: asyncio.AbstractEventLoop) -> asyncio.Event:
    """Return an event that is set once a signal asks the process to stop.

    The process ends in any case 14 seconds later, and at once if it is asked again, with status 1.
    """
    stop = asyncio.Event()
    watchdog = threading.Timer(MAX_SHUTDOWN, os._exit, (FAILED,))
    watchdog.daemon = True

    def on_signal() -> None:
        if stop.is_set():
            os._exit(FAILED)
        stop.set()
        # In its own thread, so that it works whatever the event loop is stuck in.
        watchdog.start()

    on_stop_signals(loop, on_signal)
    return stop


def on_stop_signals(loop: asyncio.AbstractEventLoop, stop: Callable[[], None]) -> None:
    """Make the loop call `stop` for SIGINT, SIGTERM and, on Windows, Ctrl+Break."""
    for number in STOP:
        try:
            loop.add_signal_handler(number, stop)
        except NotImplementedError:
            # On Windows, the loop has to be woken, or it would go on waiting for the network.
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop))
