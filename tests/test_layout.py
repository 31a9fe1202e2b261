"""The arrows: main -> bot -> analytics.telegram -> analytics, bot -> scheduler; no others."""

import ast
import importlib
import re
import subprocess
import sys
from collections import Counter
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from tests.support import ROOT

OURS = {"analytics", "bot", "main", "scheduler", "tests"}
ALLOWED = {
    "analytics": {"analytics"},
    "scheduler": {"scheduler"},
    "bot": {"analytics", "bot", "scheduler"},
}
# What a room of the analytics may not see, each with the rooms inside it.
UNSEEN = {
    "sqlite": {"postgres", "statistics", "privacy", "maintenance", "telegram"},
    "postgres": {"sqlite", "statistics", "privacy", "maintenance", "telegram"},
    "events": {"sqlite", "postgres", "statistics", "privacy", "maintenance", "telegram"},
    "maintenance": {"sqlite", "postgres", "telegram"},
    "privacy": {"sqlite", "postgres", "telegram"},
    "statistics": {"sqlite", "postgres", "telegram"},
    "telegram": {"sqlite", "postgres"},
}
# The only modules outside the SQLite store that see it. All others ask through `analytics.store`.
SEE_SQLITE = {
    "analytics": "the door, through which commands reach the files",
    "analytics.any_store": "chooses and opens the store",
    "analytics.diagnosing": "finds what waits in a file of this machine",
    "analytics.moving": "moves a file to a server, and back",
    "analytics.service": "has the files of its process",
}
# Modules of one name in one package are the same thing at two levels.
SAME_THING = {
    "analytics": {
        "active_people": "what becomes of the people of a batch, and the queries",
        "alerts": "the alerts, and the command that mutes them",
        "audit": "the audit log, the command that shows it, and its words",
        "cleanup": "the command, and its words",
        "diagnostics": "of a file, and of a server",
        "lease": "the protocol, and the row of a server",
        "links": "start links: the service's, the queries, the command, and its words",
        "maintenance": "what any database needs, and what only a file does",
        "moving": "the move, and each store's part in it",
        "notes": "the notes, the command, its words, and the queries",
        "outcomes": "measured at Telegram, and counted for reports",
        "personal_data": "the rights of a person, and the queries",
        "privacy": "what is promised, and the policy that says so",
        "recording": "from the update to the commit: at Telegram, in the service, in SQL",
        "retention": "what is past it, and the queries",
        "rights": "the commands, and their words",
        "spool": "the protocol, and the file",
        "statistics": "the reports, and the queries",
        "stats": "the command, and its words",
        "store": "the protocol, and the one in a file",
    },
    "bot": {
        "app": "the bot, and the command line",
        "dialogues": "their storage, and the command that ends one",
        "demo": "the demo, and the command that plays it",
        "errors": "the errors, and how a command ends with one",
        "health": "the health check, and the command that asks it",
        "menus": "the bot's end, and Telegram's in the sandbox",
        "records": "the command that prints stored rows, and the view of them",
        "web": "the admin page, and the command in the chat that leads to it",
        "webhook": "the bot's end, and Telegram's in the sandbox",
    },
    "scheduler": {},
}
DOORS = {
    name: set(importlib.import_module(name).__all__) for name in ("analytics", "analytics.telegram")
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


def modules_imported(file: Path) -> set[str]:
    """Dotted names of our own modules that a file imports, wherever in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            parts = {f"{node.module}.{name.name}" for name in node.names}
            modules = {part for part in parts if is_module(part)}
            found |= modules if parts == modules else {*modules, node.module}
    return {name for name in found if is_module(name)}


def is_module(name: str) -> bool:
    path = ROOT.joinpath(*name.split("."))
    return path.is_dir() or path.with_suffix(".py").is_file()


def name_of(file: Path) -> str:
    return ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def test_no_circle_is_inside_the_analytics() -> None:
    files = (ROOT / "analytics").rglob("*.py")
    graph = {name_of(file): modules_imported(file) for file in files}

    TopologicalSorter(graph).prepare()  # raises CycleError, which names the circle


@pytest.mark.parametrize("room", sorted(UNSEEN))
def test_the_rooms_of_the_analytics_see_each_other_one_way(room: str) -> None:
    for file in sorted((ROOT / "analytics" / room).rglob("*.py")):
        rooms = {name.split(".")[1] for name in modules_imported(file) if "." in name}
        assert not rooms & UNSEEN[room], file.relative_to(ROOT)


def test_the_sqlite_store_is_seen_only_by_those_who_open_it_or_its_files() -> None:
    found = {
        name_of(file)
        for file in (ROOT / "analytics").rglob("*.py")
        if any(name.startswith("analytics.sqlite") for name in modules_imported(file))
    }

    assert {name for name in found if not name.startswith("analytics.sqlite")} == set(SEE_SQLITE)


@pytest.mark.parametrize(
    ("store", "drivers"),
    [("sqlite", {"sqlite3", "aiosqlite", "sqlcipher3"}), ("postgres", {"psycopg"})],
)
def test_only_a_store_knows_its_drivers(store: str, drivers: set[str]) -> None:
    for file in sorted((ROOT / "analytics").rglob("*.py")):
        if ROOT / "analytics" / store not in file.parents:
            assert not imports(file) & drivers, file


def inner_names(file: Path) -> set[str]:
    """Names of the analytics that a file imports past the two doors."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names = {name.name for name in node.names} - set(DOORS)
        elif isinstance(node, ast.ImportFrom):
            public = DOORS.get(node.module or "", set())
            names = {f"{node.module}.{name.name}" for name in node.names if name.name not in public}
        else:
            continue
        found |= {name for name in names if name.split(".")[0] == "analytics"}
    return found


@pytest.mark.parametrize("outside", ["bot", "scheduler", "main.py"])
def test_outside_the_analytics_only_their_public_names_are_imported(outside: str) -> None:
    folder = ROOT / outside
    for file in sorted(folder.rglob("*.py")) if folder.is_dir() else [folder]:
        assert inner_names(file) == set(), file.relative_to(ROOT)


def modules_in(folder: Path) -> list[Path]:
    """Modules and packages in a folder, and in the folders inside it."""
    packages = [file.parent for file in folder.rglob("__init__.py") if file.parent != folder]
    return packages + [file for file in folder.rglob("*.py") if file.name != "__init__.py"]


def is_twin(path: Path) -> bool:
    """Return whether the SQLite store has a module of this name in the same place."""
    stores = ROOT / "analytics"
    inside = path.is_relative_to(stores / "postgres")
    return inside and (stores / "sqlite" / path.relative_to(stores / "postgres")).exists()


@pytest.mark.parametrize("package", sorted(SAME_THING))
def test_modules_of_one_name_are_the_same_thing(package: str) -> None:
    names = Counter(path.stem for path in modules_in(ROOT / package) if not is_twin(path))

    assert {name for name, times in names.items() if times > 1} == set(SAME_THING[package])


@pytest.mark.parametrize("package", sorted(ALLOWED))
def test_no_module_has_the_name_of_one_of_pythons_that_is_imported_beside_it(package: str) -> None:
    for path in modules_in(ROOT / package):
        if path.stem in sys.stdlib_module_names:
            for file in sorted(path.parent.rglob("*.py")):
                assert path.stem not in imports(file), f"{path} and {file}"


def test_no_test_module_imports_from_another() -> None:
    """What two of them need is in tests/support."""
    for file in sorted((ROOT / "tests").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Import | ast.ImportFrom):
                within = f"{node.module}." if isinstance(node, ast.ImportFrom) else ""
                named = {f"{within}{name.name}" for name in node.names}
                of_tests = r"tests\.(\w+\.)*(test_|conftest)"
                assert not [name for name in named if re.match(of_tests, name)], file


def private_names(file: Path) -> set[str]:
    """Private attributes that a file uses of anything but its own objects, patched ones too."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        # `os._exit` is public in spite of its name.
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) not in ("self", "cls", "os"):
            found.add(node.attr)
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith((".object", "attr")):
            found |= {str(name.value) for name in node.args if isinstance(name, ast.Constant)}
    return {name for name in found if re.match("_[a-z]", name)}


def test_tests_use_nothing_private() -> None:
    for file in sorted((ROOT / "tests").rglob("*.py")):
        assert private_names(file) == set(), file.relative_to(ROOT)


def test_what_tests_patch_is_named_by_an_object() -> None:
    """A name in a string is not seen by the type checker, nor by whoever moves it."""
    for file in sorted((ROOT / "tests").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Call) and node.args:
                by_string = isinstance(node.args[0], ast.Constant | ast.JoinedStr)
                patches = ast.unparse(node.func).endswith(("patch", "setattr", "delattr"))
                assert not (patches and by_string), f"{file}: {ast.unparse(node)}"


CLAUSE = re.compile(
    r"(Whether|What|Who|Whose|Which|When|Where|How|If|That|Of|From|As|With|While|Until|Because)\b"
)


@pytest.mark.parametrize("package", sorted(ALLOWED))
def test_a_docstring_begins_with_a_verb_or_a_noun(package: str) -> None:
    for file in sorted((ROOT / package).rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            match node:
                case ast.Expr(value=ast.Constant(value=str(text))):
                    assert not CLAUSE.match(text), f"{file}:{node.lineno}: {text}"


def test_the_analytics_do_not_load_aiogram_by_themselves() -> None:
    code = "import sys, analytics; sys.exit('aiogram' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_commands_that_only_work_on_the_data_do_not_load_aiogram() -> None:
    code = "import sys, bot.cli.app; sys.exit('aiogram' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
