"""`python -m tests.benchmarks`: how fast it is, measured beside what others do."""

import asyncio
import json
import os
import platform
import sqlite3
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from tests.benchmarks import (
    admin_waits,
    charts,
    cleanup,
    commands,
    cost,
    erasure,
    idle,
    latency,
    memory,
    page,
    recording,
    reports,
    server,
    size,
    start,
    throughput,
    waits,
    webhook,
)
from tests.benchmarks.data import HOUR
from tests.benchmarks.files import FULL, QUICK, Files, Size
from tests.benchmarks.table import Finding, show

QUESTIONS = {
    "throughput": throughput.measure,
    "cost": cost.measure,
    "latency": latency.measure,
    "webhook": webhook.measure,
    "recording": recording.measure,
    "reports": reports.measure,
    "statistics": admin_waits.measure,
    "page": page.measure,
    "chart": charts.measure,
    "cleanup": cleanup.measure,
    "erasure": erasure.measure,
    "waits": waits.measure,
    "server": server.measure,
    "size": size.measure,
    "start": start.measure,
    "memory": memory.measure,
    "idle": idle.measure,
    "commands": commands.measure,
}


async def measure(names: Sequence[str], how_much: Size, console: Console) -> list[Finding]:
    """What comes out, question by question; the files are gone afterwards."""
    findings: list[Finding] = []
    with tempfile.TemporaryDirectory() as folder:
        files = Files(Path(folder), how_much, int(time.time()) // HOUR * HOUR)
        for name in names:
            began = time.monotonic()
            with console.status(name):
                findings += await QUESTIONS[name](files, how_much)
            console.print(f"{name}: {time.monotonic() - began:.0f} s", style="dim")
    return findings


def machine() -> dict[str, Any]:
    return {
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "processors": os.cpu_count(),
        "load": os.getloadavg()[0],
    }


def main(
    quick: Annotated[bool, typer.Option(help="Less of everything: within two minutes.")] = False,
    only: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help=f"One of {', '.join(QUESTIONS)}.")
    ] = None,
    as_json: Annotated[
        Path | None, typer.Option("--json", help="Write the figures to this path, too.")
    ] = None,
) -> None:
    """Measure, and compare with what is to be reached.

    Example: python -m tests.benchmarks --quick
    """
    names = only or list(QUESTIONS)
    if unknown := set(names) - set(QUESTIONS):
        raise typer.BadParameter(f"{', '.join(unknown)}: give one of {', '.join(QUESTIONS)}")
    console = Console(width=None if sys.stdout.isatty() else 120)
    before = machine()
    findings = asyncio.run(measure(names, QUICK if quick else FULL, console))
    show(console, findings)
    console.print(", ".join(f"{name} {value}" for name, value in before.items()), style="dim")
    if as_json:
        figures = {"machine": before, "figures": [each.as_json() for each in findings]}
        as_json.write_text(json.dumps(figures, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    typer.run(main)
