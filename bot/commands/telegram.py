"""Questions to Telegram that need no aiogram, which takes seconds to load."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from analytics.clock import http_date
from bot.settings import Settings

PATIENCE = 20.0


class Unreachable(Exception):
    """Nobody answers as Telegram does; the message is the kind of error."""


@dataclass(frozen=True, slots=True)
class Answer:
    result: dict[str, Any] | None  # None if refused
    date: datetime | None  # the server's clock


async def ask(settings: Settings, method: str) -> Answer:
    """Raises Unreachable."""
    import aiohttp

    token = settings.bot_token.get_secret_value()
    url = f"{str(settings.bot_api_url).rstrip('/')}/bot{token}/{method}"
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=PATIENCE)) as session,
            # The token is in the address, which nobody else is to be told.
            session.get(url, allow_redirects=False) as response,
        ):
            body = await response.json(content_type=None)
            date = response.headers.get("Date")
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        # Its text may quote the address.
        raise Unreachable(type(error).__name__) from None
    if not isinstance(body, dict) or "ok" not in body:
        raise Unreachable("no answer of a Bot API server")
    return Answer(body.get("result") if body["ok"] else None, http_date(date))
