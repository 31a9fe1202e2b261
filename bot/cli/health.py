"""`health`: the health check of a container.

It runs every half minute, so it loads and does as little as it can.
"""

import json
from http.client import HTTPConnection, HTTPException

import typer

from bot.cli.errors import FAILED
from bot.errors import Remark, WrongSettings
from bot.settings import Settings, load

# Seconds. The container file allows ten seconds for the whole command.
TIMEOUT = 3.0
# Addresses that mean all interfaces to a server, and the ones to ask instead.
LOOPBACK = {"0.0.0.0": "127.0.0.1", "::": "::1"}


def health() -> None:
    """Ask the running bot whether it is healthy.

    Exits with 1 if it is not.

    Example: python main.py health
    """
    try:
        said = ask(*address(load(Settings)))
    except WrongSettings as error:
        said = str(error)
    except (OSError, HTTPException) as error:
        said = f"the bot does not answer ({type(error).__name__}): start it, or look at its log"
    if said:
        typer.echo(said, err=True)
        raise typer.Exit(FAILED)
    typer.echo("healthy")


def address(settings: Settings) -> tuple[str, int]:
    """Return the host and port of `/healthz`.

    Raises WrongSettings if neither METRICS_PORT nor WEBHOOK_URL is set.
    """
    if settings.metrics_port is not None:
        host, port = settings.metrics_host, settings.metrics_port
    elif settings.webhook_url is not None:
        host, port = settings.webhook_host, settings.webhook_port
    else:
        raise WrongSettings(
            Remark("METRICS_PORT is missing", "set it to a port for the bot to answer on")
        )
    host = host.strip("[]")
    return LOOPBACK.get(host, host), port


def ask(host: str, port: int) -> str:
    """Ask `/healthz`; return "" if all is well, else what is wrong.

    Raises OSError or HTTPException if the bot does not answer.
    """
    connection = HTTPConnection(host, port, timeout=TIMEOUT)
    try:
        connection.request("GET", "/healthz")
        answer = connection.getresponse()
        if answer.status == 200:
            return ""
        body = answer.read(10_000)
    finally:
        connection.close()
    try:
        missing = [name for name in ("receiving", "recording") if json.loads(body)[name] is False]
    except (ValueError, KeyError, TypeError, RecursionError):
        missing = []
    return f"unhealthy: not {' and not '.join(missing)}"
