"""What the program is started in: an empty folder, a terminal, a system, a user with tastes."""

import asyncio
import hashlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from analytics.telegram.charts import Charts
from bot.cli.signals import on_stop_signals
from bot.settings import Settings
from tests.support import ROOT
from tests.support.command_line import invoke
from tests.support.histories import SMALL

# Each as somebody would type it who thinks that there is a database.
COMMANDS = [
    ["stats"], ["cleanup"], ["cleanup", "--dry-run"], ["records"], ["audit"], ["encrypt"],
    ["export", "--user", "6000000001"], ["export", "--aggregates"], ["backup", "copy"],
    ["backup", "copies", "--keep", "3"], ["restore", "copy"], ["restore", "copy", "--force"],
    ["erase", "--user", "6000000001"], ["erase", "--everyone"], ["rotate-key"],
    ["rotate-key", "--yes"], ["move", "--to", "postgresql://127.0.0.1/none"],
]  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_in_an_empty_folder_a_command_makes_nothing_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    if command == ["encrypt"]:
        monkeypatch.setenv("DATABASE_KEY", "ab" * 32)
    result = invoke(*command, answer="erase everyone\ny\n")

    assert result.exit_code == 2
    assert "does not exist" in result.output
    assert "Replace the key?" not in result.output
    assert list(tmp_path.iterdir()) == []


class LoopOfWindows(asyncio.SelectorEventLoop):
    """As far as it can be had here: without the handlers that Windows' loops do not have."""

    def add_signal_handler(self, sig: int, callback: Callable[..., object], *args: object) -> None:
        raise NotImplementedError


@pytest.mark.parametrize("loop_class", [asyncio.SelectorEventLoop, LoopOfWindows])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_a_loop_that_waits(
    loop_class: type[asyncio.SelectorEventLoop], number: int
) -> None:
    async def wait() -> None:
        stop = asyncio.Event()
        on_stop_signals(asyncio.get_running_loop(), stop.set)
        os.kill(os.getpid(), number)
        async with asyncio.timeout(60):
            await stop.wait()

    before = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)}
    loop = loop_class()
    try:
        loop.run_until_complete(wait())
    finally:
        loop.close()
        for each, handler in before.items():
            signal.signal(each, handler)


SAID = "Days – “90” … ▲ 12 % ▼ 3 % █▌ · Größe ⚠️ 📈 Використання"


@pytest.mark.parametrize(
    ("encoding", "read"),
    [
        ("utf-8", SAID),
        ("ascii", 'Days - "90" ... ^ 12 % v 3 % ## * Grosse ? ? ????????????'),
        ("cp1252", "Days – “90” … ^ 12 % v 3 % ## · Größe ? ? ????????????"),
        ("koi8-u", 'Days - "90" ... ^ 12 % v 3 % █▌ · Grosse ? ? Використання'),
    ],
)
def test_what_is_printed_can_be_read_in_any_encoding(encoding: str, read: str) -> None:
    code = f"from bot import terminal; terminal.prepare(); print({SAID!r})"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "PYTHONIOENCODING": encoding},
        capture_output=True,
        check=True,
    )

    assert done.stdout.decode(encoding).strip() == read


TASTES = """
text.usetex: True
font.family: a font that nobody has
figure.facecolor: black
axes.grid: True
lines.linewidth: 20
xtick.labelsize: 60
"""


@pytest.mark.parametrize(
    "backend", ["module://matplotlib_inline.backend_inline", "TkAgg", "no such backend"]
)
def test_a_chart_is_the_same_whatever_the_user_draws_with(tmp_path: Path, backend: str) -> None:
    usual = hashlib.sha256(asyncio.run(Charts().draw(SMALL))).hexdigest()
    (tmp_path / "matplotlibrc").write_text(TASTES)
    (tmp_path / ".config" / "matplotlib").mkdir(parents=True)
    (tmp_path / ".config" / "matplotlib" / "matplotlibrc").write_bytes(b"\xff no text")
    code = (
        "import asyncio, hashlib; from analytics.telegram.charts import Charts; "
        "from tests.support.histories import SMALL; "
        "print(hashlib.sha256(asyncio.run(Charts().draw(SMALL))).hexdigest())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "MPLBACKEND": backend}
        | {"HOME": str(tmp_path), "MATPLOTLIBRC": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stdout.strip() == usual, done.stderr


def test_from_another_folder_the_program_finds_the_settings_beside_it(tmp_path: Path) -> None:
    program, elsewhere = tmp_path / "program", tmp_path / "elsewhere"
    ignore = shutil.ignore_patterns("__pycache__")
    for name in ("analytics", "bot", "scheduler"):
        shutil.copytree(ROOT / name, program / name, ignore=ignore)
    shutil.copy(ROOT / "main.py", program)
    (program / ".env").write_text("BACKUP_DIR=copies\n")
    elsewhere.mkdir()
    done = subprocess.run(
        [sys.executable, str(program / "main.py"), "stats"],
        cwd=elsewhere,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 2
    assert done.stderr.startswith(f"{program}/data/analytics.sqlite3 does not exist")
    assert list(elsewhere.iterdir()) == []


def test_the_language_of_the_desktop_changes_nothing_that_is_printed() -> None:
    def help_(**environment: str) -> str:
        return subprocess.run(
            [sys.executable, "main.py", "cleanup", "--days", "none"],
            cwd=ROOT,
            env={"PATH": os.environ["PATH"], "BOT_ENV_FILE": os.devnull, **environment},
            capture_output=True,
            text=True,
            check=False,
        ).stderr

    assert '--days is "none"' in help_()
    assert help_(LANGUAGE="de_AT:de:en", LC_MESSAGES="de_DE.UTF-8") == help_()
