"""Every block of code in the documents is run, or says above it why not.

`<!-- needs a server -->` and `<!-- takes long -->` are not run; `<!-- run by FILE -->` names the
test that runs it, or `.ci/run`. All other blocks of a page are run here, one after the other.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import typer
from dotenv import dotenv_values

from analytics import AnalyticsService, Interaction, InteractionType
from analytics.clock import utc_now
from analytics.sqlite.maintenance.backups import backup
from bot.cli.app import app
from bot.sandbox import Sandbox
from bot.settings import Settings
from tests.support import ROOT
from tests.support.environments import PATIENCE
from tests.support.processes import launch, settings

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
BLOCK = re.compile(
    r"^(?: *<!-- ([^\n]*) -->\n)?( *)```(\w*)\n(.*?)^\2```$", re.MULTILINE | re.DOTALL
)
NOT_RUN = {"needs a server", "takes long"}
# A command of the command line, as it is started from the sources, where it is installed, and in a
# container.
STARTED = re.compile(
    r"(?:main\.py|bin/telegram-bot|run --rm bot|^bot) ([a-z][a-z-]*)([^`|\n]*)", re.MULTILINE
)
COMMANDS = typer.main.get_command(app).commands  # type: ignore[attr-defined]


class Block(NamedTuple):
    """A block of code, with the comment above it."""

    page: Path
    comment: str
    language: str
    code: str

    @property
    def is_run_here(self) -> bool:
        return not self.comment


def blocks(page: Path) -> Iterator[Block]:
    for comment, _indent, language, code in BLOCK.findall(page.read_text("utf-8")):
        yield Block(page, comment, language, code)


BLOCKS = [block for page in PAGES for block in blocks(page)]
RUN_HERE = sorted({block.page for block in BLOCKS if block.is_run_here})


def test_every_block_of_code_is_found() -> None:
    fences = [re.findall(r"^ *```", page.read_text("utf-8"), re.MULTILINE) for page in PAGES]

    assert sum(map(len, fences)) == 2 * len(BLOCKS)


def test_every_block_is_run_or_says_why_not() -> None:
    for page, comment, language, _code in BLOCKS:
        _, by, test = comment.partition("run by ")
        where = f"{page.name}: {comment or language}"
        if by:
            # It reads the page, or at least says that it does what stands there.
            assert page.name in (ROOT / test).read_text("utf-8"), where
        else:
            assert comment in NOT_RUN or (not comment and language in {"sh", "dotenv"}), where


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_command_in_a_page_exists_with_its_options(page: Path) -> None:
    for name, rest in STARTED.findall(page.read_text("utf-8")):
        assert name in COMMANDS, name
        known = {option for parameter in COMMANDS[name].params for option in parameter.opts}
        assert set(re.findall(r"--[a-z][a-z-]*", rest)) <= known, f"{name}{rest}"


def test_what_needs_a_server_can_at_least_be_read_by_a_shell() -> None:
    for block in BLOCKS:
        if block.language == "sh" and not block.is_run_here:
            done = subprocess.run(["bash", "-n"], input=block.code, text=True, check=False)
            assert done.returncode == 0, block


@pytest.fixture
async def folder(tmp_path: Path) -> Path:
    """As it is where the program has run for a day, with a copy of a database of before."""
    (tmp_path / "main.py").write_bytes((ROOT / "main.py").read_bytes())
    database = tmp_path / "data" / "analytics.sqlite3"
    async with AnalyticsService.open(database) as analytics:
        await analytics.record([Interaction(6_000_000_001, InteractionType.COMMAND, utc_now())])
        await analytics.cleanup_old_interactions()
    await backup(database, database.with_name(f"{database.name}.before-schema-4"), None)
    return tmp_path


@pytest.mark.parametrize("page", RUN_HERE, ids=lambda page: page.stem)
async def test_the_blocks_of_a_page_run_one_after_the_other(
    page: Path, folder: Path, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    there = settings(sandbox, folder / "data" / "analytics.sqlite3")
    there |= {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    there |= {"PYTHONPATH": str(ROOT), "BOT_ENV_FILE": os.devnull}
    for block in filter(lambda block: block.is_run_here, blocks(page)):
        if block.language == "dotenv":
            (folder / "some.env").write_text(block.code)
            given = {name.lower(): value for name, value in dotenv_values("some.env").items()}
            Settings(bot_token=sandbox.token, _env_file=None, **given)  # type: ignore
            continue
        process = await launch(["bash", "-euc", block.code], folder, there)
        status, output, errors = await process.ended(PATIENCE)
        assert status == 0, block.code + output + errors
