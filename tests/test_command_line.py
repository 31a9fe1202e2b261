"""`python main.py`, as an operator uses it: a process of its own."""

import json
import os
import re
import signal
import sys
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from analytics import AdminReport, AnalyticsService, Interaction, InteractionType
from bot import __version__, texts
from bot.cli.app import COMMANDS as GROUPS
from bot.sandbox import Sandbox
from tests.support import processes
from tests.support.command_line import COMMANDS, invoke
from tests.support.second_connection import select, total
from tests.support.settings import TOKEN

NOW = datetime.now(UTC)


Result = tuple[int, str, str]


async def run(folder: Path, *arguments: str, **environment: str) -> Result:
    """A command in a folder with `data/a.sqlite3`: exit status, stdout, stderr."""
    where = {"DATABASE_PATH": "data/a.sqlite3"}
    return await processes.run(folder, *arguments, **(where | environment))


@pytest.fixture
async def folder(tmp_path: Path) -> Path:
    """With a database of three interactions, one of them past retention."""
    async with AnalyticsService.open(tmp_path / "data" / "a.sqlite3") as analytics:
        await analytics.record(
            [
                Interaction(6_000_000_001, InteractionType.MESSAGE, NOW - timedelta(days=91)),
                Interaction(6_000_000_001, InteractionType.MESSAGE, NOW - timedelta(days=31)),
                Interaction(6_000_000_002, InteractionType.COMMAND, NOW),
            ]
        )
    return tmp_path


def assert_sentence(result: Result, *words: str, expected: int = 2) -> None:
    """One sentence on stderr, the exit status, nothing on stdout, no traceback.

    That the bot is starting may have been logged before.
    """
    status, output, errors = result
    assert status == expected
    assert output == ""
    assert "Traceback" not in errors
    [sentence] = [
        line for line in errors.splitlines() if "INFO bot.cli.running: starting" not in line
    ]
    for word in words:
        assert word in sentence


def test_the_version_is_printed() -> None:
    assert invoke("--version").output == f"{__version__}\n"


def test_help_lists_the_commands_in_groups_within_80_columns() -> None:
    shown = invoke("--help", COLUMNS="80").output
    headings = re.findall(r"^╭─ (.+?) ─+╮$", shown, re.MULTILINE)

    assert headings == ["Options", *GROUPS]
    assert max(map(len, shown.splitlines())) <= 80
    for group, commands in GROUPS.items():
        _, _, listed = shown.partition(f"─ {group} ─")
        assert re.findall(r"^│ ([a-z-]+) ", listed.split("╰")[0], re.MULTILINE) == [*commands]


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_in_the_list_of_commands_each_is_one_line(command: str) -> None:
    shown = invoke("--help", COLUMNS="80").output
    [line] = re.findall(rf"^│ {command} +(.*?) +│$", shown, re.MULTILINE)

    assert line.endswith(".")


@pytest.mark.parametrize("command", ["", *sorted(COMMANDS)])
def test_help_names_no_types_of_options_and_fits_into_80_columns(command: str) -> None:
    shown = invoke(*command.split(), "--help", COLUMNS="80").output

    assert re.findall(r"--[\w-]+.*[<>].*", shown) == []
    assert max(map(len, shown.splitlines())) <= 80


async def test_stats_as_json_has_the_fields_of_the_report(folder: Path) -> None:
    status, output, _ = await run(folder, "stats", "--json")
    report = json.loads(output)

    assert status == 0
    assert set(report) == {field.name for field in fields(AdminReport)}
    assert report["total_interactions"] == 3
    assert report["daily_active_users"] == 1
    assert report["interaction_types_breakdown"] == {"message": 2, "command": 1}


async def test_stats_for_people_says_the_same(folder: Path) -> None:
    status, output, _ = await run(folder, "stats")

    assert status == 0
    assert re.search(r"^  Stored interactions +3$", output, re.MULTILINE)
    assert re.search(r"^  monthly +1$", output, re.MULTILINE)


async def test_a_dry_run_deletes_nothing(folder: Path) -> None:
    _, output, _ = await run(folder, "cleanup", "--dry-run")

    assert output == "1 interactions older than 90 days would be deleted\n"
    assert total(folder / "data" / "a.sqlite3") == 3


@pytest.mark.parametrize(("days", "left"), [([], 2), (["--days", "30"], 1)])
async def test_cleanup_by_hand_does_what_it_was_asked(
    folder: Path, days: list[str], left: int
) -> None:
    status, output, _ = await run(folder, "cleanup", *days)

    assert status == 0
    assert output.startswith(f"{3 - left} interactions older than")
    assert total(folder / "data" / "a.sqlite3") == left


@pytest.mark.parametrize("days", ["0", "3651", "ninety"])
async def test_cleanup_refuses_a_wrong_number_of_days(folder: Path, days: str) -> None:
    status, _, errors = await run(folder, "cleanup", "--days", days)

    assert status == 2
    assert "Traceback" not in errors
    assert total(folder / "data" / "a.sqlite3") == 3


@pytest.mark.parametrize("command", ["stats", "cleanup"])
async def test_without_a_database_a_command_says_so_and_makes_none(
    tmp_path: Path, command: str
) -> None:
    result = await run(tmp_path, command)

    assert_sentence(result, "data/a.sqlite3 does not exist")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({}, ("BOT_TOKEN is missing", "python main.py init", "python main.py demo")),
        ({"BOT_TOKEN": "12345"}, ("BOT_TOKEN is invalid", "@BotFather")),
        ({"BOT_TOKEN": TOKEN, "ADMIN_IDS": "abc"}, ("ADMIN_IDS is invalid",)),
        ({"BOT_TOKEN": TOKEN, "RETENTION_DAYS": "0"}, ('RETENTION_DAYS is "0"', "1 to 3650")),
        ({"BOT_TOKEN": TOKEN, "DATABASE_PATH": "no-folder/a"}, ("no-folder/a", "cannot be used")),
        ({"BOT_TOKEN": TOKEN, "DATABASE_PATH": "text"}, ("text is not a database",)),
        ({"BOT_TOKEN": TOKEN, "DATABASE_PATH": "other"}, ("other belongs to another program",)),
        ({"BOT_TOKEN": TOKEN, "DATABASE_PATH": "newer"}, ("newer version",)),
        ({"BOT_TOKEN": TOKEN, "USER_ID_KEY": "ab" * 32}, ("was written with another key",)),
    ],
)
async def test_what_stops_the_start_is_one_sentence(
    folder: Path, environment: dict[str, str], words: tuple[str, ...]
) -> None:
    (folder / "no-folder").write_text("a file")
    (folder / "text").write_text("no database")
    (folder / "newer").write_bytes((folder / "data" / "a.sqlite3").read_bytes())
    for name, statement in (("other", "CREATE TABLE t (x)"), ("newer", "PRAGMA user_version=99")):
        select(folder / name, statement)
    result = await run(folder, **environment)

    assert_sentence(result, *words)
    assert environment.get("BOT_TOKEN", "no token") not in result[2]


async def test_a_start_is_logged_before_what_takes_seconds_to_import(tmp_path: Path) -> None:
    (tmp_path / "aiogram.py").write_text("raise SystemExit('aiogram is imported')")
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(tmp_path), "BOT_TOKEN": TOKEN}
    command = (sys.executable, processes.MAIN)
    process = await processes.launch(
        command, tmp_path, environment | processes.without_env_file(tmp_path)
    )
    _, _, errors = await process.ended()
    starting, imported = errors.splitlines()

    assert f"INFO bot.cli.running: starting version {__version__}" in starting
    assert imported == "aiogram is imported"


@pytest.mark.long
@pytest.mark.waits
async def test_a_token_that_telegram_refuses_is_one_sentence(
    sandbox: Sandbox, folder: Path
) -> None:
    environment = processes.settings(sandbox, folder / "data" / "a.sqlite3", BOT_TOKEN=TOKEN)
    bot = await processes.start(folder, **environment)
    # Tries after pauses that double, with a jitter: the first one after 30 s may be after 63.
    status, output, errors = await bot.ended(3 * processes.PATIENCE)

    assert (status, output) == (2, "")
    assert errors.splitlines()[-1].startswith("BOT_TOKEN is refused by Telegram: give")
    assert "Traceback" not in errors


async def test_commands_work_while_the_bot_runs(sandbox: Sandbox, folder: Path) -> None:
    database = folder / "data" / "a.sqlite3"
    async with processes.bot_process(sandbox, database, RETENTION_DAYS="365") as bot:
        status, output, _ = await run(folder, "stats", "--json")
        deleted = await run(folder, "cleanup", "--days", "30")
        dry = await run(folder, "cleanup", "--days", "30", "--dry-run")
        bot.send(signal.SIGTERM)
        stopped = await bot.ended()

    assert status == 0
    assert json.loads(output)["total_interactions"] == 3
    assert deleted[:2] == (0, "2 interactions older than 30 days deleted\n")
    assert "running bot" in deleted[2]
    assert dry[1].startswith("0 interactions")
    assert stopped[0] == 0
    assert stopped[2].endswith("INFO bot.cli.running: stopped\n")
    assert total(folder / "data" / "a.sqlite3") == 1


async def test_a_second_bot_on_the_same_file_is_refused(sandbox: Sandbox, folder: Path) -> None:
    database = folder / "data" / "a.sqlite3"
    async with processes.bot_process(sandbox, database):
        environment = processes.settings(sandbox, database)

        result = await run(folder, **environment)
        assert_sentence(result, "another process is using", expected=1)


async def test_another_bot_with_the_same_token_is_named_in_the_log(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    async with (
        processes.bot_process(sandbox, tmp_path / "one" / "a.sqlite3") as first,
        processes.bot_process(sandbox, tmp_path / "two" / "a.sqlite3"),
    ):
        # Each poll ends the other's with 409, and a bot polls again once it has logged that. Some
        # polls of the first may have ended by themselves while the second started.
        await sandbox.called("getUpdates", 6)
        first.send(signal.SIGTERM)
        _, _, errors = await first.ended()

    assert "another program receives this bot's updates" in errors
    assert sandbox.token not in errors


async def test_the_demo_tells_the_whole_story_in_any_terminal(tmp_path: Path) -> None:
    """tests/sandbox/test_demo.py plays it where all that it says can be shown."""
    status, output, errors = await processes.run(
        tmp_path, "demo", "--keep", "kept.sqlite3", PYTHONIOENCODING="ascii"
    )

    assert (status, errors) == (0, "")
    assert "Interactions" in output
    assert texts.FALLBACK.split(",")[0] in output
    assert total(tmp_path / "kept.sqlite3") > 1000
