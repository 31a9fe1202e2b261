"""A wrong setting gets one sentence: its name, what is wrong, what to do; never a secret."""

from datetime import time
from pathlib import Path

import pytest

from bot.errors import WrongSettings
from bot.settings import DataSettings, Settings, load
from tests.support.settings import TOKEN


@pytest.fixture(autouse=True)
def empty_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No `.env`, and nothing of ours in the environment."""
    monkeypatch.chdir(tmp_path)
    for name in [*Settings.model_fields, "bot_env_file"]:
        monkeypatch.delenv(name.upper(), raising=False)


def complaint(monkeypatch: pytest.MonkeyPatch, **environment: str) -> str:
    for name, value in ({"BOT_TOKEN": TOKEN} | environment).items():
        monkeypatch.setenv(name, value)
    with pytest.raises(WrongSettings) as caught:
        load(Settings)
    return str(caught.value)


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        (
            "RETENTION_DAYS",
            "ninety",
            'RETENTION_DAYS is "ninety": give a whole number of days from 1 to 3650',
        ),
        ("RETENTION_DAYS", "0", "from 1 to 3650"),
        ("RETENTION_DAYS", "3651", "from 1 to 3650"),
        ("TIMESTAMP_PRECISION", "7000", "divides a day"),
        ("TIMEZONE", "Berlin", "give an IANA time zone, such as Europe/Berlin"),
        ("TIMEZONE", "europe/berlin", "give an IANA time zone, such as Europe/Berlin"),
        ("TIMEZONE", "CET+1", "give an IANA time zone, such as "),
        ("CLEANUP_AT", "3", "give a time of day, such as 03:00"),
        ("CLEANUP_AT", "08:00+99:00", "give a time of day, such as 03:00"),
        ("DATABASE_PATH", "$NOBODY_SET_THIS/a", "the path of a file"),
        ("BACKUP_DIR", "~nobody-of-this-name/a", "the path of a folder"),
        ("METRICS_PORT", "9464/tcp", "a port from 1 to 65535"),
        ("WEB_PORT", "0", "a port from 1 to 65535"),
        ("WEB_URL", "http://bot.example.org", "the https address of the admin page"),
        ("WEB_URL", "https://bot.example.org/page", "without a path"),
        ("WEB_URL", "https://localhost", "such as https://bot.example.org"),
        ("WEB_URL", "https://127.0.0.1:8090", "such as https://bot.example.org"),
        ("WEB_URL", "https://bot.example.org:70000", "such as https://bot.example.org"),
        ("WEB_URL", "https://bot.example.org?a", "without a path"),
        ("WEB_URL", "https://bot.example.org", "and WEB_PORT, too"),
        ("BOT_API_URL", "https://localhost/bot{token}/{method}", "the address of a Bot API server"),
        ("CLEANUP_AT", "25:00", 'CLEANUP_AT is "25:00": give a time of day, such as 03:00'),
        ("PSEUDONYMISE_USER_IDS", "perhaps", "give true or false"),
        ("BOT_API_URL", "telegram", "the address of a Bot API server"),
        ("LOG_LEVEL", "LOUD", "give DEBUG, INFO, WARNING or ERROR"),
    ],
)
def test_a_wrong_value_is_named_with_what_is_right(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, sentence: str
) -> None:
    line = complaint(monkeypatch, **{name: value})

    assert line.startswith(f'{name} is "{value}": give ')
    assert sentence in line
    assert "\n" not in line


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BOT_TOKEN", "12345:secret"),
        ("USER_ID_KEY", "0123456789abcdef"),
        ("DATABASE_KEY", "a long sentence that nobody guesses, of 64 characters and a few"),
        ("DATABASE_KEY", "ab" * 64),
        ("ADMIN_IDS", "6000000001,abc"),
        ("ADMIN_IDS", "1087968824"),
        ("ADMIN_IDS", "-6000000001"),
    ],
)
def test_a_wrong_secret_or_person_is_not_repeated(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    line = complaint(monkeypatch, **{name: value})

    assert line.startswith(f"{name} is invalid: give ")
    assert not [part for part in value.split(",") if part in line]


def test_another_missing_setting_does_not_give_a_secret_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lines = complaint(monkeypatch, BOT_TOKEN="", USER_ID_KEY="ab" * 32, RETENTION_DAYS="0")

    assert "BOT_TOKEN is missing" in lines
    assert "abab" not in lines


def test_the_environment_wins_over_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_text("RETENTION_DAYS=10\nDATABASE_PATH=of-the-file\n")
    monkeypatch.setenv("RETENTION_DAYS", "20")

    settings = load(DataSettings)

    assert settings.retention_days == 20
    assert settings.database_path == Path("of-the-file")


def test_lists_and_times_are_read_as_people_write_them(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "BOT_TOKEN": TOKEN,
        "ADMIN_IDS": " 6000000001, 6000000002,",
        "CLEANUP_AT": "04:30",
    }.items():
        monkeypatch.setenv(name, value)

    settings = load(Settings)

    assert settings.admin_ids == {6000000001, 6000000002}
    assert settings.cleanup_at == time(4, 30)


def test_a_file_that_is_no_text_gets_a_sentence() -> None:
    Path(".env").write_bytes(b"BOT_TOKEN=\xff\xfe\n")

    with pytest.raises(WrongSettings, match="UTF-8"):
        load(Settings)


@pytest.mark.parametrize("url", ["https://Bot.example.org/", "https://bot.example.org:443"])
def test_the_address_of_the_admin_page_has_one_form(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    for name, value in {"BOT_TOKEN": TOKEN, "WEB_PORT": "8090", "WEB_URL": url}.items():
        monkeypatch.setenv(name, value)

    assert load(Settings).web_url == "https://bot.example.org"
