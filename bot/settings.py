"""Every setting, validated, with its default."""

import re
from contextlib import AbstractAsyncContextManager
from datetime import time, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    AfterValidator,
    AnyHttpUrl,
    BeforeValidator,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from analytics import Access, AnalyticsService
from analytics.interactions import LARGEST_USER_ID, SERVICE_ACCOUNTS
from analytics.pseudonyms import parse_key
from analytics.retention import (
    DEFAULT_RETENTION_DAYS,
    LONGEST_RETENTION_DAYS,
    SHORTEST_RETENTION_DAYS,
)
from analytics.service import DEFAULT_TIMESTAMP_PRECISION
from analytics.trends import DEFAULT_TRENDS_MIN_USERS

SECONDS_PER_DAY = 86_400
MINUTES_PER_DAY = 1_440
HOURS_PER_YEAR = 8_760
ENV_FILE = ".env"


class WrongSettings(Exception):
    """One line for each wrong setting: its name, what is wrong, what to do."""


def _ids(value: Any) -> Any:
    """Telegram IDs from a comma-separated text."""
    return [part for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def _check_people(ids: frozenset[int]) -> frozenset[int]:
    if any(not 1 <= number <= LARGEST_USER_ID or number in SERVICE_ACCOUNTS for number in ids):
        raise ValueError("not a person's ID")
    return ids


def _check_owners(ids: frozenset[int], others: ValidationInfo) -> frozenset[int]:
    if not ids <= others.data.get("admin_ids", ids):
        raise ValueError("not an admin")
    return ids


def _check_token(token: SecretStr) -> SecretStr:
    if not re.fullmatch(r"\d{3,20}:[\w-]{30,64}", token.get_secret_value(), re.ASCII):
        raise ValueError("malformed")
    return token


def _check_key(key: SecretStr) -> SecretStr:
    parse_key(key.get_secret_value())
    return key


def _check_database_key(key: SecretStr) -> SecretStr:
    if not re.fullmatch(r"[0-9a-fA-F]{64}", key.get_secret_value()):
        raise ValueError("malformed")
    return key


def _check_secret(secret: SecretStr | None, others: ValidationInfo) -> SecretStr | None:
    if secret is None:
        if others.data.get("webhook_url"):
            raise ValueError("missing")
    elif not re.fullmatch(r"[\w-]{16,256}", secret.get_secret_value(), re.ASCII):
        raise ValueError("malformed")
    return secret


def _check_precision(seconds: int) -> int:
    # Days begin at a rounded timestamp, so that daily counts stay exact.
    if SECONDS_PER_DAY % seconds:
        raise ValueError("does not divide a day")
    return seconds


PeopleIds = Annotated[
    frozenset[int], NoDecode, BeforeValidator(_ids), AfterValidator(_check_people)
]
IDS = "Telegram IDs of people, whole numbers separated by commas"
# Never shown in an error: they are secrets, or they name people.
PRIVATE = {
    "bot_token",
    "user_id_key",
    "database_key",
    "webhook_secret",
    "admin_ids",
    "owner_ids",
}


class DataSettings(BaseSettings):
    """What the commands need that only work on the data.

    Each description says what a right value is: the end of the sentence a wrong one gets.
    """

    model_config = SettingsConfigDict(
        env_file=ENV_FILE, env_ignore_empty=True, extra="ignore", hide_input_in_errors=True
    )

    database_path: Path = Field(Path("data/analytics.sqlite3"), description="the path of a file")
    retention_days: int = Field(
        DEFAULT_RETENTION_DAYS,
        ge=SHORTEST_RETENTION_DAYS,
        le=LONGEST_RETENTION_DAYS,
        description="a whole number of days "
        f"from {SHORTEST_RETENTION_DAYS} to {LONGEST_RETENTION_DAYS}",
    )
    user_id_key: Annotated[SecretStr, AfterValidator(_check_key)] | None = Field(
        None, description="64 or 128 hexadecimal digits, or nothing for a key file"
    )
    database_key: Annotated[SecretStr, AfterValidator(_check_database_key)] | None = Field(
        None, description="64 hexadecimal digits, or nothing for a file that is not encrypted"
    )
    pseudonymise_user_ids: bool = Field(True, description="true or false")
    report_interval: int = Field(
        0,
        ge=0,
        le=MINUTES_PER_DAY,
        description="a number of minutes from 0 to 1440, such as 60; 0 for live reports",
    )
    breakdown_min_users: int = Field(
        1,
        ge=1,
        le=1000,
        description="a number of people from 1 to 1000; 1 for no limit",
    )
    keep_trends: bool = Field(True, description="true or false")
    trends_min_users: int = Field(
        DEFAULT_TRENDS_MIN_USERS,
        ge=1,
        le=1000,
        description="a number of people from 1 to 1000",
    )
    backup_dir: Path | None = Field(
        None, description="the path of a folder, or nothing for no backups"
    )

    @property
    def key(self) -> bytes | None:
        return parse_key(self.user_id_key.get_secret_value()) if self.user_id_key else None

    @property
    def file_key(self) -> bytes | None:
        key = self.database_key
        return bytes.fromhex(key.get_secret_value()) if key else None

    def open(self, access: Access, **more: Any) -> AbstractAsyncContextManager[AnalyticsService]:
        """The analytics with these settings; `more` goes to `AnalyticsService.open`."""
        return AnalyticsService.open(
            self.database_path,
            access=access,
            key=self.key,
            database_key=self.file_key,
            pseudonymise=self.pseudonymise_user_ids,
            retention_days=self.retention_days,
            report_interval=timedelta(minutes=self.report_interval),
            breakdown_min_users=self.breakdown_min_users,
            keep_trends=self.keep_trends,
            trends_min_users=self.trends_min_users,
            **more,
        )


class Settings(DataSettings):
    """What the bot needs."""

    bot_token: Annotated[SecretStr, AfterValidator(_check_token)] = Field(
        description="the token that @BotFather gave you"
    )
    admin_ids: PeopleIds = Field(frozenset(), description=IDS)
    owner_ids: Annotated[PeopleIds, AfterValidator(_check_owners)] = Field(
        frozenset(), description=f"{IDS}, of people who are in ADMIN_IDS, too"
    )
    language: Literal["en", "ru", "uk", "de", "es"] = Field(
        "en", description="en, ru, uk, de or es"
    )
    operator_contact: str = Field(
        "", max_length=200, description="a name and an address, in up to 200 characters"
    )
    erase_when_blocked: bool = Field(False, description="true or false")
    timestamp_precision: Annotated[int, AfterValidator(_check_precision)] = Field(
        DEFAULT_TIMESTAMP_PRECISION,
        ge=1,
        le=SECONDS_PER_DAY,
        description="a number of seconds that divides a day, such as 3600, 60 or 1",
    )
    cleanup_at: time = Field(time(3), description="a time of day in UTC, such as 03:00")
    digest: Literal["weekly", "daily", "off"] = Field("weekly", description="weekly, daily or off")
    digest_at: time = Field(time(8), description="a time of day in UTC, such as 08:00")
    silence_alert_hours: int = Field(
        48,
        ge=0,
        le=HOURS_PER_YEAR,
        description="a number of hours from 0 to 8760; 0 for no such alert",
    )
    backup_at: time = Field(time(3, 30), description="a time of day in UTC, such as 03:30")
    backup_keep: int = Field(7, ge=1, le=366, description="a number of backups from 1 to 366")
    bot_api_url: AnyHttpUrl = Field(
        AnyHttpUrl("https://api.telegram.org"), description="the address of a Bot API server"
    )
    webhook_url: AnyHttpUrl | None = Field(
        None, description="the https address that Telegram sends updates to, or nothing for polling"
    )
    webhook_secret: Annotated[SecretStr | None, AfterValidator(_check_secret)] = Field(
        None,
        validate_default=True,
        description="16 to 256 letters, digits, _ and -; it is required with WEBHOOK_URL",
    )
    webhook_host: str = Field("127.0.0.1", description="an address of this machine")
    webhook_port: int = Field(8080, ge=1, le=65535, description="a port from 1 to 65535")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="DEBUG, INFO, WARNING or ERROR"
    )
    log_format: Literal["text", "json"] = Field("text", description="text or json")
    metrics_host: str = Field("127.0.0.1", description="an address of this machine")
    metrics_port: int | None = Field(
        None, ge=1, le=65535, description="a port from 1 to 65535, or nothing for no metrics"
    )

    @property
    def owners(self) -> frozenset[int]:
        """Admins who may also delete, and see who looked at what."""
        return self.owner_ids or self.admin_ids


SomeSettings = TypeVar("SomeSettings", bound=DataSettings)


def load(kind: type[SomeSettings], **given: Any) -> SomeSettings:
    """The settings as given, or from the environment and `.env`. Raises WrongSettings."""
    if (env := Path(ENV_FILE)).exists() and not env.is_file():
        raise WrongSettings(f"{env} is not a file: put the settings into a text file")
    try:
        return kind(**given)
    except ValidationError as error:
        lines = [_sentence(kind, details) for details in error.errors(include_url=False)]
        raise WrongSettings("\n".join(dict.fromkeys(lines))) from None
    except (OSError, UnicodeDecodeError):
        raise WrongSettings(".env cannot be read: it has to be a text file in UTF-8") from None


def missing(kind: type[DataSettings], name: str) -> WrongSettings:
    """For a command that needs a setting which others do without."""
    return WrongSettings(_sentence(kind, {"loc": [name], "type": "missing"}))


def _sentence(kind: type[BaseSettings], error: Any) -> str:
    """`error` holds the input, for a missing setting all of them: shown is what is harmless."""
    name = str(error["loc"][0])
    right = kind.model_fields[name].description
    if error["type"] == "missing":
        return f"{name.upper()} is missing: give {right}, in .env or in the environment"
    wrong = "not right" if name in PRIVATE else f'"{error["input"]}"'
    return f"{name.upper()} is {wrong}: give {right}"
