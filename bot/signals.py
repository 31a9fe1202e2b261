"""Being asked to stop, on every system."""

import asyncio
import signal
from collections.abc import Callable

# Ctrl+Break exists on Windows alone, where nothing sends SIGTERM to another process.
STOP = [
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGBREAK") if hasattr(signal, name)
]


def on_stop_signals(loop: asyncio.AbstractEventLoop, stop: Callable[[], None]) -> None:
    """Have the loop call `stop` whenever the process is asked to end."""
    for number in STOP:
        try:
            loop.add_signal_handler(number, stop)
        except NotImplementedError:
            # Windows. The loop has to be woken, or it would go on waiting for the network.
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop))
