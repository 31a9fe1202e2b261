"""`python -m tests.faults` injects every fault of the catalogue, in the long form, and counts."""

import asyncio
import importlib
import logging
import pkgutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from types import ModuleType
from typing import Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from tests import faults
from tests.faults.postgres.programs import reason_to_skip
from tests.faults.table import Fault, Row

# The module whose faults are ends of the bot's process.
KILLS = "tests.faults.kills"
COUNTED = ("times", "acknowledged", "recorded", "lost", "counted\ntwice", "longest\nwait")

Results = Mapping[Fault, Row | Exception]

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


class StoreKind(StrEnum):
    SQLITE = "sqlite"
    POSTGRES = "postgres"


def catalogue(kills: int | None = None, store: StoreKind = StoreKind.SQLITE) -> Iterator[Fault]:
    """Every fault of a store; `kills`, if given, is how often the bot's process ends."""
    package: ModuleType = faults
    if store is StoreKind.POSTGRES:
        package = importlib.import_module(f"{faults.__name__}.postgres")
    for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
        if module.ispkg or module.name.rpartition(".")[2].startswith(("test_", "__")):
            continue
        for fault in getattr(importlib.import_module(module.name), "FAULTS", []):
            yield replace(fault, long=kills) if kills and module.name == KILLS else fault


def inject(chosen: Sequence[Fault], screen: Console) -> Results:
    """What each did, one after the other; the error of one that raised."""
    results: dict[Fault, Row | Exception] = {}
    with Progress(console=screen, transient=True, disable=not screen.is_terminal) as progress:
        task = progress.add_task("", total=len(chosen))
        for fault in chosen:
            progress.update(task, description=f"{fault.name}, {fault.long:,} times")
            try:
                results[fault] = asyncio.run(_injected(fault))
            # Whatever it is, the others go on.
            except Exception as error:
                results[fault] = error
                screen.print_exception()
            progress.advance(task)
    return results


async def _injected(fault: Fault) -> Row:
    return await fault.inject(fault.long)


def as_table(results: Results) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    table.add_column("fault", min_width=20)
    for column in COUNTED:
        table.add_column(column, justify="right", no_wrap=True)
    for fault, result in results.items():
        if isinstance(result, Exception):
            table.add_row(f"{fault.name} ({_failed(result)})")
            continue
        counts = (result.acknowledged, result.recorded, result.lost, result.counted_twice)
        wait = "" if result.longest_wait is None else f"{result.longest_wait:.1f} s"
        table.add_row(fault.name, f"{result.injected:,}", *(f"{each:,}" for each in counts), wait)
    return table


def as_markdown(results: Results, *, gaps: bool = False) -> Iterator[str]:
    """What is the same on every machine, as it stands in docs/faults.md; and the gaps, if wanted.

    Those, the longest times without a commit, stand in docs/scale.md.
    """
    yield "| fault | times | lost | counted twice |" + " longest gap |" * gaps
    yield "| --- | ---: | ---: | ---: |" + " ---: |" * gaps
    for fault, result in results.items():
        if isinstance(result, Exception):
            yield f"| {fault.name} | {_failed(result)} | | |" + " |" * gaps
        else:
            counts = (result.injected, result.lost, result.counted_twice)
            gap = "" if result.longest_wait is None else f"{result.longest_wait:.0f} s"
            row = f"| {fault.name} | {' | '.join(f'{each:,}' for each in counts)} |"
            yield row + f" {gap} |" * gaps


def _failed(error: Exception) -> str:
    return f"failed: {type(error).__name__}"


def is_clean(result: Row | Exception) -> bool:
    return isinstance(result, Row) and not (result.lost or result.counted_twice)


@app.command()
def main(
    kills: Annotated[
        int | None, typer.Option(min=1, help="How often the bot's process is killed or stopped.")
    ] = None,
    only: Annotated[str, typer.Option(help="Only the faults whose names hold this text.")] = "",
    store: Annotated[
        StoreKind, typer.Option(help="The store whose faults are injected.")
    ] = StoreKind.SQLITE,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="Print the table of docs/faults.md.")
    ] = False,
) -> None:
    """Inject faults and count what is lost. Example: python -m tests.faults --kills 200

    The exit status is 1 if anything was lost or counted twice, or a fault could not be injected.
    """
    if store is StoreKind.POSTGRES and (missing := reason_to_skip()):
        typer.echo(missing, err=True)
        raise typer.Exit(2)
    chosen = [fault for fault in catalogue(kills, store) if only.lower() in fault.name.lower()]
    if not chosen:
        raise typer.BadParameter(f"no fault is called {only!r}", param_hint="--only")
    # Bots in this process say much about the faults they meet.
    logging.disable()
    results = inject(chosen, Console(stderr=True))
    logging.disable(logging.NOTSET)
    if markdown:
        typer.echo("\n".join(as_markdown(results, gaps=store is StoreKind.POSTGRES)))
    else:
        Console().print(as_table(results))
    raise typer.Exit(0 if all(map(is_clean, results.values())) else 1)


if __name__ == "__main__":
    app()
