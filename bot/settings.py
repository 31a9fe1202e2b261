"""Every setting, validated, with its default."""

import re
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager
from datetime import time, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, AnyHttpUrl, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings

from analytics import (
    DEFAULT_RETENTION_DAYS,
    DEFAULT_TIMESTAMP_PRECISION,
    DEFAULT_TIMEZONE,
    DEFAULT_TRENDS_MIN_USERS,
    MAX_RETENTION_DAYS,
    MIN_RETENTION_DAYS,
    SOURCE_LOCALE,
    Access,
    AnalyticsService,
    available_languages,
    parse_key,
    real_path,
)
from bot import environment
from bot.errors import Remark, WrongSettings
from bot.logs import TOKEN
from bot.setting_types import (
    SECONDS_PER_DAY,
    AnyCase,
    BackupFolder,
    BotToken,
    DatabaseKey,
    Language,
    Languages,
    Level,
    LocalPath,
    OwnerIds,
    PersonIds,
    Precision,
    ProxyUrl,
    PseudonymKey,
    ServerUrl,
    TimeOfDay,
    TimeZone,
    WebhookSecret,
    WebUrl,
)

# The languages that this bot ships: the tests hold that their translations are complete.
DEFAULT_LANGUAGES = ("en", "de", "es", "ru", "uk")
MINUTES_PER_DAY = 1_440
HOURS_PER_YEAR = 8_760

IDS = "Telegram IDs of people, whole numbers separated by commas"
SECRET_FILE = "the path of a file that holds it"
# Settings whose values no error shows: they are secrets, or they name people.
PRIVATE = {
    "bot_token",
    "user_id_key",
    "database_key",
    "database_url",
    "webhook_secret",
    "proxy",
    "admin_ids",
    "owner_ids",
}
# A token, or a user and password, within an address.
SECRET_PART = re.compile(rf"{TOKEN.pattern}|(?<=//)[^/@]*(?=@)", re.ASCII)


class DataSettings(environment.FromEnvironment):
    """Settings of the commands that only work on the data.

    Each description says what a right value is: it ends the sentence about a wrong one.
    """

    database_path: Annotated[LocalPath, AfterValidator(real_path)] = Field(
        Path("data/analytics.sqlite3"), validate_default=True, description="the path of a file"
    )
    database_url: SecretStr | None = Field(
        None,
        description="the address of a PostgreSQL database, such as "
        "postgresql://user:password@host:5432/database, or nothing for a file",
    )
    database_url_file: LocalPath | None = Field(None, description=SECRET_FILE)
    retention_days: int = Field(
        DEFAULT_RETENTION_DAYS,
        ge=MIN_RETENTION_DAYS,
        le=MAX_RETENTION_DAYS,
        description=f"a whole number of days from {MIN_RETENTION_DAYS} to {MAX_RETENTION_DAYS}",
    )
    user_id_key: PseudonymKey | None = Field(
        None, description="64 or 128 hexadecimal digits, or nothing for a key file"
    )
    user_id_key_file: LocalPath | None = Field(None, description=SECRET_FILE)
    database_key: DatabaseKey | None = Field(
        None, description="64 hexadecimal digits, or nothing for a file that is not encrypted"
    )
    database_key_file: LocalPath | None = Field(None, description=SECRET_FILE)
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
    backup_dir: BackupFolder = Field(
        None, description="the path of a folder, or nothing for no backups"
    )

    @property
    def pseudonym_key(self) -> bytes | None:
        return parse_key(self.user_id_key.get_secret_value()) if self.user_id_key else None

    @property
    def database_key_bytes(self) -> bytes | None:
        key = self.database_key
        return bytes.fromhex(key.get_secret_value()) if key else None

    @property
    def server_url(self) -> str | None:
        """The address of the PostgreSQL database, None if it is a file."""
        return self.database_url.get_secret_value() if self.database_url else None

    @property
    def limits_reports(self) -> bool:
        """Tell whether reports are to reveal less than a live count would."""
        return self.breakdown_min_users > 1 or self.report_interval > 0

    @property
    def opening(self) -> dict[str, Any]:
        """Options of `AnalyticsService.open` that follow from these settings."""
        return {
            "database_url": self.server_url,
            "pseudonym_key": self.pseudonym_key,
            "database_key": self.database_key_bytes,
            "pseudonymise": self.pseudonymise_user_ids,
            "retention_days": self.retention_days,
            "report_interval": timedelta(minutes=self.report_interval),
            "breakdown_min_users": self.breakdown_min_users,
            "keep_trends": self.keep_trends,
            "trends_min_users": self.trends_min_users,
        }

    def open(self, access: Access, **more: Any) -> AbstractAsyncContextManager[AnalyticsService]:
        """Open the analytics with these settings, as an async context manager.

        `more` is passed on to `AnalyticsService.open`.
        """
        return AnalyticsService.open(self.database_path, access=access, **self.opening | more)


class AdminSettings(DataSettings):
    """Settings of the commands that also need to know the admins."""

    admin_ids: PersonIds = Field(frozenset(), description=IDS)


class Settings(AdminSettings):
    """All settings of the bot."""

    bot_token: BotToken = Field(description="the token that @BotFather gave you")
    bot_token_file: LocalPath | None = Field(None, description=SECRET_FILE)
    owner_ids: OwnerIds = Field(
        frozenset(), description=f"{IDS}, of people who are in ADMIN_IDS, too"
    )
    count_admins: bool = Field(True, description="true or false")
    languages: Languages = Field(
        DEFAULT_LANGUAGES,
        description="codes of languages that have a catalog, separated by commas: "
        + ", ".join(available_languages()),
    )
    bot_language: Language = Field(SOURCE_LOCALE, description="en, or another one of LANGUAGES")
    chart_theme: Annotated[Literal["light", "dark"], AnyCase] = Field(
        "light", description="light or dark"
    )
    operator_contact: str = Field(
        "", max_length=200, description="a name and an address, in up to 200 characters"
    )
    count_languages: bool = Field(False, description="true or false")
    erase_when_blocked: bool = Field(False, description="true or false")
    timestamp_precision: Precision = Field(
        DEFAULT_TIMESTAMP_PRECISION,
        ge=1,
        le=SECONDS_PER_DAY,
        description="a number of seconds that divides a day, such as 3600, 60 or 1",
    )
    timezone: TimeZone = Field(
        DEFAULT_TIMEZONE, description="an IANA time zone, such as Europe/Berlin"
    )
    cleanup_at: TimeOfDay = Field(time(3), description="a time of day, such as 03:00")
    digest: Annotated[Literal["weekly", "daily", "off"], AnyCase] = Field(
        "weekly", description="weekly, daily or off"
    )
    digest_at: TimeOfDay = Field(time(8), description="a time of day, such as 08:00")
    silence_alert_hours: int = Field(
        48,
        ge=0,
        le=HOURS_PER_YEAR,
        description="a number of hours from 0 to 8760; 0 for no such alert",
    )
    backup_at: TimeOfDay = Field(time(3, 30), description="a time of day, such as 03:30")
    backup_keep: int = Field(7, ge=1, le=366, description="a number of backups from 1 to 366")
    reminder_max_minutes: int = Field(
        1_440, ge=1, le=10_080, description="a number of minutes from 1 to 10080"
    )
    bot_api_url: ServerUrl = Field(
        AnyHttpUrl("https://api.telegram.org"), description="the address of a Bot API server"
    )
    proxy: ProxyUrl | None = Field(
        None,
        description="http://, https://, socks5:// or socks5h://, with host and port, "
        "user and password if it needs them",
    )
    webhook_url: AnyHttpUrl | None = Field(
        None, description="the https address that Telegram sends updates to, or nothing for polling"
    )
    webhook_secret: WebhookSecret = Field(
        None,
        validate_default=True,
        description="16 to 256 letters, digits, _ and -; it is required with WEBHOOK_URL",
    )
    webhook_secret_file: LocalPath | None = Field(None, description=SECRET_FILE)
    webhook_host: str = Field("127.0.0.1", description="an address of this machine")
    webhook_port: int = Field(8080, ge=1, le=65535, description="a port from 1 to 65535")
    log_level: Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR"], Level] = Field(
        "INFO", description="DEBUG, INFO, WARNING or ERROR"
    )
    log_format: Annotated[Literal["text", "json"], AnyCase] = Field(
        "text", description="text or json"
    )
    development: bool = Field(False, description="true or false")
    metrics_host: str = Field("127.0.0.1", description="an address of this machine")
    metrics_port: int | None = Field(
        None, ge=1, le=65535, description="a port from 1 to 65535, or nothing for no metrics"
    )
    web_host: str = Field("127.0.0.1", description="an address of this machine")
    web_port: int | None = Field(
        None, ge=1, le=65535, description="a port from 1 to 65535, or nothing for no admin page"
    )
    web_url: WebUrl = Field(
        None,
        description="the https address of the admin page without a path, such as "
        "https://bot.example.org, and WEB_PORT, too; or nothing",
    )

    @property
    def owners(self) -> frozenset[int]:
        """Telegram IDs of admins who may also delete, and see the audit log: all, unless set."""
        return self.owner_ids or self.admin_ids

    @property
    def attaching(self) -> dict[str, Any]:
        """Options of `analytics.telegram.attach` that follow from these settings."""
        return self.opening | {
            "path": self.database_path,
            "timestamp_precision": self.timestamp_precision,
            "timezone": self.timezone,
            "admin_ids": self.admin_ids,
            "owner_ids": self.owners,
            "uncounted_ids": frozenset() if self.count_admins else self.admin_ids,
            "operator_contact": self.operator_contact,
            "count_languages": self.count_languages,
            "erase_when_blocked": self.erase_when_blocked,
            "digest": self.digest,
            "digest_at": self.digest_at,
            "silence_alert_hours": self.silence_alert_hours,
            "cleanup_at": self.cleanup_at,
            "backup_dir": self.backup_dir,
            "backup_keep": self.backup_keep,
            "backup_at": self.backup_at,
            "chart_theme": self.chart_theme,
            "language": self.bot_language,
        }

    def is_webhook(self, url: str) -> bool:
        """Tell whether an address is WEBHOOK_URL, with or without a slash at the end."""
        return url.rstrip("/") == str(self.webhook_url).rstrip("/")


def refuse_server(settings: DataSettings, command: str, instead: str) -> None:
    """Raise WrongSettings for a command on files if the database is on a server.

    `instead` says what takes its place.
    """
    if settings.database_url:
        raise WrongSettings(Remark(f"{command} works on a file, and DATABASE_URL is set", instead))


SomeSettings = TypeVar("SomeSettings", bound=DataSettings)


def load(kind: type[SomeSettings], **given: Any) -> SomeSettings:
    """Load settings of a `kind`: as `given`, or else from the environment and `.env`.

    Raises WrongSettings, with a remark for each setting that is missing or wrong, or if `.env`
    cannot be read.
    """
    try:
        return kind(**given)
    except ValidationError as error:
        wrong = [_remark(kind, details) for details in error.errors(include_url=False)]
        raise WrongSettings(*dict.fromkeys(wrong)) from None
    except (OSError, UnicodeDecodeError):
        raise WrongSettings(
            Remark("the .env file cannot be read", "it has to be a text file in UTF-8")
        ) from None


def remarks() -> Iterator[Remark]:
    """Yield a remark for each name in `.env` or the environment that looks like a mistake.

    Raises WrongSettings if BOT_ENV_FILE leads to no file, or if `.env` is not a regular file.
    """
    yield from environment.remarks([name.upper() for name in Settings.model_fields])


def _remark(kind: type[BaseSettings], error: Any) -> Remark:
    """Return the remark of one of pydantic's errors, without secrets and Telegram IDs.

    `error` holds the input, which is that of all settings if one is missing.
    """
    name = str(error["loc"][0])
    # The error may know better than the description.
    right = getattr(error.get("ctx", {}).get("error"), "right", kind.model_fields[name].description)
    if error["type"] == "missing":
        remedy = f"give {right}, in .env or the environment"
        if name == "bot_token":
            remedy = "python main.py init asks for it; python main.py demo needs none"
        return Remark(f"{name.upper()} is missing", remedy)
    wrong = "invalid" if name in PRIVATE else f'"{SECRET_PART.sub("***", str(error["input"]))}"'
    return Remark(f"{name.upper()} is {wrong}", f"give {right}")
