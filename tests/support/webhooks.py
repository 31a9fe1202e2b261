"""A webhook on this machine."""

import random
import socket
from typing import Any

# None of those that the kernel gives to connections: nobody takes it while the bot is down.
PORTS = range(20_000, 30_000)
SECRET = "nobody-knows-this-1"


def free_port() -> int:
    """Return a port that nobody takes while nobody listens there."""
    for port in random.sample(PORTS, len(PORTS)):
        with socket.socket() as listening:
            try:
                listening.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
    raise OSError("no free port")


def webhook_settings(*, webhook: bool = True) -> dict[str, Any]:
    """Return the settings of a webhook on a port that stays the bot's own; of polling, if not."""
    if not webhook:
        return {}
    port = free_port()
    return {
        "webhook_url": f"http://127.0.0.1:{port}/telegram",
        "webhook_port": port,
        "webhook_secret": SECRET,
    }


def webhook_environment(*, webhook: bool = True) -> dict[str, str]:
    """Return the same as variables of the environment."""
    return {name.upper(): str(value) for name, value in webhook_settings(webhook=webhook).items()}
