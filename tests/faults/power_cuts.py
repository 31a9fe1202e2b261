"""The power fails at any moment: what was acknowledged is on the disk, whole, and once.

A real run of the service is recorded (recording_vfs), and cut at a random place. Of what was not
synced by then a disk may have kept anything, so each survivor is put together at random:

- A file that was synced holds all that was written to it before. Of what came after, each sector
  of 512 bytes is there or not, whatever the order; each truncation, too. Where a file has grown by
  a sector that was lost, there are zeros or anything else.
- A name leads to any file that it led to since the folder was synced, or to none. A folder is
  synced by SQLite with a new log, and with some deletions, and by us with a new database.
- The index of the log (-shm) is lost, as SQLite makes it anew. The key is not among the files.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

from analytics import AnalyticsError, AnalyticsService, Interaction, InteractionType
from analytics.sqlite import checkpoints
from tests.faults.recording_vfs import Entry, Event, Note, Sync, SyncFolder, Truncate, Write
from tests.faults.recording_vfs import recorded as recorded_events
from tests.faults.table import Fault, Row
from tests.support.recount import counts, inconsistencies
from tests.support.second_connection import NAME

KEY = bytes(32)
SECTOR = 512
BATCHES = 120
STARTS = 3
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
# Small, so that the log is carried over into the file many times.
CHECKPOINT_BYTES = 40 * 4096


@dataclass(frozen=True, slots=True)
class Begun:
    """The interactions of a batch, by the seconds of their times; `cleanup` deletes up to one."""

    batch: tuple[int, ...] = ()
    cleanup: int = 0


@dataclass(frozen=True, slots=True)
class Done:
    """What was begun last is acknowledged."""


@dataclass(frozen=True, slots=True)
class Survivor:
    """What one power cut left, in interactions."""

    acknowledged: int
    recorded: int
    lost: int
    counted_twice: int
    faults: tuple[str, ...]
    """What else is wrong with the file, if anything."""


def interaction(number: int) -> Interaction:
    """No two have the same time, so that each can be found again."""
    types = list(InteractionType)
    return Interaction(
        6_000_000_001 + number % 17, types[number % len(types)], BEGIN + timedelta(minutes=number)
    )


def moment(number: int) -> int:
    return int((BEGIN + timedelta(minutes=number)).timestamp())


async def run(folder: Path, seed: int) -> list[Event]:
    """Record batches, clean up, compact and checkpoint, over several starts."""
    chance = random.Random(seed)
    number = 0

    def now() -> datetime:
        return BEGIN + timedelta(minutes=number)

    with (
        patch.object(checkpoints, "CHECKPOINT_BYTES", CHECKPOINT_BYTES),
        recorded_events() as recording,
    ):
        for _ in range(STARTS):
            async with AnalyticsService.open(
                folder / NAME, pseudonym_key=KEY, timestamp_precision=1, retention_days=1, clock=now
            ) as analytics:
                for _ in range(BATCHES // STARTS):
                    numbers = range(number, number + chance.randint(1, 40))
                    number = numbers.stop
                    recording.note(Begun(batch=tuple(map(moment, numbers))))
                    assert await analytics.record([interaction(n) for n in numbers], numbers)
                    recording.note(Done())
                    if chance.random() < 0.1:
                        before = int((now() - timedelta(days=1)).timestamp())
                        recording.note(Begun(cleanup=before))
                        await analytics.cleanup_old_interactions()
                        recording.note(Done())
    return recording.events


def cut(events: list[Event], at: int, chance: random.Random, kept: float) -> dict[str, bytes]:
    """The files as they may be after a power cut behind the first `at` events.

    `kept` is the share of what was not synced that is there nevertheless.
    """
    files: dict[int, bytearray] = {}
    unsynced: dict[int, list[Write | Truncate]] = {}
    names: dict[str, list[int | None]] = {}
    for event in events[:at]:
        match event:
            case Write() | Truncate():
                unsynced[event.file].append(event)
            case Sync():
                for change in unsynced[event.file]:
                    _apply(change, files[event.file])
                unsynced[event.file].clear()
            case Entry():
                names.setdefault(event.name, [None]).append(event.file)
                if event.file is not None and event.file not in files:
                    files[event.file] = bytearray()
                    unsynced[event.file] = []
            case SyncFolder():
                names = {name: led_to[-1:] for name, led_to in names.items()}
    survivors = {
        name: led_to[-1] if chance.random() < kept else chance.choice(led_to)
        for name, led_to in names.items()
    }
    for file, changes in unsynced.items():
        for change in changes:
            for part in _sectors(change):
                if chance.random() < kept:
                    _apply(part, files[file], chance)
    return {name: bytes(files[file]) for name, file in survivors.items() if file is not None}


def _sectors(change: Write | Truncate) -> Iterator[Write | Truncate]:
    if isinstance(change, Truncate):
        yield change
        return
    at, end = change.offset, change.offset + len(change.data)
    while at < end:
        next_sector = min(end, (at // SECTOR + 1) * SECTOR)
        yield Write(change.file, at, change.data[at - change.offset : next_sector - change.offset])
        at = next_sector


def _apply(
    change: Write | Truncate, content: bytearray, chance: random.Random | None = None
) -> None:
    size = change.size if isinstance(change, Truncate) else change.offset
    if (gap := size - len(content)) > 0:
        content += chance.randbytes(gap) if chance and chance.random() < 0.5 else bytes(gap)
    if isinstance(change, Truncate):
        del content[change.size :]
    else:
        content[change.offset : change.offset + len(change.data)] = change.data


def made(events: list[Event]) -> int:
    """Where the new file has its tables: the first start is over."""
    return next(at for at, event in enumerate(events) if isinstance(event, Note))


def _somewhere(events: list[Event], chance: random.Random) -> int:
    """Anywhere; every other time where files come and go, since that is rare and delicate."""
    if chance.random() < 0.5:
        return chance.randint(made(events), len(events))
    entries = [at for at, event in enumerate(events) if isinstance(event, Entry)]
    near = chance.choice([at for at in entries if at > made(events)])
    return min(near + chance.randrange(20), len(events))


async def survivor(
    events: list[Event], chance: random.Random, folder: Path, at: int, kept: float
) -> Survivor:
    """Cut the power behind the first `at` events, start again, and count; `kept` as for `cut`."""
    for old in folder.glob(f"{NAME}*"):
        if not old.name.endswith((".reserve", "lock")):
            old.unlink()
    for name, content in cut(events, at, chance, kept).items():
        (folder / name).write_bytes(content)

    begun: list[Begun] = []
    open_: list[Begun] = []  # at most one: neither batch nor cleanup was acknowledged
    for event in events[:at]:
        if isinstance(event, Note):
            if isinstance(event.what, Begun):
                open_ = [event.what]
            else:
                begun += open_
                open_ = []
    acknowledged = {moment for done in begun for moment in done.batch}
    unanswered = {moment for done in open_ for moment in done.batch}
    deleted_before = max((done.cleanup for done in begun), default=0)
    may_be_deleted_before = max((done.cleanup for done in begun + open_), default=0)
    faults: list[str] = []
    try:
        # As at the next start; Telegram sends again what was not acknowledged.
        async with AnalyticsService.open(
            folder / NAME, pseudonym_key=KEY, timestamp_precision=1, retention_days=1, clock=_after
        ) as analytics:
            if not analytics.notices.empty():
                faults.append("set aside as damaged")
            before = counts(folder / NAME)
            again = [(at - moment(0)) // 60 for at in sorted(unanswered)]
            if not await analytics.record([interaction(n) for n in again], again):
                faults.append("cannot record")
    except AnalyticsError as error:
        return Survivor(0, 0, len(acknowledged), 0, (str(error),))
    if list(folder.glob("*.unfinished*")):
        faults.append("a draft is left")
    after = counts(folder / NAME)
    faults += inconsistencies(folder / NAME)
    if len(unanswered & before.keys()) not in (0, len(unanswered)):
        faults.append("half a batch")
    if not after.keys() <= acknowledged | unanswered:
        faults.append("never recorded")
    if any(at < deleted_before for at in after):
        faults.append("deleted ones came back")
    expected = {at for at in acknowledged if at >= may_be_deleted_before} | unanswered
    return Survivor(
        acknowledged=len(expected),
        recorded=sum(after.get(at, 0) for at in expected),
        lost=len(expected - after.keys()),
        counted_twice=sum(after.values()) - len(after),
        faults=tuple(faults),
    )


def _after() -> datetime:
    return BEGIN + timedelta(minutes=BATCHES * 40)


async def survivors(times: int, seed: int = 0) -> list[Survivor]:
    """One real run, cut so many times."""
    with TemporaryDirectory() as run_in, TemporaryDirectory() as cut_in:
        events = await run(Path(run_in), seed)
        chance = random.Random(seed)
        return [
            await survivor(events, chance, Path(cut_in), _somewhere(events, chance), kept)
            for kept in chance.choices([0.0, 0.1, 0.5, 0.9, 1.0], k=times)
        ]


async def power_cut(times: int) -> Row:
    found = await survivors(times)
    for each in found:
        assert not each.faults, each.faults
    return Row(
        injected=times,
        acknowledged=sum(each.acknowledged for each in found),
        recorded=sum(each.recorded for each in found),
        lost=sum(each.lost for each in found),
        counted_twice=sum(each.counted_twice for each in found),
    )


FAULTS = [Fault("power cut", power_cut, short=100, long=1000)]
