"""A fact that is written down twice is the same in both places."""

import re
import sqlite3
from contextlib import closing
from datetime import UTC, date, datetime
from hashlib import sha256

import pytest
from pydantic import SecretStr
from pydantic_core import PydanticUndefined

from analytics import telegram
from analytics.sqlite.migrations import schema
from analytics.telegram import i18n
from analytics.telegram.command_table import Audience
from analytics.telegram.texts import privacy
from bot import texts
from bot.settings import Settings
from tests.faults.__main__ import catalogue
from tests.support import ROOT
from tests.support.command_line import COMMANDS, invoke
from tests.support.settings import some_options, some_settings

README = (ROOT / "README.md").read_text("utf-8")
PRIVACY = (ROOT / "PRIVACY.md").read_text("utf-8")
# What few people need is on a page named by its task.
PAGES = "\n".join(page.read_text("utf-8") for page in sorted((ROOT / "docs").glob("*.md")))
DOCUMENTS = "\n".join([README, PRIVACY, PAGES])
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
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


def test_the_documents_name_every_setting_once_with_its_default() -> None:
    rows = re.findall(r"^\| `([A-Z_]+)` \|(?: `([^`|]*)`)? \|", DOCUMENTS, re.MULTILINE)

    assert sorted(rows) == sorted(SETTINGS.items())


def test_the_readme_names_every_command_of_the_bot() -> None:
    rows = dict(re.findall(r"^\| `/(\w+)` \| (.*?) \|$", README, re.MULTILINE))

    assert rows == {
        name: purpose if audience is Audience.EVERYONE else f"{purpose} ({audience.name.lower()})"
        for name, purpose, audience in texts.COMMANDS
    }


def test_the_documents_name_every_command_of_the_command_line_once() -> None:
    rows = re.findall(r"^\| `python main\.py ([\w-]+)", DOCUMENTS, re.MULTILINE)

    assert sorted(rows) == sorted(COMMANDS)


def test_the_readme_leads_to_every_page() -> None:
    pages = {f"docs/{page.name}" for page in (ROOT / "docs").glob("*.md")}

    assert set(re.findall(r"\]\((docs/[\w-]+\.md)\)", README)) == pages


@pytest.mark.parametrize("command", ["", *sorted(COMMANDS)])
def test_every_command_explains_itself_with_an_example(command: str) -> None:
    result = invoke(*command.split(), "--help")

    assert result.exit_code == 0
    assert f"python main.py {command}".strip() in " ".join(result.output.split())


def test_contributing_names_only_paths_that_exist() -> None:
    named = set(re.findall(r"`((?:[\w.-]+/)+(?:[\w-]+\.\w+)?|[\w-]+\.(?:py|lock))`", CONTRIBUTING))
    named |= set(re.findall(r"^# ([\w/]+\.py)", CONTRIBUTING, re.MULTILINE))
    rooms = (ROOT, ROOT / "analytics" / "telegram")

    assert "analytics/telegram/recording.py" in named
    assert [path for path in named if not any((room / path).exists() for room in rooms)] == []


def test_contributing_names_the_formats_that_are_public() -> None:
    formats = {name for name in vars(i18n) if name.startswith("format_")}

    assert set(re.findall(r"`(format_\w+)`", CONTRIBUTING)) == formats
    assert formats <= set(telegram.__all__)


def test_the_table_of_faults_is_of_the_whole_catalogue() -> None:
    table = (ROOT / "docs" / "faults.md").read_text("utf-8")
    rows = re.findall(r"^\| (.+?) \| [\d,]+ \| (\d+) \| (\d+) \|$", table, re.MULTILINE)

    assert {name for name, *_ in rows} == {fault.name for fault in catalogue()}


def stored() -> dict[str, list[str]]:
    """The columns of each table and view that a new file has, but for those that are a way in."""
    with closing(sqlite3.connect(":memory:")) as database:
        for statement in schema():
            database.execute(statement)
        names = database.execute("SELECT name FROM sqlite_schema WHERE type IN ('table', 'view')")
        return {
            name: [row[1] for row in database.execute(f"PRAGMA table_info({name})")]
            for (name,) in names.fetchall()
        }


def test_privacy_names_every_column_of_every_table() -> None:
    tables = stored()
    for view in ("received", "user_interactions", "daily_counts", "free_id"):
        del tables[view]
    about = privacy.ABOUT_YOU | privacy.ABOUT_NOBODY
    named = {table: sorted(columns) for table, (_, columns) in about.items()}
    policy = privacy.policy(some_options(), None, False, True, datetime.now(UTC))

    assert named == {table: sorted(columns) for table, columns in tables.items()}
    for table, columns in tables.items():
        [said] = re.findall(rf"\({table}(?:: (.*?)\)\n|\)((?:\n•.*)+))", policy + "\n")
        assert not [column for column in columns if column not in "".join(said)]


def test_the_readme_shows_the_rows_that_other_programs_read() -> None:
    [header] = re.findall(r"^\| user_id (.*) \|$", README, re.MULTILINE)

    assert ["user_id", *re.findall(r"\w+", header)] == stored()["user_interactions"]


def test_the_policy_has_the_version_of_its_text() -> None:
    """Whoever changes the words raises the version, and then notes both here."""
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    policy = privacy.policy(some_options(), None, False, True, moment)

    assert (privacy.VERSION, privacy.VERSION_OF, sha256(policy.encode()).hexdigest()[:12]) == (
        7,
        date(2026, 11, 26),
        "5abe57d0c410",
    )


def test_secrets_do_not_show_in_a_repr() -> None:
    settings = some_settings(user_id_key="ab" * 32, admin_ids="6000000001")

    assert isinstance(settings.bot_token, SecretStr)
    assert settings.bot_token.get_secret_value() not in repr(settings)
    assert "abab" not in repr(settings)


def test_the_readme_fits_on_a_few_screens() -> None:
    assert len(README.splitlines()) <= 120
