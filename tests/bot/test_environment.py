"""Settings are understood as people and their platforms give them, from wherever they start us."""

import os
import re
from collections.abc import Callable
from datetime import UTC, time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import environment
from bot.errors import WrongSettings
from bot.settings import DataSettings, Settings, load, remarks
from tests.support.settings import TOKEN, some_settings

KEY = "0123456789abcdef" * 4
# What gettext, desktops, shells, CI, systemd and container platforms set of themselves.
SET_BY_OTHERS = [
    "LANGUAGE",
    "LANG",
    "LC_ALL",
    "LC_MESSAGES",
    "TZ",
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "PATH",
    "PWD",
    "HOSTNAME",
    "HOST",
    "PORT",
    "TERM",
    "DISPLAY",
    "EDITOR",
    "PAGER",
    "MAIL",
    "TMPDIR",
    "DEBUG",
    "ENV",
    "VERSION",
    "CI",
    "BUILD_NUMBER",
    "BRANCH",
    "STATE_DIRECTORY",
    "CACHE_DIRECTORY",
    "LOGS_DIRECTORY",
    "CONFIGURATION_DIRECTORY",
    "RUNTIME_DIRECTORY",
    "CREDENTIALS_DIRECTORY",
    "INVOCATION_ID",
    "JOURNAL_STREAM",
    "NOTIFY_SOCKET",
    "LISTEN_FDS",
    "MAINPID",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "MPLBACKEND",
]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with a token in the environment, no `.env`, and no other setting of ours."""
    monkeypatch.chdir(tmp_path)
    for name in [*Settings.model_fields, "language", environment.INSTEAD]:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("BOT_TOKEN", TOKEN)
    return tmp_path


def complaint() -> str:
    with pytest.raises(WrongSettings) as caught:
        load(Settings)
    return str(caught.value)


def test_no_setting_has_a_name_that_others_set() -> None:
    assert not {name.upper() for name in Settings.model_fields} & set(SET_BY_OTHERS)


def test_the_variable_of_platforms_that_give_a_bot_a_database_is_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://somebody:secret@db:5432/bot")
    assert load(Settings).server_url == "postgres://somebody:secret@db:5432/bot"


def test_the_variable_of_gettext_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANGUAGE", "de:en")

    assert load(Settings).bot_language == "en"
    assert list(remarks()) == []


@pytest.mark.parametrize(
    ("name", "value", "understood"),
    [
        ("LOG_LEVEL", "info", "INFO"),
        ("LOG_LEVEL", "warn", "WARNING"),
        ("LOG_LEVEL", "Warning", "WARNING"),
        ("LOG_FORMAT", "JSON", "json"),
        ("BOT_LANGUAGE", "DE", "de"),
        ("DIGEST", "Daily", "daily"),
        ("CLEANUP_AT", "08:00+03:00", time(5, tzinfo=UTC)),
        ("CLEANUP_AT", "01:30+03:00", time(22, 30, tzinfo=UTC)),
        ("CLEANUP_AT", "08:00Z", time(8, tzinfo=UTC)),
        ("TIMEZONE", " 'Europe/Berlin' ", "Europe/Berlin"),
        ("CLEANUP_AT", "8:05", time(8, 5)),
        ("RETENTION_DAYS", ' "30" ', 30),
        ("BOT_TOKEN", f"'{TOKEN}'\n", TOKEN),
        ("OPERATOR_CONTACT", '"me"', "me"),
        ("BOT_API_URL", "https://localhost:8081/", "https://localhost:8081/"),
        ("BOT_API_URL", "https://localhost/bot", "https://localhost/"),
        ("BOT_API_URL", "https://localhost/api/bot/", "https://localhost/api"),
        ("BOT_API_URL", f"https://localhost/bot{TOKEN}/", "https://localhost/"),
        ("BOT_API_URL", "https://localhost/robot", "https://localhost/robot"),
        ("BOT_API_URL", "http://bot", "http://bot/"),
        ("WEBHOOK_URL", "https://пример.test/hook", "https://xn--e1afmkfd.test/hook"),
        ("WEBHOOK_URL", "https://localhost:8443/a{b}?c=d", "https://localhost:8443/a%7Bb%7D?c=d"),
        ("METRICS_PORT", "tcp://10.0.0.1:9100", None),
        ("WEBHOOK_PORT", "tcp://10.0.0.1:8080", 8080),
    ],
)
def test_what_people_and_platforms_write_is_understood(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, understood: object
) -> None:
    monkeypatch.setenv(name, value)
    monkeypatch.setenv("WEBHOOK_SECRET", "s" * 32)
    given = getattr(load(Settings), name.lower())
    shown = given.get_secret_value() if name == "BOT_TOKEN" else given

    assert (str(shown) if name.endswith("_URL") else shown) == understood


@given(at=st.times(), offset=st.integers(-839, 839))
def test_a_time_with_an_offset_is_the_same_moment_of_the_day_in_utc(at: time, offset: int) -> None:
    sign, minutes = "-" if offset < 0 else "+", abs(offset)
    text = f"{at:%H:%M}{sign}{minutes // 60:02}:{minutes % 60:02}"
    utc = some_settings(cleanup_at=text).cleanup_at

    assert (60 * utc.hour + utc.minute + offset - 60 * at.hour - at.minute) % 1440 == 0


@pytest.mark.parametrize("text", ["~/a", "$HOME/a", "${HOME}/a", "$PLACE/a", "'~/a'"])
def test_home_and_variables_in_paths_are_replaced(
    monkeypatch: pytest.MonkeyPatch, folder: Path, text: str
) -> None:
    monkeypatch.setenv("PLACE", str(folder / "home"))
    monkeypatch.setenv("DATABASE_PATH", text)
    monkeypatch.setenv("BACKUP_DIR", text)

    settings = load(DataSettings)

    assert (settings.database_path, settings.backup_dir) == (folder / "home" / "a",) * 2


@pytest.mark.parametrize("written", ["", "DATABASE_PATH=kept/a\nBACKUP_DIR=copies\n"])
def test_from_another_folder_the_same_files_are_meant(
    monkeypatch: pytest.MonkeyPatch, folder: Path, written: str
) -> None:
    beside = folder / "program" / ".env"
    beside.parent.mkdir()
    beside.write_text("\ufeffRETENTION_DAYS=10\n" + written, "utf-8")
    monkeypatch.setattr(environment, "BESIDE_MAIN", beside)
    monkeypatch.chdir(beside.parent)
    here = load(DataSettings)
    as_seen_here = here.database_path.absolute(), here.backup_dir and here.backup_dir.absolute()
    monkeypatch.chdir(folder)
    there = load(DataSettings)

    assert here.retention_days == there.retention_days == 10
    assert (there.database_path, there.backup_dir) == as_seen_here
    assert there.database_path.is_relative_to(beside.parent)
    # A path of the environment is of whoever types it.
    monkeypatch.setenv("DATABASE_PATH", "a")
    assert load(DataSettings).database_path == Path("a")


def test_the_file_of_the_current_folder_wins_and_another_one_can_be_named(
    monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    for name, days in (("beside", 10), (".env", 20), ("two.env", 30)):
        (folder / name).write_text(f"RETENTION_DAYS={days}\n")
    monkeypatch.setattr(environment, "BESIDE_MAIN", folder / "beside")

    assert load(DataSettings).retention_days == 20
    monkeypatch.setenv(environment.INSTEAD, "two.env")
    assert load(DataSettings).retention_days == 30
    monkeypatch.setenv(environment.INSTEAD, os.devnull)
    assert load(DataSettings).retention_days == 90
    monkeypatch.setenv(environment.INSTEAD, "gone.env")
    assert "BOT_ENV_FILE names a file that does not exist" in complaint()


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("RETENTION_DAY", "RETENTION_DAYS"),
        ("ADMIN_ID", "ADMIN_IDS"),
        ("retension_days", "RETENTION_DAYS"),
        ("LOGLEVEL", "LOG_LEVEL"),
        ("WEBHOOK_URI", "WEBHOOK_URL"),
        ("METRICS_PROT", "METRICS_PORT"),
    ],
)
def test_a_misspelt_name_is_warned_about_with_the_right_one(
    monkeypatch: pytest.MonkeyPatch, folder: Path, name: str, meant: str
) -> None:
    (folder / ".env").write_text(f"{name}=30\n")

    assert [*map(str, remarks())] == [f"{name} in .env is not a setting: did you mean {meant}?"]
    (folder / ".env").unlink()
    monkeypatch.setenv(name, "30")
    assert [*map(str, remarks())] == [
        f"{name} in the environment is not a setting: did you mean {meant}?"
    ]


def test_an_old_name_is_warned_about_with_the_new_one(folder: Path) -> None:
    (folder / ".env").write_text("LANGUAGE=de\n")

    assert list(remarks()) == [("LANGUAGE in .env is now called BOT_LANGUAGE", "rename it")]


@pytest.mark.parametrize(
    "name",
    [
        *SET_BY_OTHERS[1:],
        "OPENAI_API_KEY", "SENTRY_DSN", "REDIS_URL", "POSTGRES_PASSWORD", "COMPOSE_PROJECT_NAME",
        "DATABASE_PORT", "DATABASE_HOST", "DATABASE_NAME", "METRICS_SERVICE_HOST",
        "METRICS_SERVICE_PORT", "METRICS_PORT_9100_TCP", "METRICS_PORT_9100_TCP_ADDR",
        "WEBHOOK_PATH", "PYTHONUNBUFFERED",
    ],
)  # fmt: skip
def test_names_of_others_are_left_alone(folder: Path, name: str) -> None:
    (folder / ".env").write_text(f"{name}=30\n")

    assert list(remarks()) == []


def test_the_address_of_a_service_is_ignored_with_a_warning(
    monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    (folder / ".env").write_text("METRICS_PORT=9464\n")
    monkeypatch.setenv("METRICS_PORT", "tcp://10.0.0.1:9100")
    [remark] = remarks()

    assert load(Settings).metrics_port == 9464
    assert remark.problem.startswith("METRICS_PORT in the environment is an address")


SECRETS = {
    "BOT_TOKEN": TOKEN,
    "USER_ID_KEY": KEY,
    "DATABASE_KEY": KEY,
    "WEBHOOK_SECRET": "s" * 32,
}


@pytest.mark.parametrize("name", SECRETS)
@pytest.mark.parametrize("around", ["{}", "{}\n", "\ufeff{}\r\n", ' "{}" \n'])
def test_a_secret_is_read_from_the_file_that_is_named(
    monkeypatch: pytest.MonkeyPatch, folder: Path, name: str, around: str
) -> None:
    (folder / "home").mkdir()
    (folder / "home" / "secret").write_text(around.format(SECRETS[name]), "utf-8")
    monkeypatch.delenv("BOT_TOKEN")
    monkeypatch.setenv(f"{name}_FILE", "~/secret")
    if name != "BOT_TOKEN":
        monkeypatch.setenv("BOT_TOKEN", TOKEN)

    assert getattr(load(Settings), name.lower()).get_secret_value() == SECRETS[name]


def _missing(path: Path) -> None:
    pass


def _empty(path: Path) -> None:
    path.write_text(" \n")


def _binary(path: Path) -> None:
    path.write_bytes(b"\xff\xfe" + TOKEN.encode("utf-16-le"))


def _long(path: Path) -> None:
    path.write_text(TOKEN * 1000)


@pytest.mark.parametrize("name", SECRETS)
@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (_missing, "No such file or directory"),
        (_empty, "it is empty"),
        (Path.mkdir, "it is not a file"),
        (os.mkfifo, "it is not a file"),
        (_binary, "it is not text in UTF-8"),
        (_long, "it is too long"),
    ],
)
def test_a_file_without_a_secret_is_a_sentence(
    monkeypatch: pytest.MonkeyPatch,
    folder: Path,
    name: str,
    make: Callable[[Path], None],
    reason: str,
) -> None:
    make(folder / "secret")
    monkeypatch.delenv("BOT_TOKEN")
    monkeypatch.setenv(f"{name}_FILE", "secret")

    assert complaint() == (
        f"{name}_FILE cannot be used ({reason}): "
        f"give the path of a text file that holds {name} and nothing else"
    )


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_given_twice_is_refused(
    monkeypatch: pytest.MonkeyPatch, folder: Path, name: str
) -> None:
    (folder / "secret").write_text(SECRETS[name])
    monkeypatch.setenv(name, SECRETS[name])
    (folder / ".env").write_text(f"{name}_FILE=secret\n")

    assert complaint() == f"{name} and {name}_FILE are both set: remove one of them"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *((f"{name}_FILE", secret) for name, secret in SECRETS.items()),
        *((name, f"{secret} x") for name, secret in SECRETS.items()),
        ("BOT_API_URL", f"localhost/bot{TOKEN}"),
        ("BOT_API_URL", "ftp://me:sesame@localhost"),
        ("LOG_LEVEL", TOKEN),
    ],
)
def test_no_complaint_shows_a_secret(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    if name == "BOT_TOKEN_FILE":
        monkeypatch.delenv("BOT_TOKEN")
    monkeypatch.setenv(name, value)
    said = complaint()

    assert re.match(name, said)
    for secret in [*SECRETS.values(), "sesame"]:
        assert secret not in said
