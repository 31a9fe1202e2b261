"""`export`, `erase`, `rotate-key` and `audit`, as an operator would type them."""

import asyncio
import csv
import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from analytics import Action, AnalyticsService, Interaction, InteractionType
from bot.sandbox import Sandbox
from tests.support.command_line import invoke
from tests.support.conversation import ask
from tests.support.processes import bot_process, run, settings
from tests.support.second_connection import total

PERSON, OTHER = 6_000_000_001, 6_000_000_002


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """With three interactions of one person and one of another."""
    path = tmp_path / "data" / "analytics.sqlite3"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_PATH", str(path))
    now = datetime.now(UTC)

    async def fill() -> None:
        async with AnalyticsService.open(path) as analytics:
            for person in (PERSON, PERSON, PERSON, OTHER):
                interaction = Interaction(person, InteractionType.MESSAGE, now)
                await analytics.record([interaction])
            await analytics.notes.add("deployed 2.1")

    asyncio.run(fill())
    return path


@pytest.mark.usefixtures("database")
def test_export_prints_what_is_held_about_one() -> None:
    held = json.loads(invoke("export", "--user", str(PERSON)).stdout)
    unknown = json.loads(invoke("export", "--user", "7").stdout)

    assert [row["count"] for row in held["interactions"]] == [3]
    assert unknown["interactions"] == []
    assert unknown["reference"] is None


@pytest.mark.usefixtures("database")
def test_export_prints_the_numbers_of_a_period() -> None:
    week = json.loads(invoke("export", "--aggregates").stdout)
    day = json.loads(invoke("export", "--aggregates", "--period", "24h").stdout)
    table = list(
        csv.DictReader(invoke("export", "--aggregates", "--format", "csv").stdout.splitlines())
    )

    assert (week["report"]["period"], day["report"]["period"]) == ("7d", "24h")
    for exported in (week, day):
        assert exported["report"]["interactions"] == 4
        assert exported["report"]["active_users"] == 2
    of_report = {row["name"]: row["value"] for row in table if row["section"] == "report"}
    assert of_report["interactions"] == "4"
    assert [(row["name"], row["value"]) for row in table if row["section"] == "type"] == [
        ("message", "4")
    ]
    assert [note["text"] for note in week["history"]["notes"]] == ["deployed 2.1"]
    assert [row["value"] for row in table if row["section"] == "note"] == ["deployed 2.1"]
    # Nobody is in it, and so there is nothing to note.
    noted = invoke("audit")
    assert (noted.stdout, noted.stderr) == ("", "nothing has been viewed or deleted yet\n")


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "give either --user ID or --aggregates"),
        (["--user", "1", "--aggregates"], "give either --user ID or --aggregates"),
        (["--user", "1", "--period", "7d"], "--period and --format go with --aggregates"),
        (["--user", "1", "--format", "csv"], "--period and --format go with --aggregates"),
        (["--aggregates", "--period", "1y"], '--period is "1y": give one of 24h, 7d, 30d, 90d'),
        (["--aggregates", "--format", "xml"], '--format is "xml": give one of csv, json'),
    ],
)
def test_export_says_what_is_wrong_with_how_it_is_used(arguments: list[str], said: str) -> None:
    result = invoke("export", *arguments)

    assert (result.exit_code, result.stdout) == (2, "")
    assert said in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.usefixtures("database")
def test_without_a_complete_interval_export_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REPORT_INTERVAL", "60")
    result = invoke("export", "--aggregates")

    assert result.exit_code == 2
    assert "there is no report yet" in result.stderr


def test_erase_erases_one(database: Path) -> None:
    result = invoke("erase", "--user", str(PERSON))

    assert result.stdout == "3 interactions erased\n"
    assert total(database) == 1


def test_the_key_is_needed_to_find_a_person(database: Path) -> None:
    database.with_suffix(".key").unlink()
    result = invoke("erase", "--user", str(PERSON))

    assert result.exit_code == 2
    assert "restore the key file" in result.stderr
    assert total(database) == 4
    assert not database.with_suffix(".key").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "give either --user ID or --everyone\n"),
        (["--user", "1", "--everyone"], "give either --user ID or --everyone\n"),
        (["--user", "0"], "--user is invalid: give a Telegram ID, such as 1234567890\n"),
        (["--user", f"{PERSON}x"], "--user is invalid: give a Telegram ID, such as 1234567890\n"),
    ],
)
def test_erase_wants_to_know_whom(database: Path, arguments: list[str], said: str) -> None:
    result = invoke("erase", *arguments)

    assert (result.exit_code, result.stderr) == (2, said)
    assert total(database) == 4


def test_everyone_is_erased_only_with_the_words_typed(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    aside = database.with_name(f"{database.name}.damaged-20260101T000000.000000Z")
    aside.write_bytes(b"damaged")
    unrelated = database.with_name("unrelated")
    unrelated.write_bytes(b"")
    copies = database.parent.parent / "copies"
    monkeypatch.setenv("BACKUP_DIR", str(copies))
    assert invoke("backup", str(copies), "--keep", "2").exit_code == 0
    [made] = copies.iterdir()
    (copies / f"{made.name}.unfinished").write_bytes(b"left by a kill")
    (copies / "notes").write_text("")
    refused = invoke("erase", "--everyone", answer="yes\n")
    still_there = total(database)
    done = invoke("erase", "--everyone", answer="erase everyone\n")

    assert (refused.exit_code, still_there) == (1, 4)
    assert done.exit_code == 0
    assert [file.name for file in database.parent.iterdir()] == ["unrelated"]
    assert [file.name for file in copies.iterdir()] == ["notes"]
    assert invoke("erase", "--everyone", answer="erase everyone\n").exit_code == 2


def test_the_key_is_replaced_only_after_a_yes(database: Path) -> None:
    key_file = database.with_suffix(".key")
    old = key_file.read_text()
    refused = invoke("rotate-key", answer="n\n")
    kept = key_file.read_text()
    done = invoke("rotate-key", answer="y\n")
    held = json.loads(invoke("export", "--user", str(PERSON)).stdout)
    report = json.loads(invoke("stats", "--json").stdout)

    assert (refused.exit_code, kept) == (1, old)
    assert "Active users start again at 0" in done.stderr
    assert done.exit_code == 0
    assert old.strip() not in key_file.read_text()
    assert key_file.stat().st_mode & 0o777 == 0o600
    assert held["interactions"] == []
    assert (report["total_interactions"], report["monthly_active_users"]) == (4, 0)


def test_a_key_of_the_environment_is_replaced_by_the_operator(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, old = tmp_path / "other.sqlite3", "ab" * 32

    async def make() -> None:
        async with AnalyticsService.open(path, pseudonym_key=bytes.fromhex(old)):
            pass

    asyncio.run(make())
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_PATH", str(path))
    monkeypatch.setenv("USER_ID_KEY", old)
    name, _, new = invoke("rotate-key", "--yes").stdout.strip().partition("=")
    with_old = invoke("export", "--user", str(PERSON))
    monkeypatch.setenv("USER_ID_KEY", new)
    with_new = invoke("export", "--user", str(PERSON))

    assert (name, len(new)) == ("USER_ID_KEY", 128)
    assert (with_old.exit_code, with_new.exit_code) == (2, 0)
    assert "written with another key" in with_old.stderr
    assert list(tmp_path.glob("*key*")) == []


@pytest.mark.usefixtures("database")
def test_the_audit_trail_says_who_did_what_and_to_nobody() -> None:
    for arguments in (("export", "--user", str(PERSON)), ("erase", "--user", str(OTHER))):
        invoke(*arguments)
    invoke("cleanup", "--days", "30")
    shown = invoke("audit").stdout

    named = [re.split(" {2,}", line.strip())[1:] for line in shown.splitlines()[1:]]
    what = ["cleanup", "erasure", "person's data"]  # as /audit has it
    assert named == [["command line", each] for each in what]
    assert str(PERSON) not in shown
    assert str(OTHER) not in shown


def test_the_audit_trail_names_who_is_an_admin_now(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def look() -> None:
        async with AnalyticsService.open(database) as analytics:
            for admin in (PERSON, OTHER):
                await analytics.audit_log.note(Action.STATS, admin)

    asyncio.run(look())
    monkeypatch.setenv("ADMIN_IDS", str(OTHER))
    lines = [line.split()[2:] for line in invoke("audit").stdout.splitlines()[1:]]
    erased = invoke("erase", "--user", str(PERSON))

    assert lines == [[str(OTHER), "statistics"], ["former", "admin", "statistics"]]
    assert erased.stdout == "3 interactions erased\n"
    assert "stay in the audit log for 90 days" in erased.stderr


async def test_erase_works_beside_the_bot_and_what_ends_it_does_not(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    path = tmp_path / "analytics.sqlite3"
    person, other = sandbox.person(), sandbox.person()
    environment = settings(sandbox, path)
    async with bot_process(sandbox, path):
        for each in (person, other):
            await ask(each, "good morning")
        erased = await run(tmp_path, "erase", "--user", str(person.user["id"]), **environment)
        rotated = await run(tmp_path, "rotate-key", "--yes", **environment)
        refused = await run(tmp_path, "erase", "--everyone", **environment)

    assert erased[:2] == (0, "1 interactions erased\n")
    assert total(path) == 1
    assert rotated[0] == 1
    assert "another process is using" in rotated[2]
    assert refused[0] == 1
    assert "another process is using" in refused[2]
