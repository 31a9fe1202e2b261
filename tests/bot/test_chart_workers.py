"""Charts are drawn by processes that know nothing else, delay nobody, and leave nothing behind."""

import asyncio
import json
import logging
import os
import pickle
import select
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from analytics.telegram import charts
from analytics.telegram.charts import ENVIRONMENT, IEND, PNG, Charts, NoChart
from analytics.telegram.charts.themes import LIGHT
from analytics.telegram.charts.wording import chart_request
from tests.support import ROOT
from tests.support.histories import HISTORIES, SMALL
from tests.support.workers import Workers

PATIENCE = 60
SECRET = "BOT_TOKEN", "123456789:canary-canary-canary-canary-canary"


# The program itself, to be changed before it runs.
REAL = f"import os, runpy; worker = runpy.run_path({str(charts.WORKER)!r})\n"


def content(picture: bytes) -> Any:
    return json.loads(picture.removeprefix(PNG).removesuffix(IEND))


def test_a_picture_leaves_nothing_of_matplotlib_in_the_bot() -> None:
    code = """
import asyncio, sys
import bot.app
from analytics.telegram.charts import Charts
from tests.support.histories import SMALL
asyncio.run(Charts().draw(SMALL))
sys.exit(bool({"matplotlib", "numpy", "PIL"} & {*sys.modules}))
"""

    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


WATCHED = """
import json, os, runpy, sys
touched = set()
def note(event, details):
    if event == "open" and (str(details[1])[:1] in "wax" or (details[2] or 0) & os.O_ACCMODE):
        touched.add(str(details[0]))
    elif event in ("os.mkdir", "os.rename", "os.symlink", "subprocess.Popen"):
        touched.add(str(details[0]))
sys.dont_write_bytecode = True
sys.addaudithook(note)
runpy.run_path(sys.argv[1], run_name="__main__")
print(json.dumps([[*touched], [*sys.modules]]), file=sys.stderr)
"""


def test_the_worker_loads_only_what_draws_and_writes_no_file() -> None:
    """Nor does it need a home or a folder for temporary files."""
    asked = pickle.dumps(sys.path) + pickle.dumps(chart_request(SMALL, LIGHT))
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", WATCHED, charts.WORKER],
        env=ENVIRONMENT,
        input=asked,
        capture_output=True,
        check=True,
    )
    touched, modules = json.loads(done.stderr.splitlines()[-1])

    assert done.stdout.startswith(PNG)
    # Where it cannot be, there is no list of fonts.
    tried = {name for name in touched if not name.startswith(os.devnull)}
    assert tried == {"/proc/self/oom_score_adj"}
    wrong = {"aiogram", "aiosqlite", "sqlite3", "matplotlib.pyplot", "pydantic"}
    assert not wrong & {*modules}


async def test_the_worker_gets_no_secret(workers: Workers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(*SECRET)
    workers.run("answer(json.dumps([dict(os.environ), sys.argv]).encode())")
    environment, arguments = content(await Charts().draw(SMALL))

    assert set(environment) <= {*ENVIRONMENT, "LD_LIBRARY_PATH", "LC_CTYPE"}
    assert arguments == [str(workers.folder / "worker.py")]


async def test_pictures_are_drawn_one_at_a_time_and_everyone_gets_theirs(workers: Workers) -> None:
    workers.run("os.close(os.open('busy', os.O_CREAT | os.O_EXCL)); os.remove('busy'); answer()")
    one = Charts()
    pictures = await asyncio.gather(*(one.draw(each) for each in [*HISTORIES.values()] * 3))

    assert all(picture.startswith(PNG) for picture in pictures)
    assert workers.count == len(HISTORIES)


async def test_the_bot_goes_on_while_a_picture_is_drawn(workers: Workers) -> None:
    """Whoever draws waits for something that happens on the loop."""

    def go_on(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"go on")
        writer.close()

    workers.run("s = socket.socket(socket.AF_UNIX); s.connect('loop'); answer(s.recv(9))")
    async with await asyncio.start_unix_server(go_on, workers.folder / "loop"):
        assert await Charts().draw(SMALL) == PNG + b"go on" + IEND


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("os.kill(os.getpid(), signal.SIGKILL)", "status -9"),
        ("sys.exit(1)", "status 1"),
        ("raise MemoryError", "status 1"),
        ("sys.stdout.buffer.write(begin)", ".PNG"),
        ("print('ModuleNotFoundError', end='')", "ModuleNotFoundError"),
        ("signal.pause()", "TimeoutError"),
    ],
    ids=["killed", "failed", "no memory", "half a picture", "no matplotlib", "hangs"],
)
async def test_a_worker_that_fails_is_one_error_and_the_next_one_draws(
    workers: Workers,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    code: str,
    reason: str,
) -> None:
    monkeypatch.setattr(charts, "TIMEOUT", 0.5 if "pause" in code else PATIENCE)
    workers.run(code)
    one = Charts()
    with pytest.raises(NoChart, match=reason):
        await one.draw(SMALL)
    monkeypatch.setattr(charts, "TIMEOUT", PATIENCE)
    workers.run("answer()")

    assert workers.alive == []
    assert await one.draw(SMALL) == PNG + IEND
    [line] = [each for each in caplog.records if each.name.startswith("analytics")]
    assert line.levelno == logging.WARNING


@pytest.mark.parametrize("python", ["/no/such/python", "", None])
async def test_where_no_process_can_be_started_it_is_the_same_error(
    monkeypatch: pytest.MonkeyPatch, python: str | None
) -> None:
    monkeypatch.setattr(sys, "executable", python)
    with pytest.raises(NoChart):
        await Charts().draw(SMALL)


async def test_the_error_of_a_worker_has_a_type_and_no_message(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The message of this one would be a path."""
    monkeypatch.setattr(sys, "path", ["/nowhere/canary"])
    with pytest.raises(NoChart, match="ModuleNotFoundError"):
        await Charts().draw(SMALL)

    assert "canary" not in caplog.text


async def test_whoever_stops_waiting_leaves_no_process(workers: Workers) -> None:
    begun = asyncio.Event()
    workers.run("socket.socket(socket.AF_UNIX).connect('loop'); signal.pause()")

    def begin(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        begun.set()
        writer.close()

    async with await asyncio.start_unix_server(begin, workers.folder / "loop"):
        drawing = asyncio.create_task(Charts().draw(SMALL))
        async with asyncio.timeout(PATIENCE):
            await begun.wait()
        drawing.cancel()
        await asyncio.wait({drawing})

    assert drawing.cancelled()
    assert workers.count == 1
    assert workers.alive == []


async def test_ctrl_c_in_a_terminal_is_not_for_the_worker(workers: Workers) -> None:
    workers.run("answer(json.dumps([os.getsid(0), os.getpid()]).encode())")
    session, worker = content(await Charts().draw(SMALL))

    assert session == worker


def test_what_stops_all_processes_of_a_bot_waits_for_the_picture() -> None:
    """As systemd does."""
    drawing = f"""{REAL}
def draw():
    os.kill(os.getpid(), 15)
    return b"drawn"
worker["main"].__globals__["draw"] = draw
worker["main"]()
"""
    command = [sys.executable, "-c", drawing]

    assert subprocess.check_output(command, input=pickle.dumps(sys.path)) == b"drawn"


EMBEDDED = """
import asyncio, os, sys
sys.path.insert(0, {root!r})
from analytics.telegram.charts import Charts
from tests.support.histories import SMALL
print("main runs", flush=True)
print(asyncio.run(Charts().draw(SMALL))[1:4].decode())
"""


@pytest.mark.parametrize("options", [[], ["-P"], ["-I"], ["-E", "-s"]], ids=" ".join)
def test_in_any_bot_its_own_program_runs_once(tmp_path: Path, options: list[str]) -> None:
    """Wherever its modules are, and whatever is beside it or in its folder."""
    program = tmp_path / "bot.py"
    program.write_text(EMBEDDED.format(root=str(ROOT)))
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "matplotlib.py").write_text("raise SystemExit('the wrong one')")
    done = subprocess.run(
        [sys.executable, *options, program],
        cwd=tmp_path / "elsewhere",
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stdout.split("\n") == ["main runs", "PNG", ""], done.stderr


KILLED = """
import asyncio, sys
from pathlib import Path
from analytics.telegram import charts
from tests.support.histories import SMALL
charts.WORKER = Path(sys.argv[1])
asyncio.run(charts.Charts().draw(SMALL))
"""


def test_a_worker_ends_when_its_bot_was_killed(tmp_path: Path) -> None:
    waiting, going = tmp_path / "waiting", tmp_path / "going"
    for each in (waiting, going):
        os.mkfifo(each)
    worker = tmp_path / "worker.py"
    waits = "open('waiting', 'w').write(str(os.getpid())); open('going').read()\n"
    worker.write_text(f"{REAL}{waits}worker['main']()")
    bot = subprocess.Popen([sys.executable, "-c", KILLED, worker], cwd=ROOT)
    pid = int(waiting.read_text())
    ended = select.poll()
    ended.register(os.pidfd_open(pid), select.POLLIN)
    bot.kill()
    bot.wait()
    going.write_text("")

    assert ended.poll(1000 * PATIENCE)


def test_a_worker_that_hangs_ends_by_itself() -> None:
    """Also if its bot was killed; this one waits for what it is to draw."""
    hangs = f"{REAL}worker['main'].__globals__['MAX_SECONDS'] = 0.1; worker['main']()"
    waiting = subprocess.Popen([sys.executable, "-c", hangs], stdin=subprocess.PIPE)

    assert waiting.wait(PATIENCE) == -signal.SIGALRM
    assert waiting.stdin is not None
    waiting.stdin.close()
