"""Code of somebody's bot, written to files and imported."""

import importlib
import sys
from pathlib import Path
from types import ModuleType

import pytest


def imported(folder: Path, file: str, code: str, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Import a new module from a file of `folder`, or of the folder `site-packages` in it."""
    path = folder / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(code, "utf-8")
    root = folder / "site-packages" if file.startswith("site-packages/") else folder
    monkeypatch.syspath_prepend(str(root))
    name = ".".join(path.relative_to(root).with_suffix("").parts)
    module = importlib.import_module(name)
    monkeypatch.setitem(sys.modules, name, module)
    return module
