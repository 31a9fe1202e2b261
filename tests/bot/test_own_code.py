"""Loggers of the project and of a fork are known without a list; libraries stay templates."""

import colorsys
import logging
import shutil
import sys
import sysconfig
from pathlib import Path

import pytest

from bot.logs.own_code import is_own
from tests.support import ROOT
from tests.support.environments import run

# A module that logs under its own name, under another one, and without one.
SPEAKING = """
import logging

def speak():
    logging.getLogger(__name__).warning("%s by name", 7)
    logging.getLogger("told-by-" + __name__).warning("%s by file", 7)
    logging.warning("%s at the root", 7)
"""
MAIN = """
import sys
sys.path += sys.argv[1:]

from bot import logs
import installed, shop, single, vendor.library

logs.set_up("INFO")
for module in (shop, single, installed, vendor.library):
    print(module.__name__, file=sys.stderr)
    module.speak()
print(file=sys.stderr)
exec("import logging; logging.getLogger('made').warning('%s', 7)", {"__name__": "made"})
"""
ALL = ["7 by name", "7 by file", "7 at the root"]
TEMPLATES = ["... by name", "... by file", "... at the root"]


def write(folder: Path, *modules: str) -> None:
    for module in modules:
        path = folder / module
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(SPEAKING, "utf-8")


def record(folder: Path, name: str, *files: str) -> None:
    """Note an installation."""
    (folder / f"{name}-1.0.dist-info").mkdir(parents=True)
    lines = [f"{file},sha256=0,1" for file in files]
    (folder / f"{name}-1.0.dist-info" / "RECORD").write_text("\n".join(lines), "utf-8")


def said(folder: Path, *paths: Path) -> dict[str, list[str]]:
    """What each module has said, as the log has it."""
    output = run(
        "bash", "-c", '"$@" 2>&1', "-", sys.executable, "main.py", *paths, cwd=folder, PYTHONPATH=""
    )
    found: dict[str, list[str]] = {}
    for line in output.splitlines():
        if " WARNING " in line:
            found[next(reversed(found))].append(line.partition(": ")[2])
        else:
            found[line] = []
    return found


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    for name in ("analytics", "bot", "scheduler"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "main.py").write_text(MAIN, "utf-8")
    return folder


def test_what_lies_beside_main_is_the_projects_but_not_what_is_installed_there(
    project: Path,
) -> None:
    site = project / ".venv" / "lib" / "site-packages"
    write(project, "shop/__init__.py", "single.py")
    write(site, "installed.py")
    record(site, "installed", "installed.py")
    write(project / "libs", "vendor/library.py")
    record(project / "libs", "vendor", "vendor/library.py")

    assert said(project, site, project / "libs") == {
        "shop": ALL,
        "single": ALL,
        "installed": TEMPLATES,
        "vendor.library": TEMPLATES,
        # What is in no file may be a person's.
        "": ["..."],
    }


def test_what_is_installed_with_the_bot_is_the_projects_and_nothing_beside_it(
    project: Path, tmp_path: Path
) -> None:
    (tmp_path / "main.py").write_text(MAIN, "utf-8")
    write(project, "shop/__init__.py", "single.py", "installed.py", "vendor/library.py")
    record(project, "a_fork", "bot/__init__.py", "shop/__init__.py", "single.py")
    record(project, "others", "installed.py", "vendor/library.py")

    assert said(tmp_path, project) == {
        "shop": ALL,
        "single": ALL,
        "installed": TEMPLATES,
        "vendor.library": TEMPLATES,
        "": ["..."],
    }


def test_a_main_elsewhere_brings_its_own_packages_to_an_installed_bot(
    project: Path, tmp_path: Path
) -> None:
    (tmp_path / "fork").mkdir()
    shutil.move(project / "main.py", tmp_path / "fork")
    write(tmp_path / "fork", "shop/__init__.py", "single.py")
    write(project, "installed.py")
    write(tmp_path / "elsewhere", "vendor/library.py")
    record(tmp_path / "elsewhere", "vendor", "vendor/library.py")
    record(project, "bot", "bot/__init__.py")

    assert said(tmp_path / "fork", project, tmp_path / "elsewhere") == {
        "shop": ALL,
        "single": ALL,
        "installed": TEMPLATES,
        "vendor.library": TEMPLATES,
        "": ["..."],
    }


def test_the_standard_library_is_a_library_even_beside_main(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As in an environment that has its own, in the project's folder."""
    main = Path(sysconfig.get_path("stdlib")).parent / "main.py"
    monkeypatch.setattr(sys.modules["__main__"], "__file__", str(main), raising=False)

    assert not is_own(logging.LogRecord("no module", 20, colorsys.__file__, 1, "", (), None))
