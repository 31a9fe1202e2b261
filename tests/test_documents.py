"""A fact that is written down twice is the same in both places."""

import re
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import SecretStr
from pydantic_core import PydanticUndefined
from typer.testing import CliRunner

from analytics import UserInteraction
from analytics.migrations import schema
from bot import texts
from bot.settings import Settings
from main import app
from tests.bot.settings import some_settings

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")
EXAMPLE = (ROOT / ".env.example").read_text("utf-8")


def shown(default: object) -> str:
    """A default as a person would write it into `.env`."""
    if default is None or default is PydanticUndefined or default == frozenset():
        return ""
    if isinstance(default, bool):
        return str(default).lower()
    if hasattr(default, "strftime"):
        return f"{default:%H:%M}"
    return str(default).rstrip("/")


SETTINGS = {name.upper(): shown(field.default) for name, field in Settings.model_fields.items()}


def test_the_example_names_every_setting_with_its_default() -> None:
    written = dict(re.findall(r"^#?([A-Z_]+)=(.*)$", EXAMPLE, re.MULTILINE))

    assert written == SETTINGS


def test_the_readme_names_every_setting_with_its_default() -> None:
    rows = dict(re.findall(r"^\| `([A-Z_]+)` \|(?: `([^`|]*)`)? \|", README, re.MULTILINE))

    assert rows == SETTINGS


def test_the_readme_names_every_command_of_the_bot() -> None:
    rows = dict(re.findall(r"^\| `/(\w+)` \| (.*?) \|$", README, re.MULTILINE))

    assert rows == texts.COMMANDS | {
        name: f"{purpose} (admins)" for name, purpose in texts.ADMIN_COMMANDS.items()
    }


def test_the_readme_names_every_command_of_the_command_line() -> None:
    names = {command.callback.__name__ for command in app.registered_commands if command.callback}

    assert set(re.findall(r"^\| `python main\.py (\w+)", README, re.MULTILINE)) == names


@pytest.mark.parametrize("command", ["", "stats", "cleanup", "demo"])
def test_every_command_explains_itself_with_an_example(command: str) -> None:
    result = CliRunner().invoke(app, [*command.split(), "--help"])

    assert result.exit_code == 0
    assert f"python main.py {command}".strip() in " ".join(result.output.split())


def test_readme_and_privacy_name_every_field_that_is_stored() -> None:
    with closing(sqlite3.connect(":memory:")) as database:
        for statement in schema():
            database.execute(statement)
        columns = [row[1] for row in database.execute("PRAGMA table_info(user_interactions)")]
    privacy = texts.privacy(some_settings(), datetime.now(UTC))

    assert columns == ["user_id", "interaction_type", "timestamp", "count"]
    for field in UserInteraction.__dataclass_fields__:
        assert f"<b>{field}</b>" in privacy
        assert field in README


def test_secrets_do_not_show_in_a_repr() -> None:
    settings = some_settings(user_id_key="ab" * 32, admin_ids="6000000001")

    assert isinstance(settings.bot_token, SecretStr)
    assert settings.bot_token.get_secret_value() not in repr(settings)
    assert "abab" not in repr(settings)


def test_the_readme_fits_on_a_few_screens() -> None:
    assert len(README.splitlines()) <= 120
