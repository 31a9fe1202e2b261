from collections.abc import Callable
from pathlib import Path

import pytest

from bot.sandbox import Person, Sandbox
from tests.support.environments import build_wheel, install
from tests.support.foreign_bots import Foreign, copy_of, forks_of
from tests.support.made_once import made_once
from tests.support.processes import Forks


@pytest.fixture(scope="session")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment with the wheel, which all workers share."""

    def make(folder: Path) -> None:
        install(build_wheel(folder / "wheel"), folder / "venv")

    return made_once(tmp_path_factory, "foreign", make) / "venv" / "bin" / "python"


@pytest.fixture(scope="session")
def forks(python: Path, tmp_path_factory: pytest.TempPathFactory) -> Forks:
    return forks_of(python, tmp_path_factory.mktemp("forks"))


@pytest.fixture
def admin(sandbox: Sandbox) -> Person:
    """The first person of the sandbox."""
    return sandbox.person()


@pytest.fixture
def foreign(
    sandbox: Sandbox, admin: Person, forks: Forks, tmp_path: Path
) -> Callable[[str], Foreign]:
    """Make a copy of the bot of a name."""
    return lambda name: copy_of(name, tmp_path / name, sandbox, admin, forks)
