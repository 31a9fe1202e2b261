"""The wheel: what another bot needs and no more, with types, and this bot as an extra."""

import re
import shutil
import sys
from collections.abc import Callable
from importlib.metadata import PathDistribution
from pathlib import Path

import pytest

from bot.sandbox import Person
from tests.support import ROOT
from tests.support.conversation import ask
from tests.support.environments import build_wheel, install, run
from tests.support.foreign_bots import Foreign

# What only this bot needs, as modules.
OF_THE_BOT = {"aiohttp_socks", "matplotlib", "prometheus_client", "pydantic_settings", "rich"}
THREE_LINES = """\
from aiogram import Bot, Dispatcher

from analytics.telegram import ALL_UPDATES, attach


async def run(bot: Bot, dispatcher: Dispatcher) -> None:
    async with attach(bot, dispatcher, admin_ids={42}):
        await dispatcher.start_polling(bot, allowed_updates=ALL_UPDATES)
"""


def site(python: Path) -> Path:
    [folder] = python.parent.parent.glob("lib/python*/site-packages")
    return folder


def test_it_installs_packages_with_types_and_no_module(python: Path) -> None:
    [info] = site(python).glob("telegram_bot_*.dist-info")
    files = {str(file) for file in PathDistribution(info).files or ()}
    top = {file.split("/")[0] for file in files if not file.startswith("..")}

    assert top == {"analytics", "bot", "scheduler", info.name}
    assert "analytics/py.typed" in files


def test_the_analytics_need_nothing_that_only_the_bot_needs(python: Path, tmp_path: Path) -> None:
    code = f"""
from importlib.util import find_spec
import analytics, analytics.telegram
print([name for name in {OF_THE_BOT} if find_spec(name)])
"""

    assert run(python, "-c", code, cwd=tmp_path).strip() == "[]"


def test_a_program_that_uses_it_is_checked_strictly(python: Path, tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(THREE_LINES, "utf-8")
    wrong = THREE_LINES.replace("admin_ids={42}", 'admin_ids="42"')
    (tmp_path / "wrong.py").write_text(wrong, "utf-8")
    mypy = (sys.executable, "-m", "mypy", "--strict", "--python-executable", python)
    run(*mypy, "program.py", cwd=tmp_path)

    with pytest.raises(AssertionError, match='"admin_ids" to "attach" has incompatible type'):
        run(*mypy, "wrong.py", cwd=tmp_path)


async def test_without_the_extra_for_charts_an_admin_is_told_how_to_install_it(
    foreign: Callable[[str], Foreign], admin: Person
) -> None:
    async with foreign("survey").running():
        await ask(admin, "hello")
        await ask(admin, "/stats")
        await admin.clicks("📈 Chart")
        told = (await admin.answer()).text

    assert "pip install 'telegram-bot-with-private-analytics[charts]'" in told


def test_without_the_extra_of_the_bot_its_command_says_what_to_install(
    python: Path, tmp_path: Path
) -> None:
    command = python.parent / "telegram-bot"
    with pytest.raises(AssertionError) as failed:
        run(command, "--help", cwd=tmp_path)

    assert re.search(r"\w+ is not installed: run pip install -e '\.\[bot\]'", str(failed.value))
    assert "Traceback" not in str(failed.value)


@pytest.fixture(scope="module")
def bot_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment with the wheel and its extra for this bot."""
    folder = tmp_path_factory.mktemp("bot")
    return install(build_wheel(folder / "wheel"), folder / "venv", "bot")


def said(*command: str | Path, cwd: Path) -> str:
    """What a command prints, to stderr too, whether it fails or not."""
    return run("bash", "-c", '"$@" 2>&1 || true', "-", *command, cwd=cwd, COLUMNS="100")


def test_the_command_is_the_same_as_main_py(bot_python: Path, tmp_path: Path) -> None:
    command = bot_python.parent / "telegram-bot"
    (tmp_path / ".env").write_text("RETENTION_DAYS=ninety", "utf-8")
    copy = tmp_path / "copy"
    for name in ("analytics", "bot", "scheduler"):
        shutil.copytree(ROOT / name, copy / name)
    shutil.copy(ROOT / "main.py", copy)
    for arguments in (["--help"], ["stats", "--help"], ["--version"], ["stats"], ["nothing"]):
        installed = said(command, *arguments, cwd=tmp_path)
        from_source = said(bot_python, copy / "main.py", *arguments, cwd=tmp_path)

        assert installed.replace("telegram-bot", "main.py").split() == from_source.split()
    assert 'RETENTION_DAYS is "ninety"' in said(command, "stats", cwd=tmp_path)
