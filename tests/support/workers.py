"""Programs in the place of the one that draws charts: they answer, wait, fail or hang."""

from pathlib import Path

import pytest

from analytics.telegram import charts

# What a picture begins and ends with.
FRAME = "b'\\x89PNG', b'IEND\\xaeB`\\x82'"
BEGIN = f"""
import json, os, signal, socket, sys
sys.stdin.buffer.read()
begin, end = {FRAME}
open('started', 'a').write(str(os.getpid()) + chr(10))
def answer(content=b''):
    sys.stdout.buffer.write(begin + content + end)
"""


class Workers:
    """Counts the processes that were started to draw; each runs `code` in a folder of its own."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.run("answer()")
        monkeypatch.setattr(charts, "WORKER", folder / "worker.py")

    def run(self, code: str) -> None:
        """From now on."""
        (self.folder / "worker.py").write_text(BEGIN + code)

    @property
    def pids(self) -> list[int]:
        started = self.folder / "started"
        return [int(pid) for pid in started.read_text().split()] if started.exists() else []

    @property
    def count(self) -> int:
        return len(self.pids)

    @property
    def alive(self) -> list[int]:
        return [pid for pid in self.pids if Path(f"/proc/{pid}").exists()]
