"""From the wheel or the container file to a running bot, without the source tree."""

import asyncio
import os
import re
import shlex
import shutil
import signal
import stat
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bot.cli.signals import MAX_SHUTDOWN
from bot.sandbox import Sandbox
from tests.support import ROOT
from tests.support.conversation import ask
from tests.support.documents import code
from tests.support.environments import build_wheel, make_venv, run
from tests.support.made_once import made_once
from tests.support.processes import PATIENCE, Process, launch

DEPLOY = ROOT / "deploy"
CONTAINERFILE = (DEPLOY / "Containerfile").read_text("utf-8")
UNIT = (DEPLOY / "telegram-bot.service").read_text("utf-8")


def instructions() -> Iterator[tuple[str, str]]:
    """What the container file says, comments left out."""
    for line in CONTAINERFILE.splitlines():
        if line and not line.startswith("#"):
            name, _, value = line.partition(" ")
            yield name, value


def only(name: str) -> str:
    [value] = [value for found, value in instructions() if found == name]
    return value


def inside(container: Path, text: str) -> str:
    """Paths of the container as they are here."""
    return re.sub(r"(?<![\w.])/(tmp|app|data)\b", rf"{container}/\1", text)


@pytest.fixture(scope="module")
def container(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what the container file makes; its Python works anywhere."""
    folder = tmp_path_factory.mktemp("container")
    image = made_once(tmp_path_factory, "image", make_image)
    return shutil.copytree(image, folder, symlinks=True, dirs_exist_ok=True)


def make_image(folder: Path) -> None:
    """Carry out the steps of the container file in an empty folder with a Python of its own."""
    python = make_venv(folder / "venv")
    (folder / "tmp").mkdir()
    for name, value in instructions():
        if name == "COPY":
            source, target = ROOT / value.split()[0], value.split()[1]
            to = Path(inside(folder, target) if target.startswith("/") else folder / "app" / target)
            if source.is_dir():
                shutil.copytree(source, to, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, to)
        elif name == "WORKDIR":
            Path(inside(folder, value)).mkdir()
        elif name == "RUN":
            command = inside(folder, value)
            if os.getuid():
                command = command.replace(" -o 10001 -g 10001", "")
            path = f"{python.parent}:{os.environ['PATH']}"
            run("bash", "-euc", command, cwd=folder, PATH=path)


@asynccontextmanager
async def running(
    sandbox: Sandbox, cwd: Path, *command: str | Path, **environment: str
) -> AsyncIterator[Process]:
    """A bot from when it polls; killed at the end, if it still runs."""
    process = await launch(command, cwd, {"PATH": os.environ["PATH"]} | environment)
    try:
        await sandbox.called("getUpdates", within=PATIENCE)
        yield process
    finally:
        process.send(signal.SIGKILL)
        await process.ended()


def environment_of(container: Path) -> dict[str, str]:
    fixed = dict(part.split("=", 1) for part in only("ENV").split())
    return {name: inside(container, value) for name, value in fixed.items()}


def entry_of(container: Path) -> list[str]:
    return [inside(container, part) for part in re.findall(r'"(.*?)"', only("ENTRYPOINT"))]


def files_in(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


@pytest.mark.long
async def test_the_container_runs_is_well_writes_only_its_data_and_stops_in_time(
    sandbox: Sandbox, container: Path, port: int
) -> None:
    before = files_in(container)
    environment = environment_of(container) | {
        "BOT_TOKEN": sandbox.token,
        "BOT_API_URL": sandbox.url,
        "METRICS_PORT": str(port),
    }
    bin_ = container / "venv" / "bin"
    entry = entry_of(container)
    check = re.findall(r'"(.*?)"', only("HEALTHCHECK").partition("CMD ")[2])
    check = [inside(container, part) for part in check]
    person = sandbox.person()
    app = container / "app"
    async with running(sandbox, app, bin_ / entry[0], *entry[1:], **environment) as bot:
        await ask(person, "good morning")
        well = await asyncio.create_subprocess_exec(bin_ / check[0], *check[1:], env=environment)
        status_while_running = await well.wait()
        bot.send(signal.SIGTERM)
        status, _, errors = await bot.ended(MAX_SHUTDOWN)
    ill = await asyncio.create_subprocess_exec(
        *(bin_ / check[0], *check[1:]), env=environment, stderr=asyncio.subprocess.DEVNULL
    )
    status_after = await ill.wait()

    assert (status, status_while_running, status_after) == (0, 0, 1), errors
    assert {path.split("/")[0] for path in files_in(container) - before} == {"data"}
    assert stat.S_IMODE((container / "data").stat().st_mode) == 0o700


@pytest.mark.long
async def test_init_in_a_container_writes_to_the_folder_that_it_is_given(
    sandbox: Sandbox, container: Path, tmp_path: Path
) -> None:
    before = files_in(container)
    program, *options = entry_of(container)
    python = container / "venv" / "bin" / program
    answers = ("--token", sandbox.token, "--admin-id", "6000000001")
    where = environment_of(container) | {"BOT_API_URL": sandbox.url}
    await asyncio.to_thread(lambda: run(python, *options, "init", *answers, cwd=tmp_path, **where))

    assert files_in(tmp_path) == {".env"}
    assert files_in(container) == before


def test_the_image_holds_all_of_the_program_and_nothing_else() -> None:
    copied = {value.split()[0] for name, value in instructions() if name == "COPY"}
    allowed = set(re.findall(r"^!(.+)$", (DEPLOY / "Containerfile.dockerignore").read_text(), re.M))

    assert copied == allowed == {
        "analytics", "bot", "scheduler", "main.py", "deploy/requirements.lock"
    }  # fmt: skip
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", only("USER"))


def test_whoever_stops_the_bot_waits_longer_than_it_takes() -> None:
    [compose] = re.findall(r"stop_grace_period: (\d+)s", (DEPLOY / "compose.yaml").read_text())
    [unit] = re.findall(r"TimeoutStopSec=(\d+)", UNIT)

    assert int(compose) > MAX_SHUTDOWN
    assert int(unit) > MAX_SHUTDOWN


@pytest.mark.skipif(not shutil.which("hadolint"), reason="hadolint is not installed")
def test_the_container_file_passes_its_linter() -> None:
    run("hadolint", DEPLOY / "Containerfile", cwd=ROOT)


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not installed")
def test_the_unit_is_valid_and_locked_down(tmp_path: Path) -> None:
    unit = tmp_path / "telegram-bot.service"
    # The program that it starts has to be there.
    unit.write_text(UNIT.replace("/opt/telegram-bot/bin/telegram-bot", sys.executable))
    said = run("bash", "-c", f"systemd-analyze verify {unit} 2>&1", cwd=tmp_path)
    assert [line for line in said.splitlines() if unit.name in line] == []
    # Of 100, the less the better; an ordinary service has 96.
    run("systemd-analyze", "security", "--offline=yes", "--threshold=15", unit, cwd=tmp_path)


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not installed")
def test_what_docs_systemd_md_adds_to_the_unit_is_valid(tmp_path: Path) -> None:
    added = code("docs/systemd.md", "Keep the token in a file of its own", "ini")
    unit = tmp_path / "telegram-bot.service"
    unit.write_text(UNIT.replace("/opt/telegram-bot/bin/telegram-bot", sys.executable))
    (tmp_path / "telegram-bot.service.d").mkdir()
    (tmp_path / "telegram-bot.service.d" / "override.conf").write_text(added)
    said = run("bash", "-c", f"systemd-analyze verify {unit} 2>&1", cwd=tmp_path)

    assert [line for line in said.splitlines() if str(tmp_path) in line] == []


def test_a_call_that_the_unit_forbids_does_not_kill_the_bot() -> None:
    """numpy, below the charts, makes one (mbind) and goes on without."""
    assert "SystemCallErrorNumber=EPERM" in UNIT.splitlines()


@pytest.mark.long
async def test_the_unit_starts_what_the_wheel_installs(
    sandbox: Sandbox, container: Path, tmp_path: Path
) -> None:
    """From a clean folder to a running bot, a backup, a restore, and a green doctor."""
    site = tmp_path / "site"
    wheel = build_wheel(tmp_path / "wheel")
    python = container / "venv" / "bin" / "python"
    run(python, "-m", "pip", "install", "-q", "--no-deps", "--target", site, wheel, cwd=tmp_path)
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    [start] = re.findall(r"^ExecStart=/opt/telegram-bot/bin/(.*)$", UNIT, re.MULTILINE)
    command_name, *options = shlex.split(start)
    program = [str(site / "bin" / command_name), *options]
    where = {"PYTHONPATH": str(site), "BOT_API_URL": sandbox.url}

    assert {path.name for path in site.iterdir() if path.suffix != ".dist-info"} == {
        "analytics", "bin", "bot", "scheduler"
    }  # fmt: skip

    async def command(*arguments: str) -> str:
        return await asyncio.to_thread(lambda: run(*program, *arguments, cwd=home, **where))

    await command("init", "--token", sandbox.token, "--admin-id", "6000000001")
    person = sandbox.person()
    async with running(sandbox, home, *program, **where) as bot:
        await ask(person, "good morning")
        await command("backup", "copies", "--keep", "3")
        await ask(person, "good evening")
        bot.send(signal.SIGTERM)
        status, _, errors = await bot.ended()
    before = await command("stats")
    [copy] = (home / "copies").iterdir()
    await command("restore", str(copy), "--force")
    after = await command("stats")
    doctor = await command("doctor")

    assert (status, "ERROR" in errors) == (0, False)
    assert re.search(r"^ *Stored interactions +2$", before, re.M)
    assert re.search(r"^ *Stored interactions +1$", after, re.M)
    assert "FAIL" not in doctor
    assert not (tmp_path / "wheel" / "source").exists()
