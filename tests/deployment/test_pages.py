"""Every block of code in the documents is run, or says above it why not.

`<!-- needs a server -->` and `<!-- takes long -->` are not run; `<!-- run by FILE -->` names the
test module that takes it from its page to run it, or `.ci/run`. All other blocks of a page are run
here, one after the other.
"""

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

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
from tests.support.documents import PAGES, Block, blocks, code
from tests.support.environments import PATIENCE
from tests.support.processes import launch, settings

NOT_RUN = {"needs a server", "takes long"}
# A command of the command line, as it is started from the sources, where it is installed, and in a
# container.
STARTED = re.compile(
    r"(?:main\.py|bin/telegram-bot|run --rm bot|telegram-bot-bot|^bot) ([a-z][a-z-]*)([^`|\n]*)",
    re.MULTILINE,
)
COMMANDS = typer.main.get_command(app).commands  # type: ignore[attr-defined]
BLOCKS = [block for page in PAGES for block in blocks(str(page.relative_to(ROOT)))]
RUN_HERE = sorted({block.page for block in BLOCKS if not block.comment})


def run_by(module: str) -> Iterator[tuple[str, str, str]]:
    """The page, heading and language of each block that a test module, or `.ci/run`, runs."""
    text = (ROOT / module).read_text("utf-8")
    if module == ".ci/run":
        for page, heading in re.findall(r'^ *run_block (\S+) "(.+)"', text, re.MULTILINE):
            yield page, heading, "sh"
        return
    for node in ast.walk(ast.parse(text)):
        match node:
            case ast.Call(func=ast.Name(id=code.__name__)):
                page, heading, language = map(ast.literal_eval, node.args)
                yield page, heading, language


def test_every_block_of_code_is_found() -> None:
    fences = [re.findall(r"^ *```", page.read_text("utf-8"), re.MULTILINE) for page in PAGES]

    assert sum(map(len, fences)) == 2 * len(BLOCKS)


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: f"{block.page}:{block.heading}")
def test_every_block_is_run_or_says_why_not(block: Block) -> None:
    _, by, module = block.comment.partition("run by ")

    if by:
        assert (block.page, block.heading, block.language) in run_by(module)
    else:
        assert block.comment in NOT_RUN or block.comment == "", block.comment
        assert block.comment or block.language in {"sh", "dotenv"}


def test_no_two_blocks_that_are_run_elsewhere_are_taken_for_each_other() -> None:
    for block in BLOCKS:
        if "run by " in block.comment:
            assert code(block.page, block.heading, block.language) == block.code


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_command_in_a_page_exists_with_its_options(page: Path) -> None:
    for name, rest in STARTED.findall(page.read_text("utf-8")):
        assert name in COMMANDS, name
        known = {option for parameter in COMMANDS[name].params for option in parameter.opts}
        assert set(re.findall(r"--[a-z][a-z-]*", rest)) <= known, f"{name}{rest}"


def test_what_needs_a_server_can_at_least_be_read_by_a_shell() -> None:
    for block in BLOCKS:
        if block.language == "sh" and block.comment:
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


@pytest.mark.parametrize("page", RUN_HERE)
async def test_the_blocks_of_a_page_run_one_after_the_other(
    page: str, folder: Path, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    there = settings(sandbox, folder / "data" / "analytics.sqlite3")
    there |= {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    there |= {"PYTHONPATH": str(ROOT), "BOT_ENV_FILE": os.devnull}
    for block in filter(lambda block: not block.comment, blocks(page)):
        if block.language == "dotenv":
            (folder / "some.env").write_text(block.code)
            given = {name.lower(): value for name, value in dotenv_values("some.env").items()}
            Settings(bot_token=sandbox.token, _env_file=None, **given)  # type: ignore
            continue
        process = await launch(["bash", "-euc", block.code], folder, there)
        status, output, errors = await process.ended(PATIENCE)
        assert status == 0, block.code + output + errors
