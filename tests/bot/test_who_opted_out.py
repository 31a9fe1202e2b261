"""From the file without the key, nobody can tell who opted out: an attack on synthetic bots."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from analytics.sqlite.migrations import schema
from analytics.telegram.buttons import Right
from analytics.telegram.command_table import purposes
from bot import texts
from bot.sandbox import Sandbox
from tests.support.conversation import ask
from tests.support.running import running_bot
from tests.support.second_connection import select

NOW = datetime(2026, 6, 1, 12, 30, tzinfo=UTC)
PEOPLE = 4
# All that may tell of people but `opt_outs`; by their references, since their numbers are random.
LOOKS = (
    "SELECT timestamp, reference, name, count FROM interactions "
    "JOIN users ON users.id = user_id JOIN interaction_types AS t ON t.id = interaction_type",
    "SELECT reference, last_seen, rows, first_seen, first_week, weeks FROM users",
    "SELECT * FROM hourly_counts",
    # Not the time that handlers took, which differs from run to run.
    "SELECT day, kind, event, count, people FROM daily_events WHERE kind <> 'handled' UNION ALL "
    "SELECT day, kind, substr(event, 1, instr(event, ' ')), sum(count), NULL FROM daily_events "
    "WHERE kind = 'handled' GROUP BY 1, 2, 3",
    "SELECT * FROM daily_users",
    "SELECT * FROM cohorts",
    "SELECT * FROM daily_trends",
    "SELECT * FROM last_seen_hours",
    "SELECT * FROM first_seen_hours",
    "SELECT * FROM last_seen_counts",
    "SELECT received, count(*), max(update_id) - min(update_id) FROM remembered_updates GROUP BY 1",
    "SELECT * FROM erasures",
    "SELECT * FROM audit_trail",
    "SELECT * FROM turned_off",
    "SELECT * FROM start_links",
    "SELECT * FROM notes",
    "SELECT * FROM interaction_types",
)


def seen(database: Path) -> list[list[Any]]:
    return [sorted(select(database, look)) for look in LOOKS]


async def bot_of_which_one_opts_out(folder: Path, who: int) -> list[list[Any]]:
    """Each hour the same people write; the one that opts out was to stop anyway, as is another."""
    folder.mkdir()
    database, now = folder / "analytics.sqlite3", NOW
    async with Sandbox(clock=lambda: now) as sandbox:
        people = [sandbox.person() for _ in range(PEOPLE)]
        async with running_bot(sandbox, database, lambda: now, user_id_key="ab" * 32):
            for still_here in range(PEOPLE, 0, -1):
                for person in people[:still_here]:
                    await ask(person, "/help")
                if still_here - 1 == who:
                    await opts_out(people[who])
                now += timedelta(hours=1)
            await sandbox.settled()
    assert select(database, "SELECT count(*) FROM opt_outs") == [(1,)]
    return seen(database)


async def opts_out(person: Any) -> None:
    for said in ("/privacy", "/Privacy", "/mydata", "/start privacy", "/optin", "/optout"):
        await ask(person, said)
    await person.clicks(newest_button(person))
    await person.answer()


def newest_button(person: Any) -> str:
    """The label of the newest button."""
    keyboards = (line.message.get("reply_markup") for line in reversed(person.transcript))
    return str(next(filter(None, keyboards))["inline_keyboard"][0][0]["text"])


async def test_the_file_is_the_same_whoever_opted_out(tmp_path: Path) -> None:
    bots = [await bot_of_which_one_opts_out(tmp_path / f"{who}", who) for who in range(PEOPLE)]

    for other in bots[1:]:
        assert other == bots[0]
    # Only what people did but for their rights: a message in each hour that they were here.
    assert sum(count for *_, count in bots[0][0]) == PEOPLE * (PEOPLE + 1) / 2
    assert {(kind, event) for _, kind, event, *_ in bots[0][3]} >= {
        ("chat", "private"),
        ("command", "help"),
    }


@pytest.mark.parametrize("asked", ["/PRIVACY", "/mydata", "/forgetme", "/optout", "/optin"])
async def test_who_only_asks_about_their_data_is_not_recorded(
    sandbox: Sandbox, database: Path, asked: str
) -> None:
    async with running_bot(sandbox, database):
        person = sandbox.person()
        await ask(person, asked)
        await sandbox.settled()

        assert seen(database)[:2] == [[], []]


def test_the_attack_looks_at_every_table() -> None:
    looked_at = {table for look in LOOKS for table in re.findall(r"(?:FROM|JOIN) (\w+)", look)}
    tables = {
        table for each in schema() for table in re.findall(r"^CREATE TABLE (\w+)", each, re.M)
    }

    # When a job last ran is in the file's settings, and nothing of people.
    assert looked_at | {"opt_outs", "file_settings"} == tables


def test_each_right_is_a_command_of_the_menu() -> None:
    assert set(Right) < set(purposes(texts.COMMANDS))
