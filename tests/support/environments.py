"""What deployment installs into: a folder with its own Python, and nothing of this repository."""

import os
import shutil
import subprocess
import sys
from importlib.metadata import Distribution, PathDistribution, distribution
from pathlib import Path

from packaging.requirements import Requirement

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
    pip = (sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation")
    run(*pip, "-w", folder, source, cwd=folder)
    [wheel] = folder.glob("*.whl")
    shutil.rmtree(source)
    return wheel


def install(wheel: Path, folder: Path, *extras: str) -> Path:
    """A virtual environment with the wheel and what it requires, nothing else; returns its Python.

    What an extra requires is only there if it is given.

    What it requires is linked from the environment of the tests, which saves its download; the
    sources of this repository cannot be imported there.
    """
    run(sys.executable, "-m", "venv", "--without-pip", folder, cwd=folder.parent)
    python = folder / "bin" / "python"
    pip = (sys.executable, "-m", "pip", "--python", python, "install", "-q")
    run(*pip, "--no-deps", "--no-index", wheel, cwd=folder)
    [site] = folder.glob("lib/python*/site-packages")
    [info] = site.glob(f"{wheel.name.split('-')[0]}-*.dist-info")
    for required in required_by(PathDistribution(info), *extras).values():
        for name in {file.parts[0] for file in required.files or ()} - {"..", "__pycache__"}:
            if not (site / name).exists():
                (site / name).symlink_to(str(required.locate_file(name)))
    return python


def required_by(dependent: Distribution, *extras: str) -> dict[str, Distribution]:
    """What a distribution, with extras, requires, and what that requires, by name."""
    found: dict[str, Distribution] = {}
    waiting = [(dependent, extra) for extra in ("", *extras)]
    seen: set[tuple[str, str]] = set()
    while waiting:
        dependent, extra = waiting.pop()
        for requirement in map(Requirement, dependent.requires or ()):
            if requirement.marker and not requirement.marker.evaluate({"extra": extra}):
                continue
            found[requirement.name] = distribution(requirement.name)
            for each in {(requirement.name, extra) for extra in ("", *requirement.extras)} - seen:
                seen.add(each)
                waiting.append((found[requirement.name], each[1]))
    return found
