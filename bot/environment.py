"""Sources of settings: the environment, `.env`, and files that hold one secret each."""

import os
import re
import stat
from collections.abc import Collection, Iterator
from contextlib import suppress
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from dotenv import dotenv_values
from pydantic import model_validator
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from bot.errors import Remark, WrongSettings

# Windows' Notepad may begin a text with a mark.
ENCODING = "utf-8-sig"
ENV_FILE = Path(".env")
# Found from wherever cron or a shell starts the program.
BESIDE_MAIN = Path(__file__).resolve().parent.parent / ENV_FILE
# Names a file to read instead; no setting, since it says where settings are.
INSTEAD = "BOT_ENV_FILE"
# LANGUAGE is gettext's, and set on many desktops.
RENAMED = {"LANGUAGE": "BOT_LANGUAGE"}
# The least similarity of a misspelt name to a setting: DATABASE_PORT and DATABASE_PATH have 0.85.
SIMILARITY = 0.86
# Kubernetes and Docker set METRICS_PORT to this where a service is called "metrics".
SERVICE_LINK = re.compile(r"(tcp|udp|sctp)://\S+:\d+")
# Bytes; no secret is as long.
MAX_SECRET_FILE_BYTES = 4096


def env_file() -> Path | None:
    """Return the path of `.env`: in the current folder, or else beside `main.py`.

    BOT_ENV_FILE names another file instead. Returns None if there is no file. Raises WrongSettings
    if BOT_ENV_FILE leads to no file, or if the path is not a regular file.
    """
    instead = os.environ.get(INSTEAD)
    paths = (Path(instead).expanduser(),) if instead else (ENV_FILE, BESIDE_MAIN)
    found = [path for path in paths if path.exists()]
    if instead and not found:
        raise WrongSettings(
            Remark(
                f"{INSTEAD} names a file that does not exist",
                "give the path of a file, or unset it",
            )
        )
    if not found or found[0] == Path(os.devnull):
        return None
    if not found[0].is_file():
        raise WrongSettings(
            Remark(f"{found[0]} is not a file", "put the settings into a text file")
        )
    return found[0]


class Environment(EnvSettingsSource):
    """The environment as a source of settings, without the service links of Kubernetes and Docker.

    A service link is an address such as `tcp://10.0.0.1:80` in a variable that ends in `_PORT`.
    """

    def __call__(self) -> dict[str, Any]:
        found = super().__call__()
        return {name: value for name, value in found.items() if not _is_service_link(name, value)}


class EnvFile(DotEnvSettingsSource):
    """`.env` as a source of settings.

    Relative paths in it, and the default of DATABASE_PATH, are relative to the folder of the file.
    """

    def __call__(self) -> dict[str, Any]:
        found = super().__call__()
        if self.env_file is None:
            return found
        default = self.settings_cls.model_fields["database_path"].default
        folder = Path(str(self.env_file)).parent
        for name, text in ({"database_path": str(default)} | found).items():
            if name in self.settings_cls.model_fields and is_path(name):
                # A path that cannot be expanded is refused later.
                with suppress(ValueError):
                    found[name] = str(folder / expand(bare(text)))
        return found


class FromEnvironment(BaseSettings):
    """Base class of settings: what the environment, `.env` and files of secrets say, in this order.

    A value that is empty, or only spaces and quotes, counts as not given.
    """

    model_config = SettingsConfigDict(
        env_file_encoding=ENCODING,
        env_ignore_empty=True,
        extra="ignore",
        hide_input_in_errors=True,
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (
            init_settings,
            Environment(settings_cls),
            EnvFile(settings_cls, env_file()),
        )

    @model_validator(mode="before")
    @classmethod
    def _prepare(cls, values: dict[str, Any]) -> dict[str, Any]:
        stripped = {
            name: bare(value) if isinstance(value, str) else value for name, value in values.items()
        }
        given = {name: value for name, value in stripped.items() if value != ""}
        return read_secrets(given, cls.model_fields)


def is_path(name: str) -> bool:
    """Tell whether a setting is the path of a file or a folder, by the end of its name."""
    return name.endswith(("_path", "_dir", "_file"))


def bare(text: str) -> str:
    """Return a value without the spaces and quotes that a copy or `--env-file` leaves around it."""
    text = text.strip()
    if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'":
        text = text[1:-1].strip()
    return text


def expand(text: str) -> str:
    """Return a path with `~`, `$HOME` and other variables replaced.

    Raises ValueError for an unknown variable or user: nobody wants a folder called `$HOME`.
    """
    text = re.sub(r"^\$(HOME\b|\{HOME\})", "~", text)
    path = os.path.expanduser(os.path.expandvars(text))  # noqa: PTH111 - keeps what is unknown
    if path.startswith("~") or re.search(r"\$[\w{]", path):
        raise ValueError("unknown variable or user")
    return path


def read_secrets(values: dict[str, Any], names: Collection[str]) -> dict[str, Any]:
    """Return `values` with the secrets that settings called NAME_FILE point to, as NAME.

    `names` are those of all settings. Raises WrongSettings, with a remark for each, if NAME and
    NAME_FILE are both set, or if a file cannot be read, is longer than 4096 bytes, empty, or not
    UTF-8.
    """
    wrong = []
    for name in names:
        if not name.endswith("_file") or not values.get(name):
            continue
        secret = name.removesuffix("_file")
        if values.get(secret):
            both = f"{secret.upper()} and {name.upper()} are both set"
            wrong.append(Remark(both, "remove one of them"))
            continue
        try:
            values = values | {secret: _read_secret(Path(expand(str(values[name]))))}
        except (OSError, ValueError) as error:
            # The path is not shown: it may be the secret itself, by mistake.
            reason = error.strerror if isinstance(error, OSError) else error
            remedy = f"give the path of a text file that holds {secret.upper()} and nothing else"
            wrong.append(Remark(f"{name.upper()} cannot be used ({reason})", remedy))
    if wrong:
        raise WrongSettings(*wrong)
    return values


def _read_secret(path: Path) -> str:
    """Return the content of a file, without spaces and quotes around it.

    Raises OSError if it cannot be read, ValueError if it is not a short text in UTF-8.
    """
    # Checked before opening it: opening a FIFO waits until another program writes to it.
    if not stat.S_ISREG(path.stat().st_mode):
        raise ValueError("it is not a file")
    with path.open("rb") as file:
        content = file.read(MAX_SECRET_FILE_BYTES + 1)
    if len(content) > MAX_SECRET_FILE_BYTES:
        raise ValueError("it is too long")
    try:
        text = bare(content.decode(ENCODING))
    except UnicodeDecodeError:
        raise ValueError("it is not text in UTF-8") from None
    if not text:
        raise ValueError("it is empty")
    return text


# Names that other programs read: a desktop sets LANGUAGE, for gettext.
OF_OTHERS = frozenset({"LANGUAGE"})


def remarks(names: Collection[str]) -> Iterator[Remark]:
    """Yield a remark for each name in `.env` or the environment that looks like a mistake.

    That is a name that was renamed or is probably misspelt, and a port that Kubernetes or Docker
    set. `names` are those of the settings, in capitals. Raises WrongSettings if BOT_ENV_FILE leads
    to no file, or if `.env` is not a regular file.
    """
    file = env_file()
    in_file: Collection[str] = ()
    if file is not None:
        with suppress(OSError, UnicodeDecodeError):  # reported by `load`, which reads it
            in_file = dotenv_values(file, encoding=ENCODING).keys()
    for name in in_file:
        if (new := RENAMED.get(name.upper())) is not None:
            yield Remark(f"{name} in {file} is now called {new}", "rename it")
    for place, given in ((str(file), in_file), ("the environment", os.environ)):
        for name in given:
            close = get_close_matches(name.upper(), names, n=1, cutoff=SIMILARITY)
            if close and name.upper() not in {*names, *OF_OTHERS}:
                yield Remark(f"{name} in {place} is not a setting", f"did you mean {close[0]}?")
    for name, value in os.environ.items():
        if name.upper() in names and _is_service_link(name, value):
            yield Remark(
                f"{name} in the environment is an address set by Kubernetes or Docker, "
                "and is ignored",
                "set enableServiceLinks to false, or give a port",
            )


def _is_service_link(name: str, value: str) -> bool:
    return name.lower().endswith("_port") and bool(SERVICE_LINK.fullmatch(value))
