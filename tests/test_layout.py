"""The arrows: main -> bot -> analytics, bot -> scheduler; no others."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
OURS = {"analytics", "bot", "main", "scheduler", "tests"}
ALLOWED = {
    "analytics": {"analytics"},
    "scheduler": {"scheduler"},
    "bot": {"analytics", "bot", "scheduler"},
}


def imports(file: Path) -> set[str]:
    """Top-level names of everything a file imports, wherever in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {name.name.split(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: a relative import hides the arrow"
            found.add((node.module or "").split(".")[0])
    return found


@pytest.mark.parametrize("package", sorted(ALLOWED))
def test_arrows_point_one_way(package: str) -> None:
    for file in sorted((ROOT / package).rglob("*.py")):
        assert imports(file) & OURS <= ALLOWED[package], file.relative_to(ROOT)


@pytest.mark.parametrize("package", ["analytics", "scheduler"])
def test_only_the_bot_and_one_room_of_the_analytics_know_telegram(package: str) -> None:
    for file in sorted((ROOT / package).rglob("*.py")):
        if ROOT / "analytics" / "telegram" in file.parents:
            continue
        assert "aiogram" not in imports(file), file.relative_to(ROOT)


def test_commands_that_only_work_on_the_data_do_not_load_aiogram() -> None:
    code = "import sys, bot.cli.app; sys.exit('aiogram' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
