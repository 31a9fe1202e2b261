"""A fork grows by few files: the walk of CONTRIBUTING.md, in a copy of the sources."""

import asyncio
import filecmp
import re
import shutil
import sys
from pathlib import Path

import pytest

from bot.cli.errors import WrongUse
from bot.cli.new_feature import copy
from bot.sandbox import Sandbox
from tests.support import ROOT
from tests.support.conversation import ask
from tests.support.documents import code
from tests.support.environments import run
from tests.support.processes import bot_program
from tests.support.second_connection import select

SOURCES = ("analytics", "bot", "scheduler")
ADMIN = 6_000_000_001
# What is changed in which files for each step: the old text, and the new one.
COMMAND_FOR_ADMINS = {
    "bot/features/ban.py": {
        "def router(settings: Settings) -> Router:\n": "def router(settings: Settings) -> Router:\n"
        "    from_admin = FromAny(settings.admin_ids)\n",
        'Command("ban"))': 'Command("ban"), from_admin)',
        'N_("Remind me of something")': 'N_("Ban somebody"), Audience.ADMINS',
        "    N_,\n": "    N_,\n    Audience,\n    FromAny,\n",
    },
}
INTERACTION_TYPE = {
    "analytics/models.py": {
        '    MESSAGE = "message"\n': '    MESSAGE = "message"\n    VOICE = "voice"\n',
        "= MappingProxyType(\n    {\n": "= MappingProxyType(\n    {\n"
        '        InteractionType.VOICE: N_("voice messages"),\n',
    },
    "analytics/telegram/classify.py": {
        '    if kind == "message":\n        return': "    if field(event, 'voice'):\n"
        "        return InteractionType.VOICE\n"
        '    if kind == "message":\n        return',
    },
}
STATISTIC = {
    "analytics/store.py": {
        "    async def event_days(": "    async def hours_in_use(self) -> int:\n"
        '        """Return the number of hours with an interaction."""\n\n'
        "    async def event_days(",
    },
    "analytics/sqlite/queries/statistics.py": {
        "    async def event_days(": "    async def hours_in_use(self) -> int:\n"
        '        count = "SELECT count(DISTINCT hour) FROM hourly_counts"\n'
        "        [[hours]] = await self._database.read(count)\n"
        "        return int(hours)\n\n"
        "    async def event_days(",
    },
    "analytics/statistics/reports.py": {
        "    async def has_trends(": "    async def hours_in_use(self) -> int:\n"
        "        return await self._store.hours_in_use()\n\n"
        "    async def has_trends(",
    },
    "analytics/telegram/admin/stats.py": {
        "    await rewrite(bot, click, text, ": "    hours = "
        "await analytics.reports.hours_in_use()\n"
        '    text += f"\\nHours in use: {hours}"\n'
        "    await rewrite(bot, click, text, ",
    },
}


@pytest.fixture
def fork(tmp_path: Path) -> Path:
    """A copy of the sources."""
    folder = tmp_path / "fork"
    for name in SOURCES:
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, folder / name, ignore=ignored)
    shutil.copy(ROOT / "main.py", folder)
    return folder


def change(fork: Path, changes: dict[str, dict[str, str]]) -> None:
    for path, texts in changes.items():
        code = (fork / path).read_text("utf-8")
        for old, new in texts.items():
            assert code.count(old) == 1, (path, old)
            code = code.replace(old, new)
        (fork / path).write_text(code, "utf-8")


def changed(fork: Path, before: Path) -> set[str]:
    """The files of a fork that differ from those before, or are new."""
    files = {path.relative_to(fork) for path in fork.rglob("*.py")}
    return {
        path.as_posix()
        for path in files
        if not (before / path).is_file()
        or not filecmp.cmp(fork / path, before / path, shallow=False)
    }


async def new_feature(fork: Path, name: str) -> None:
    """What CONTRIBUTING.md says, with another name."""
    python, *arguments = code("CONTRIBUTING.md", "Add a feature", "sh").split()
    assert (python, arguments[-1]) == ("python", "shop")
    await asyncio.to_thread(run, sys.executable, *arguments[:-1], name, cwd=fork)


async def test_each_step_of_a_fork_touches_few_files_and_works(
    sandbox: Sandbox, fork: Path, database: Path
) -> None:
    touched: list[int] = []

    async def step(name: str | None, changes: dict[str, dict[str, str]]) -> None:
        before = fork.with_name("before")
        shutil.copytree(fork, before)
        if name is not None:
            await new_feature(fork, name)
        change(fork, changes)
        touched.append(len(changed(fork, before)))
        shutil.rmtree(before)

    await step("shop", {})
    await step("ban", COMMAND_FOR_ADMINS)
    await step(None, INTERACTION_TYPE)
    await step(None, STATISTIC)
    admin, person = sandbox.person(ADMIN), sandbox.person()
    environment = {"ADMIN_IDS": str(ADMIN)}
    async with bot_program(fork / "main.py", sandbox, database, environment) as process:
        dialogue = [await ask(person, text) for text in ("/shop", "water the plants", "60")]
        refused = await ask(person, "/ban")
        asked = await ask(admin, "/ban")
        helped = [await ask(each, "/help") for each in (person, admin)]
        await ask(admin, "/cancel")
        voice = {"file_id": "1", "file_unique_id": "1", "duration": 1}
        await person.sends(voice=voice)
        await person.answer()
        await ask(admin, "/stats")
        await admin.clicks("Details")
        details = (await admin.sees_edit()).text
        process.send(15)
        status, *_ = await process.ended()

    assert touched == [2, 2, 2, 4]
    assert dialogue[0].startswith("What shall I remind you of?")
    assert dialogue[2] == "I will remind you in 60 minutes."
    assert refused.startswith("I did not understand that.")
    assert asked.startswith("What shall I remind you of?")
    assert ["/shop" in text for text in helped] == [True, True]
    assert ["/ban" in text for text in helped] == [False, True]
    assert "Hours in use: 1" in details
    stored = "SELECT count FROM user_interactions WHERE interaction_type = 'voice'"
    assert select(database, stored) == [(1,)]
    commands = "SELECT event FROM daily_events WHERE kind = 'command'"
    assert set(select(database, commands)) == {("shop",), ("help",), ("cancel",)}
    assert status == 0


def test_contributing_says_how_many_files_a_step_touches() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")

    assert re.findall(r"^\| .* \| (\d) \|$", text, re.MULTILINE) == ["2", "2", "2", "4"]


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("Shop", "small letters"),
        ("9lives", "small letters"),
        ("class", "small letters"),
        ("../x", "small letters"),
        ("a" * 33, "up to 32"),
        ("reminder", "exists already"),
    ],
)
def test_a_name_that_cannot_be_one_is_refused_and_changes_nothing(
    fork: Path, name: str, sentence: str
) -> None:
    with pytest.raises(WrongUse, match=sentence):
        copy(name, fork / "bot" / "features")
    assert changed(fork, ROOT) == set()


def test_where_there_is_no_source_code_nothing_is_copied(fork: Path) -> None:
    (fork / "main.py").unlink()
    with pytest.raises(WrongUse, match=r"no main\.py"):
        copy("shop", fork / "bot" / "features")
    assert changed(fork, ROOT) == set()
