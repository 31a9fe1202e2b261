"""Requests to Telegram without aiogram, which takes seconds to load."""

from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from pydantic import BaseModel, Field, RootModel, ValidationError

from analytics import http_date
from bot.settings import Settings

# Seconds.
REQUEST_TIMEOUT = 20.0


class Unreachable(Exception):
    """Raised if no Bot API server answers; the message is the kind of error."""


class Me(BaseModel):
    """The fields of a `getMe` result that are used."""

    username: str


class WebhookInfo(BaseModel):
    """The fields of a `getWebhookInfo` result that are used.

    `last_error_date` is in seconds since 1970, 0 for no error.
    """

    url: str = ""
    pending_update_count: int = 0
    last_error_date: int = Field(0, ge=0, le=2**35)
    last_error_message: str = ""


class Sender(BaseModel):
    id: int


class Message(BaseModel):
    """The fields of a message that are used."""

    sender: Sender | None = Field(None, alias="from")
    text: str = ""


class Update(BaseModel):
    message: Message | None = None


class Updates(RootModel[list[Update]]):
    """A `getUpdates` result."""

    @property
    def messages(self) -> list[Message]:
        return [update.message for update in self.root if update.message]


Result = TypeVar("Result", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Answer(Generic[Result]):
    result: Result | None  # None if refused
    date: datetime | None  # the server's clock


async def ask(settings: Settings, method: str, kind: type[Result]) -> Answer[Result]:
    """Call a method without parameters, and return its result, decoded as `kind`.

    Raises Unreachable if there is no answer within 20 seconds, or one that is not of that kind, and
    WrongSettings if the environment names a proxy whose address is not valid.
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
                connector=connector(**options), timeout=aiohttp.ClientTimeout(total=REQUEST_TIMEOUT)
            ) as session,
            # The token is in the address, which no other server is to learn.
            session.get(url, allow_redirects=False) as response,
        ):
            body = await response.json(content_type=None)
            date = response.headers.get("Date")
    except passing as error:
        # The error's text may quote the address.
        raise Unreachable(type(error).__name__) from None
    if not isinstance(body, dict) or "ok" not in body:
        raise Unreachable("no answer of a Bot API server")
    try:
        result = kind.model_validate(body.get("result")) if body["ok"] else None
    except ValidationError:
        raise Unreachable(f"no answer to {method}") from None
    return Answer(result, http_date(date))
