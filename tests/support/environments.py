"""What deployment installs into: a folder with its own Python, and nothing of this repository."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.support import ROOT

PATIENCE = 300.0


def run(*arguments: str | Path, cwd: Path, **environment: str) -> str:
    """What a command prints; its errors are in the AssertionError if it fails."""
    done = subprocess.run(
        list(map(str, arguments)),
        cwd=cwd,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def make_venv(folder: Path) -> Path:
    """A virtual environment; returns its Python."""
    run(sys.executable, "-m", "venv", folder, cwd=folder.parent)
    return folder / "bin" / "python"


def build_wheel(folder: Path) -> Path:
    """From a copy of the sources: building leaves files behind."""
    source = folder / "source"
    source.mkdir(parents=True)
    ignore = shutil.ignore_patterns("__pycache__")
    for name in ("analytics", "bot", "scheduler"):
        shutil.copytree(ROOT / name, source / name, ignore=ignore)
    for name in ("main.py", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    run(sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", folder, source, cwd=folder)
    [wheel] = folder.glob("*.whl")
    shutil.rmtree(source)
    return wheel
