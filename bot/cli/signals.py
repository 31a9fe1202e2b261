"""Being asked to stop, on every system."""

import asyncio
import os
import signal
import threading
from collections.abc import Callable

from bot.cli.errors import FAILED

# Ctrl+Break exists on Windows alone, where nothing sends SIGTERM to another process.
STOP = [
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGBREAK") if hasattr(signal, name)
]
# Seconds. Containers and systemd kill what does not stop; whoever waits 15 s for it never has to.
MAX_SHUTDOWN = 14.0


def stop_on_signals(loop: asyncio.AbstractEventLoop) -> asyncio.Event:
    """Return an event that is set once the process is asked to end.

    The process ends in any case `MAX_SHUTDOWN` seconds later, and at once if it is asked again.
    """
    stop = asyncio.Event()
    watchdog = threading.Timer(MAX_SHUTDOWN, os._exit, (FAILED,))
    watchdog.daemon = True

    def on_signal() -> None:
        if stop.is_set():
            os._exit(FAILED)
        stop.set()
        # A thread of its own: it works whatever the event loop is stuck in.
        watchdog.start()

    on_stop_signals(loop, on_signal)
    return stop


def on_stop_signals(loop: asyncio.AbstractEventLoop, stop: Callable[[], None]) -> None:
    """Have the loop call `stop` whenever the process is asked to end."""
    for number in STOP:
        try:
            loop.add_signal_handler(number, stop)
        except NotImplementedError:
            # Windows. The loop has to be woken, or it would go on waiting for the network.
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop))
