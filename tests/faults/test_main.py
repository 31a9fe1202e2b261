"""`python -m tests.faults`: the catalogue is run to its end, and says so if anything was lost."""

import importlib
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tests.faults import __main__ as runner
from tests.faults.table import Fault, Row

CLEAN = Row(injected=3, acknowledged=5_000, recorded=5_000, lost=0, counted_twice=0)
ONE_LOST = Row(injected=3, acknowledged=5, recorded=4, lost=1, counted_twice=0, longest_wait=1.25)
ONE_TWICE = Row(injected=3, acknowledged=5, recorded=6, lost=0, counted_twice=1)


def a_fault(name: str, result: Row | Exception) -> Fault:
    async def inject(times: int) -> Row:
        assert times == 7
        if isinstance(result, Exception):
            raise result
        return result

    return Fault(name, inject, short=1, long=7)


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str, **results: Row | Exception) -> Result:
    """With a catalogue of faults that have these results."""
    made_up = [a_fault(name.replace("_", " "), result) for name, result in results.items()]
    monkeypatch.setattr(runner, "catalogue", lambda kills, store: iter(made_up))
    monkeypatch.setenv("COLUMNS", "120")
    return CliRunner().invoke(runner.app, arguments)


@pytest.mark.parametrize(
    ("result", "status"), [(CLEAN, 0), (ONE_LOST, 1), (ONE_TWICE, 1), (OSError(), 1)]
)
def test_the_exit_status_says_whether_all_was_well(
    monkeypatch: pytest.MonkeyPatch, result: Row | Exception, status: int
) -> None:
    assert run(monkeypatch, one=CLEAN, other=result, last=CLEAN).exit_code == status


def test_one_that_fails_is_named_with_its_reason_and_the_others_go_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    result = run(monkeypatch, disk_full=OSError("no right to mount"), kill=ONE_LOST)
    lines = [" ".join(line.split()) for line in result.stdout.splitlines()]

    assert "disk full (failed: OSError)" in lines
    assert "kill 3 5 4 1 0 1.2 s" in lines
    assert "no right to mount" in result.stderr


def test_the_readmes_table_holds_what_is_the_same_on_every_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    result = run(monkeypatch, "--markdown", kill=CLEAN, disk_full=OSError())

    assert result.stdout.splitlines() == [
        "| fault | times | lost | counted twice |",
        "| --- | ---: | ---: | ---: |",
        "| kill | 3 | 0 | 0 |",
        "| disk full | failed: OSError | | |",
    ]


def test_some_can_be_chosen_by_their_names(monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = run(monkeypatch, "--markdown", "--only", "Disk", disk_full=CLEAN, kill=ONE_LOST)
    none = run(monkeypatch, "--only", "earthquake", disk_full=CLEAN)

    assert (chosen.exit_code, "kill" in chosen.stdout) == (0, False)
    assert none.exit_code == 2
    assert "earthquake" in none.stderr


def test_the_catalogue_holds_the_faults_of_every_module_under_names_of_their_own() -> None:
    files = sorted(Path(runner.__file__).parent.glob("[!_]*.py"))
    having = [file.stem for file in files if "\nFAULTS = [" in file.read_text("utf-8")]
    modules = [importlib.import_module(f"tests.faults.{name}") for name in having]
    names = [fault.name for fault in runner.catalogue()]

    assert names == [fault.name for module in modules for fault in module.FAULTS]
    assert len(set(names)) == len(names) > 20


def test_the_number_of_kills_is_that_of_kills_and_stops_only() -> None:
    usual = {fault.name: fault.long for fault in runner.catalogue()}
    told = {fault.name: fault.long for fault in runner.catalogue(kills=3)}
    changed = {name for name in told if told[name] != usual[name]}

    assert changed == {
        f"{end}, {intake}" for end in ("kill -9", "SIGTERM") for intake in ("polling", "webhook")
    }
    assert {told[name] for name in changed} == {3}
