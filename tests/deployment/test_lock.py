"""What is installed is what was tested: every dependency pinned, with its hashes."""

import re
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.support import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]


def of(*extras: str) -> list[Requirement]:
    """What extras require beside other extras of this project."""
    listed = [Requirement(line) for extra in extras for line in EXTRAS[extra]]
    return [each for each in listed if each.name != PROJECT["name"]]


BASE = [Requirement(line) for line in PROJECT["dependencies"]]
RUNTIME = BASE + of("charts", "bot", "postgres", "sqlcipher")
TEST = [each for each in of("test") if each not in RUNTIME]
# The whole, and what a running bot needs of it.
LOCKS = {"requirements.lock": RUNTIME + TEST, "deploy/requirements.lock": RUNTIME}


def entries(lock: str) -> dict[str, str]:
    """By name, each entry of a lock: the requirement and its hashes."""
    text = re.sub(r"^ *#.*\n", "", (ROOT / lock).read_text("utf-8"), flags=re.MULTILINE)
    lines = text.replace("\\\n", " ").splitlines()
    return {canonicalize_name(re.split(r"[=\s]", line)[0]): line for line in lines}


@pytest.mark.parametrize("lock", LOCKS)
def test_every_direct_dependency_is_pinned_within_its_bounds(lock: str) -> None:
    pinned = entries(lock)

    for requirement in LOCKS[lock]:
        entry = pinned[canonicalize_name(requirement.name)]
        [pin] = Requirement(entry.split(" --hash")[0]).specifier
        assert pin.operator == "=="
        assert requirement.specifier.contains(pin.version), entry


def test_each_lock_is_installed_where_contributing_says() -> None:
    container = (ROOT / "deploy" / "Containerfile").read_text("utf-8")
    systemd = (ROOT / "docs" / "systemd.md").read_text("utf-8")

    assert "--require-hashes -r requirements.lock" in (ROOT / ".ci" / "run").read_text("utf-8")
    assert "--require-hashes -r deploy/requirements.lock" in systemd
    assert "COPY deploy/requirements.lock /tmp/requirements.lock" in container
    assert "-r /tmp/requirements.lock" in container


@pytest.mark.parametrize("lock", LOCKS)
def test_every_entry_has_hashes_and_no_address(lock: str) -> None:
    for entry in entries(lock).values():
        assert re.fullmatch(
            r"[\w.-]+==[\w.]+( ; [\w\s'=!<>.]+?)?(\s+--hash=sha256:[0-9a-f]{64})+", entry
        ), entry[:100]
    assert "//" not in (ROOT / lock).read_text("utf-8")


def test_the_container_gets_the_same_and_no_tools() -> None:
    whole, part = (entries(lock) for lock in LOCKS)

    assert part.items() < whole.items()
    # matplotlib needs packaging, as the tests do.
    tools = {canonicalize_name(requirement.name) for requirement in TEST} - {"packaging"}
    assert not tools & set(part)


def test_every_direct_dependency_is_bounded() -> None:
    for requirement in RUNTIME + TEST:
        operators = sorted(bound.operator for bound in requirement.specifier)
        assert operators == ["<", ">="], requirement
