"""The types of settings: they check what people write, and convert it."""

import re
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, AnyHttpUrl, BeforeValidator, SecretStr, ValidationInfo
from pydantic_settings import NoDecode

from analytics import (
    MAX_TELEGRAM_ID,
    SERVICE_ACCOUNTS,
    SOURCE_LOCALE,
    available_languages,
    check_timezone,
    nearest_timezones,
    parse_key,
)
from bot.environment import expand
from bot.logs import TOKEN

SECONDS_PER_DAY = 86_400
WEB_URL = re.compile(
    r"https://(?P<host>([a-z0-9-]+\.)+[a-z0-9-]+)(:(?P<port>\d{1,5}))?/?", re.ASCII | re.IGNORECASE
)
# Other names of levels.
LEVELS = {"WARN": "WARNING"}


def _ids(value: Any) -> Any:
    """Split a comma-separated text into Telegram IDs."""
    return [part for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def _codes(value: Any) -> Any:
    """Split a comma-separated text into codes of languages."""
    if not isinstance(value, str):
        return value
    return [part.strip().lower() for part in value.split(",") if part.strip()]


def _check_languages(languages: tuple[str, ...]) -> tuple[str, ...]:
    if not {*languages} <= {*available_languages()}:
        raise ValueError("no catalog")
    return languages


def _check_language(language: str, others: ValidationInfo) -> str:
    if language not in (SOURCE_LOCALE, *others.data.get("languages", [language])):
        raise ValueError("not among the languages of the bot")
    return language


def _check_people(ids: frozenset[int]) -> frozenset[int]:
    if any(not 1 <= number <= MAX_TELEGRAM_ID or number in SERVICE_ACCOUNTS for number in ids):
        raise ValueError("not a person's ID")
    return ids


def _check_owners(ids: frozenset[int], others: ValidationInfo) -> frozenset[int]:
    if not ids <= others.data.get("admin_ids", ids):
        raise ValueError("not an admin")
    return ids


def _check_token(token: SecretStr) -> SecretStr:
    if not TOKEN.fullmatch(token.get_secret_value()):
        raise ValueError("malformed")
    return token


def _check_pseudonym_key(pseudonym_key: SecretStr) -> SecretStr:
    parse_key(pseudonym_key.get_secret_value())
    return pseudonym_key


def _check_database_key(database_key: SecretStr) -> SecretStr:
    if not re.fullmatch(r"[0-9a-fA-F]{64}", database_key.get_secret_value()):
        raise ValueError("malformed")
    return database_key


def _check_secret(secret: SecretStr | None, others: ValidationInfo) -> SecretStr | None:
    if secret is None:
        if others.data.get("webhook_url"):
            raise ValueError("missing")
    elif not re.fullmatch(r"[\w-]{16,256}", secret.get_secret_value(), re.ASCII):
        raise ValueError("malformed")
    return secret


# Default ports of proxies, by scheme.
PROXY_PORTS = {"http": 80, "https": 443, "socks5": 1080, "socks5h": 1080}


def check_proxy(url: str) -> str:
    """Return the address of a proxy unchanged.

    Raises ValueError if it has no host, port 0, or a scheme that is not http, https, socks5 or
    socks5h.
    """
    parts = urlsplit(url)
    if parts.scheme not in PROXY_PORTS or not parts.hostname or parts.port == 0:
        raise ValueError("no proxy")
    return url


def _check_proxy(url: SecretStr) -> SecretStr:
    check_proxy(url.get_secret_value())
    return url


def _check_web_url(url: str | None, others: ValidationInfo) -> str | None:
    """Return an https address of a host, and maybe a port, without a slash at its end.

    Telegram accepts neither addresses of this machine nor hosts without a dot.
    """
    if url is None:
        return None
    found = WEB_URL.fullmatch(url)
    if not found or not re.search("[a-z]", found["host"], re.IGNORECASE):
        raise ValueError("no https address of a host alone")
    if not others.data.get("web_port"):
        raise ValueError("no page")
    port = int(found["port"] or 443)
    if not 1 <= port <= 65535:
        raise ValueError("no port")
    return f"https://{found['host'].lower()}" + (f":{port}" if port != 443 else "")


def _check_backup_dir(path: Path | None, others: ValidationInfo) -> Path | None:
    if path is not None and others.data.get("database_url"):
        raise WrongValue("none with DATABASE_URL: back up the server, as docs/scale.md says")
    return path


def _check_precision(seconds: int) -> int:
    # Days begin at a rounded timestamp, so that daily counts stay exact.
    if SECONDS_PER_DAY % seconds:
        raise ValueError("does not divide a day")
    return seconds


class WrongValue(ValueError):
    """Raised for a value that is wrong; `right` says what is probably meant."""

    def __init__(self, right: str) -> None:
        super().__init__(right)
        self.right = right


def _check_timezone(name: str) -> str:
    try:
        return check_timezone(name)
    except ValueError:
        near = " or ".join(nearest_timezones(name)) or "Europe/Berlin"
        raise WrongValue(f"an IANA time zone, such as {near}") from None


def _expand(value: Any) -> Any:
    return expand(value) if isinstance(value, str) else value


def _time(value: Any) -> Any:
    """Return the time of a text in ISO 8601; with an offset, in UTC.

    Left to pydantic, 3 would be 3 seconds.
    """
    if not isinstance(value, str):
        return value
    found = time.fromisoformat(value if value[1:2] != ":" else f"0{value}")
    if found.tzinfo is None:
        return found
    return datetime.combine(date(2000, 1, 2), found).astimezone(UTC).timetz()


def _level(value: Any) -> Any:
    return LEVELS.get(value.upper(), value.upper()) if isinstance(value, str) else value


def _lower(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def _server(value: Any) -> Any:
    """Return the address of a Bot API server without `/bot` and the token behind it."""
    if not isinstance(value, str):
        return value
    if re.search("[{}?#]", value):
        raise ValueError("not an address alone")
    return re.sub(rf"(?<![:/])/+bot({TOKEN.pattern})?/*$", "", value, flags=re.ASCII)


PersonIds = Annotated[
    frozenset[int], NoDecode, BeforeValidator(_ids), AfterValidator(_check_people)
]
OwnerIds = Annotated[PersonIds, AfterValidator(_check_owners)]
Languages = Annotated[
    tuple[str, ...], NoDecode, BeforeValidator(_codes), AfterValidator(_check_languages)
]
BotToken = Annotated[SecretStr, AfterValidator(_check_token)]
PseudonymKey = Annotated[SecretStr, AfterValidator(_check_pseudonym_key)]
DatabaseKey = Annotated[SecretStr, AfterValidator(_check_database_key)]
ProxyUrl = Annotated[SecretStr, AfterValidator(_check_proxy)]
WebhookSecret = Annotated[SecretStr | None, AfterValidator(_check_secret)]
WebUrl = Annotated[str | None, AfterValidator(_check_web_url)]
Precision = Annotated[int, AfterValidator(_check_precision)]
LocalPath = Annotated[Path, BeforeValidator(_expand)]
BackupFolder = Annotated[LocalPath | None, AfterValidator(_check_backup_dir)]
TimeZone = Annotated[str, AfterValidator(_check_timezone)]
TimeOfDay = Annotated[time, BeforeValidator(_time)]
ServerUrl = Annotated[AnyHttpUrl, BeforeValidator(_server)]
# Validators that run before a Literal, which is then read in any case of letters.
AnyCase = BeforeValidator(_lower)
Level = BeforeValidator(_level)
Language = Annotated[str, AnyCase, AfterValidator(_check_language)]
