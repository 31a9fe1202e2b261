"""A fact that is written down twice is the same in both places."""

import re
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import typer
from pydantic import SecretStr
from pydantic_core import PydanticUndefined

from analytics import EventKind, InteractionType, telegram
from analytics.sqlite.migrations import schema
from analytics.telegram import i18n
from analytics.telegram.command_table import Audience
from analytics.telegram.texts import privacy
from bot import texts
from bot.cli.app import COMMANDS as GROUPS
from bot.cli.app import app
from bot.settings import Settings
from tests.faults.__main__ import StoreKind, catalogue
from tests.support import ROOT
from tests.support.command_line import COMMANDS, invoke
from tests.support.settings import some_options, some_settings

README = (ROOT / "README.md").read_text("utf-8")
PRIVACY = (ROOT / "PRIVACY.md").read_text("utf-8")
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.glob("*.md")])
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
    if isinstance(default, tuple):
        return ",".join(default)
    return str(default).rstrip("/")


SETTINGS = {name.upper(): shown(field.default) for name, field in Settings.model_fields.items()}


def test_the_example_names_every_setting_with_its_default() -> None:
    written = dict(re.findall(r"^#?([A-Z_]+)=(.*)$", EXAMPLE, re.MULTILINE))

    assert written == SETTINGS


def settings_in(page: Path) -> list[tuple[str, str]]:
    """Names and defaults in the tables of a page."""
    text = page.read_text("utf-8")
    return re.findall(r"^\| `([A-Z_]+)` \|(?: `([^`|]*)`)? \|", text, re.MULTILINE)


def test_one_page_has_every_setting_once_with_its_default() -> None:
    assert sorted(settings_in(DOCS / "configure.md")) == sorted(SETTINGS.items())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_setting_that_another_page_explains_has_the_same_default(page: Path) -> None:
    assert set(settings_in(page)) <= set(SETTINGS.items())


def test_the_readme_names_every_command_of_the_bot() -> None:
    rows = dict(re.findall(r"^\| `/(\w+)` \| (.*?) \|$", README, re.MULTILINE))

    assert rows == {
        name: purpose if audience is Audience.EVERYONE else f"{purpose} ({audience.name.lower()})"
        for name, purpose, audience in texts.COMMANDS
    }


def options_of(command: str) -> set[str]:
    """What `--help` of a command lists, or of the program, if the name is empty."""
    program = typer.main.get_command(app)
    explained = program.commands[command] if command else program  # type: ignore[attr-defined]
    return {name for each in explained.params for name in each.opts if name.startswith("--")}


def test_one_page_has_every_command_once_with_the_options_of_its_help() -> None:
    text = (DOCS / "command-line.md").read_text("utf-8")
    rows = re.findall(r"^\| `python main\.py ?([\w-]*)` \| (.*) \|$", text, re.MULTILINE)
    named = {command: set(re.findall(r"--[a-z-]+", row)) for command, row in rows}

    assert len(named) == len(rows)
    assert named == {command: options_of(command) for command in ["", *COMMANDS]}
    for group, commands in GROUPS.items():
        part = text.partition(f"\n## {group}\n")[2].partition("\n## ")[0]
        assert re.findall(r"^\| `python main\.py ([\w-]+)`", part, re.MULTILINE) == [*commands]


def test_the_index_leads_to_every_page_and_the_readme_to_the_index() -> None:
    index = (DOCS / "README.md").read_text("utf-8")
    pages = {page.name for page in DOCS.glob("*.md")} - {"README.md"}

    assert set(re.findall(r"\]\(([\w-]+\.md)\)", index)) - {"README.md"} == pages
    assert "](docs/README.md)" in README


@pytest.mark.parametrize("page", sorted(DOCS.glob("*.md")), ids=lambda page: page.stem)
def test_every_page_begins_with_what_it_is_for_and_ends_with_where_to_go_next(page: Path) -> None:
    title, empty, first, *_, last = page.read_text("utf-8").splitlines()

    assert title.startswith("# ")
    assert empty == ""
    assert re.match(r"[A-Z].*[.:?]$", first), first
    assert re.search(r"\]\([\w./-]+\.md(#[\w-]+)?\)", last), last


def anchors(page: Path) -> set[str]:
    """What links to the headings of a page end with."""
    headings = re.findall(r"^#+ (.*)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_link_in_a_page_leads_somewhere(page: Path) -> None:
    text = page.read_text("utf-8")
    for link in re.findall(r"\]\(([^)\s]+)\)|src=\"([^\"]+)\"", text):
        path, _, anchor = "".join(link).partition("#")
        if "://" not in path:
            to = page.parent / path if path else page
            assert to.exists(), path
            assert not anchor or anchor in anchors(to), "".join(link)


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
    table = (DOCS / "faults.md").read_text("utf-8")
    rows = re.findall(r"^\| (.+?) \| [\d,]+ \| (\d+) \| (\d+) \|$", table, re.MULTILINE)

    assert {name for name, *_ in rows} == {fault.name for fault in catalogue()}


def test_the_table_of_faults_on_a_server_is_of_the_whole_catalogue() -> None:
    table = (DOCS / "scale.md").read_text("utf-8")
    rows = re.findall(r"^\| (.+?) \| \d+ \| 0 \| 0 \| [\d s]*\|$", table, re.MULTILINE)

    assert sorted(rows) == sorted(fault.name for fault in catalogue(store=StoreKind.POSTGRES))


def number(text: str) -> int:
    return int(text.replace(",", ""))


def test_the_readme_counts_the_faults_as_their_table_does() -> None:
    table = (DOCS / "faults.md").read_text("utf-8")
    rows = re.findall(r"^\| (.+?) \| ([\d,]+) \| 0 \| 0 \|$", table, re.MULTILINE)
    times = {name: number(text) for name, text in rows}
    stops = [name for name in times if re.match("(kill -9|SIGTERM), ", name)]
    disk = ["disk full", "database read-only", "I/O error", "database locked by another program"]
    said = re.findall(r"^\| interactions lost \D*([\d,]+).* \| 0 \|$", README, re.MULTILINE)

    assert [number(text) for text in said] == [
        sum(times[name] for name in stops),
        times["power cut"],
        sum(times[name] for name in disk),
    ]


def stored() -> dict[str, list[str]]:
    """The columns of each table and view that a new file has."""
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
    for view in ("user_interactions", "daily_counts", "user_weeks"):
        del tables[view]
    about = privacy.ABOUT_YOU | privacy.ANONYMOUS
    named = {table: sorted(columns) for table, (_, columns) in about.items()}
    policy = privacy.details(some_options())

    assert named == {table: sorted(columns) for table, columns in tables.items()}
    for table, columns in tables.items():
        [said] = re.findall(rf"\({table}(?:: (.*?)\)\n|\)((?:\n•.*)+))", policy + "\n")
        assert not [column for column in columns if column not in "".join(said)]


def test_privacy_names_every_column_of_every_table_on_a_server() -> None:
    schema = (ROOT / "analytics/postgres/schema.sql").read_text("utf-8")
    found = re.findall(
        r"^CREATE TABLE bot_analytics\.(\w+) \((.*?)^\)", schema, re.MULTILINE | re.DOTALL
    )
    tables = {table: re.findall(r"^    ([a-z_]+) ", body, re.MULTILINE) for table, body in found}
    options = replace(some_options(), on_server=True)
    about = privacy.ABOUT_YOU | privacy.ABOUT_YOU_ON_SERVER | privacy.anonymous_tables(options)
    policy = privacy.details(options)

    assert len(tables) > 20
    assert {table: sorted(columns) for table, (_, columns) in about.items()} == {
        table: sorted(columns) for table, columns in tables.items()
    }
    for table, columns in tables.items():
        [said] = re.findall(rf"\({table}(?:: (.*?)\)\n|\)((?:\n•.*)+))", policy + "\n")
        assert not [column for column in columns if column not in "".join(said)]


# What people and operators are told of each kind of event that is counted.
COUNTED = {
    EventKind.COMMAND: ("command", "commands"),
    EventKind.BUTTON: ("button", "buttons"),
    EventKind.MEMBERSHIP: ("blocks, groups and channels", "blocks, groups and channels"),
    EventKind.CHAT: ("by kind of chat", "kinds of chat"),
    EventKind.START_LINK: ("start link", "start links"),
    EventKind.NEW_BY_LINK: ("new users by such links", "start links"),
    EventKind.NEW_BY_LANGUAGE: ("app languages of new users", "languages of new people"),
    EventKind.OWN: ("events of this bot's own", "events of the bot's own"),
    EventKind.HANDLED: ("answered", "whether and how fast its handlers worked"),
    EventKind.FAILED: ("failed", "whether and how fast its handlers worked"),
    EventKind.UNANSWERED: ("ignored", "whether and how fast its handlers worked"),
    EventKind.ERROR: ("errors", "errors"),
}


@pytest.mark.parametrize("kind", EventKind)
def test_people_and_operators_are_told_of_each_kind_of_event(kind: EventKind) -> None:
    of_settings = [some_options(count_languages=each) for each in (False, True)]
    [off], [on] = [
        re.findall(r"^• by day: (.*) \(daily_events", privacy.details(options), re.MULTILINE)
        for options in of_settings
    ]
    [guide] = re.findall(r"^Other commands, .* by day, .*$", PRIVACY, re.MULTILINE)
    to_people, to_operators = COUNTED[kind]

    assert to_people in on
    assert (to_people in off) is (kind is not EventKind.NEW_BY_LANGUAGE)
    assert to_operators in guide


def test_the_readme_shows_the_rows_that_other_programs_read() -> None:
    [header] = re.findall(r"^\| user_id (.*) \|$", README, re.MULTILINE)

    assert ["user_id", *re.findall(r"\w+", header)] == stored()["user_interactions"]


def test_the_version_of_the_policy_follows_from_what_it_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = privacy.version(some_options())
    with i18n.translations().use_locale("de"):
        in_german = privacy.version(some_options())
    title, columns = privacy.ABOUT_YOU["users"]
    monkeypatch.setitem(privacy.ABOUT_YOU, "users", (title, columns | {"id": "something else"}))

    assert re.fullmatch(r"[0-9a-f]{8}", before)
    assert in_german == before
    assert privacy.version(some_options()) != before
    assert privacy.version(some_options(retention_days=30)) != before


def test_another_interaction_type_is_no_other_policy() -> None:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    told = privacy.policy(some_options(), None, False, True, moment)
    details, _line, version = privacy.details(some_options()).rpartition("\n")

    assert version.endswith(privacy.version(some_options()))
    assert str(len(InteractionType)) not in re.findall(r"\d+", told + details)


@pytest.mark.parametrize(
    ("settings", "in_backups", "days"),
    [
        ({}, False, None),
        ({}, True, 90),
        ({"backup_dir": "backups"}, False, 7),
        ({"backup_dir": "backups"}, True, 7),
        ({"backup_dir": "backups", "backup_keep": 30}, True, 30),
        ({"backup_dir": "backups", "backup_keep": 30, "retention_days": 10}, True, 10),
    ],
)
def test_what_privacy_says_of_backups_follows_from_the_settings(
    settings: dict[str, Any], in_backups: bool, days: int | None
) -> None:
    """As docs/backup.md has it: as many days as backups, and never longer than the retention."""
    options = some_options(**settings)
    told = privacy.policy(options, None, False, in_backups, datetime.now(UTC))

    said = re.findall(r"Backups keep deleted data for up to (\d+) more days", told)
    assert said == ([] if days is None else [str(days)])


def test_the_first_screen_of_privacy_says_who_could_look_somebody_up_and_what_stays() -> None:
    def told(**settings: Any) -> str:
        return privacy.policy(some_options(**settings), None, False, False, datetime.now(UTC))

    can_look_up = "Whoever runs the server and has its key can look up a Telegram ID they know."
    assert can_look_up in told()
    assert can_look_up not in told(pseudonymise_user_ids=False)
    assert "which whoever runs the server can read." in told(pseudonymise_user_ids=False)
    assert "Then only anonymous daily totals stay." in told()
    assert "totals stay" not in told(keep_trends=False)


def test_secrets_do_not_show_in_a_repr() -> None:
    settings = some_settings(user_id_key="ab" * 32, admin_ids="6000000001")

    assert isinstance(settings.bot_token, SecretStr)
    assert settings.bot_token.get_secret_value() not in repr(settings)
    assert "abab" not in repr(settings)


def test_the_readme_fits_on_a_few_screens() -> None:
    assert len(README.splitlines()) <= 120
