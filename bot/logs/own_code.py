"""Tell the code of this project, or of a fork, from that of libraries."""

import logging
import re
import sys
import sysconfig
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType

# The folder that holds the package `bot`: that of `main.py`, or where this bot is installed.
PROJECT = Path(__file__).resolve().parents[2]
STANDARD_LIBRARY = {Path(sysconfig.get_path(name)).resolve() for name in ("stdlib", "platstdlib")}


def is_own(record: logging.LogRecord) -> bool:
    """Tell whether a log record comes from a module of the project, rather than from a library.

    The logger's name says so if it begins with that of a module, otherwise the file that logs.
    """
    module = sys.modules.get(record.name.partition(".")[0])
    return _is_own_file(record.pathname if module is None else _file(module))


def own_modules() -> Iterator[ModuleType]:
    """Return the modules of the project that are loaded."""
    loaded = dict(sys.modules)
    own = {name for name in loaded if "." not in name and _is_own_file(_file(loaded[name]))}
    return (module for name, module in loaded.items() if name.partition(".")[0] in own)


def _file(module: ModuleType) -> str:
    """Return the file of a module, the folder of a package without `__init__.py`, or nothing."""
    file: str | None = getattr(module, "__file__", None)
    return file or next(iter(getattr(module, "__path__", ())), "")


@cache
def _is_own_file(file: str) -> bool:
    """Tell whether a file lies beside `main.py`, or in this bot's distribution if it is installed.

    Anything else is a library: what is installed, such as in `.venv` beside `main.py`, and what
    lies elsewhere.
    """
    path = Path(file).resolve()
    if not file or not path.exists():  # such as "<string>", which may be a person's
        return False
    installed_in = _installed_in(path.parent)
    if installed_in is not None:
        return installed_in == PROJECT and path.relative_to(PROJECT).parts[0] in _distribution()
    main = Path(getattr(sys.modules["__main__"], "__file__", None) or PROJECT / "main.py").resolve()
    is_beside_main = path.is_relative_to(PROJECT) or path.is_relative_to(main.parent)
    return is_beside_main and not any(path.is_relative_to(each) for each in STANDARD_LIBRARY)


@cache
def _installed_in(folder: Path) -> Path | None:
    """Return the folder of installed distributions that `folder` is or lies in, None if in none."""
    if any(folder.glob("*.dist-info")):
        return folder
    return None if folder.parent == folder else _installed_in(folder.parent)


@cache
def _distribution() -> frozenset[str]:
    """Return the names of files and folders, beside the package `bot`, that its installation made.

    A fork that is installed may have more packages than this project.
    """
    for record in PROJECT.glob("*.dist-info/RECORD"):
        files = record.read_text("utf-8").splitlines()
        if any(file.startswith("bot/__init__.py,") for file in files):
            return frozenset(re.split("[/,]", file)[0] for file in files)
    return frozenset()
