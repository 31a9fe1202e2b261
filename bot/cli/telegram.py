"""Questions to Telegram that need no aiogram, which takes seconds to load."""

from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from pydantic import BaseModel, Field, ValidationError

from analytics import http_date
from bot.settings import Settings

PATIENCE = 20.0


class Unreachable(Exception):
    """Nobody answers as Telegram does; the message is the kind of error."""


class Me(BaseModel):
    """What `getMe` answers, as far as it is used."""

    username: str


class WebhookInfo(BaseModel):
    """What `getWebhookInfo` answers, as far as it is used."""

    url: str = ""
    pending_update_count: int = 0
    last_error_date: int = Field(0, ge=0, le=2**35)
    last_error_message: str = ""


Result = TypeVar("Result", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Answer(Generic[Result]):
    result: Result | None  # None if refused
    date: datetime | None  # the server's clock


async def ask(settings: Settings, method: str, kind: type[Result]) -> Answer[Result]:
    """Raises Unreachable, also for an answer that is not of that kind.

    Raises WrongSettings for a proxy of the environment that is none.
    """
    import aiohttp

    from bot import outgoing

    connector, options = outgoing.connector_of(settings)
    passing: tuple[type[Exception], ...] = (
        *outgoing.errors(),
        ValueError,
        RecursionError,
    )
    token = settings.bot_token.get_secret_value()
    url = f"{str(settings.bot_api_url).rstrip('/')}/bot{token}/{method}"
    try:
        async with (
            aiohttp.ClientSession(
                connector=connector(**options), timeout=aiohttp.ClientTimeout(total=PATIENCE)
            ) as session,
            # The token is in the address, which nobody else is to be told.
            session.get(url, allow_redirects=False) as response,
        ):
            body = await response.json(content_type=None)
            date = response.headers.get("Date")
    except passing as error:
        # Its text may quote the address.
        raise Unreachable(type(error).__name__) from None
    if not isinstance(body, dict) or "ok" not in body:
        raise Unreachable("no answer of a Bot API server")
    try:
        result = kind.model_validate(body.get("result")) if body["ok"] else None
    except ValidationError:
        raise Unreachable(f"no answer to {method}") from None
    return Answer(result, http_date(date))
