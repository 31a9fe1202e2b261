"""The files that the questions are asked of: built once, when first needed."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.data import NAIVE, Traffic, build

PRECISIONS = {3600: "one hour", 1: "one second"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much of everything."""

    interactions: int
    people: int
    few_interactions: int = 10_000
    repeats: int  # of everything that takes seconds
    batches: int  # of 100 interactions, each time that recording is measured
    seconds: float  # of recording alone
    reports: int
    erasures: int
    answers: int  # in one run of the bot
    single_updates: int
    updates: int  # until the memory is looked at
    idle: float  # seconds in which nobody writes
    rest: float  # seconds after pictures


FULL = Size(
    interactions=10_000_000,
    people=1_000_000,
    repeats=5,
    batches=500,
    seconds=4,
    reports=300,
    erasures=20,
    answers=4_000,
    single_updates=500,
    updates=1_000_000,
    idle=3_600,
    rest=60,
)
QUICK = Size(
    interactions=500_000,
    people=50_000,
    repeats=3,
    batches=100,
    seconds=1,
    reports=100,
    erasures=5,
    answers=1_000,
    single_updates=100,
    updates=20_000,
    idle=120,
    rest=10,
)
TINY = Size(
    interactions=9_000,
    people=900,
    few_interactions=900,
    repeats=1,
    batches=5,
    seconds=0.02,
    reports=3,
    erasures=1,
    answers=200,
    single_updates=3,
    updates=300,
    idle=12,
    rest=0,
)


class Files:
    """`many` and `few` are only read; `copy` is for what writes."""

    def __init__(self, folder: Path, size: Size, end: int) -> None:
        self._folder = folder
        self.traffic = Traffic(size.interactions, size.people, end)
        self._few = Traffic(size.few_interactions, size.few_interactions // 10, end)
        self._built: dict[tuple[str, int], Path] = {}

    async def many(self, precision: int) -> Path:
        return await self._build("many", self.traffic, precision)

    async def few(self, precision: int) -> Path:
        return await self._build("few", self._few, precision)

    async def _build(self, name: str, traffic: Traffic, precision: int) -> Path:
        if (name, precision) not in self._built:
            folder = self._folder / name
            folder.mkdir(exist_ok=True)
            precisions = [NAIVE] if precision == NAIVE else list(PRECISIONS)
            for built, path in (await build(folder, traffic, precisions)).items():
                self._built[name, built] = path
        return self._built[name, precision]

    @contextmanager
    def copy(self, path: Path) -> Iterator[Path]:
        with self.folder() as folder:
            yield Path(shutil.copy(path, folder))

    @contextmanager
    def folder(self) -> Iterator[Path]:
        with tempfile.TemporaryDirectory(dir=self._folder) as folder:
            yield Path(folder)
