"""What was measured, and how it stands to what is to be reached."""

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from rich.console import Console
from rich.table import Table

AT_LEAST, AT_MOST = "at least", "at most"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One figure of a question: ours, beside that of a peer in the same run."""

    what: str
    beside: str
    figure: float
    goal: float
    bound: str  # AT_LEAST or AT_MOST
    unit: str = "times"
    ours: Sequence[float] = ()
    peer: Sequence[float] = ()
    measured_in: str = "ms"
    notes: Sequence[str] = field(default=())

    @property
    def reached(self) -> bool:
        return self.figure >= self.goal if self.bound == AT_LEAST else self.figure <= self.goal

    def as_json(self) -> dict[str, Any]:
        spreads = {
            name: dict(
                zip(("lower_quartile", "median", "upper_quartile"), quartiles(samples), strict=True)
            )
            for name, samples in (("ours", self.ours), ("peer", self.peer))
            if samples
        }
        return asdict(self) | {"reached": self.reached} | spreads


def quartiles(samples: Sequence[float]) -> tuple[float, float, float]:
    """Lower quartile, median, upper quartile."""
    if len(samples) == 1:
        return samples[0], samples[0], samples[0]
    low, middle, high = statistics.quantiles(samples, n=4, method="inclusive")
    return low, middle, high


def percentile(samples: Sequence[float], percent: float) -> float:
    return sorted(samples)[min(int(len(samples) * percent / 100), len(samples) - 1)]


def show(console: Console, findings: Sequence[Finding]) -> None:
    table = Table("what, beside what", "measured", "to reach", "ours", "peer", show_lines=True)
    for finding in findings:
        table.add_row(
            f"{finding.what}\n[dim]{finding.beside}[/]",
            f"{_number(finding.figure)} {finding.unit}",
            f"{finding.bound} {_number(finding.goal)}",
            _spread(finding.ours, finding.measured_in),
            _spread(finding.peer, finding.measured_in),
            style=None if finding.reached else "bold red",
        )
    console.print(table)
    for line in _notes(findings):
        console.print(line, soft_wrap=True, markup=False)


def _notes(findings: Sequence[Finding]) -> Iterator[str]:
    for finding in findings:
        yield from (f"{finding.what}: {note}" for note in finding.notes)
    short = [finding for finding in findings if not finding.reached]
    yield "" if short else "Everything is reached."
    for finding in short:
        yield (
            f"FELL SHORT: {finding.what}: {_number(finding.figure)} {finding.unit}, "
            f"{finding.bound} {_number(finding.goal)} beside {finding.beside}"
        )


def _spread(samples: Sequence[float], unit: str) -> str:
    """The median, and the quartiles around it."""
    if not samples:
        return ""
    low, middle, high = (_number(value) for value in quartiles(samples))
    return f"{middle} {unit}" + ("" if len(samples) == 1 else f" ({low} to {high})")


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
