"""A database that is moved from one store to another, and back, is the same one."""

import asyncio
import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from itertools import permutations
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import settings
from hypothesis.stateful import rule, run_state_machine_as_test

from analytics import (
    AnalyticsError,
    DatabaseDamaged,
    DatabaseInaccessible,
    DatabaseInUse,
    DatabaseMissing,
    DatabaseUnavailable,
    NewerSchema,
    OlderSchema,
)
from analytics.errors import MoveRefused
from analytics.events import Event, EventKind
from analytics.moved_tables import DATA, STAYING_SETTINGS, TABLES
from analytics.moving import MovedTable, Place, move
from analytics.sqlite import files, locks
from analytics.sqlite import moving as of_file
from tests.store.history import History
from tests.store.kinds import STORES, Kind
from tests.store.life import live, seen, service_of
from tests.store.updates import DAY, TODAY, record, update
from tests.support.clock import Clock
from tests.support.examples import examples
from tests.support.killed import die, is_killed
from tests.support.old_files import FILES
from tests.support.postgres import (
    database_of,
    execute,
    needs_postgres,
    own_server,
    url_of,
)
from tests.support.second_connection import DATABASE_KEY, NAME, select
from tests.support.webhooks import free_port

pytestmark = needs_postgres()
KINDS = {kind.name: kind for kind in STORES}
DIRECTIONS = list(permutations(KINDS))
SCHEMA = "SELECT to_regnamespace('bot_analytics') IS NOT NULL"


def place_of(kind: Kind, folder: Path) -> Place:
    return folder / NAME if kind.name == "sqlite" else database_of(folder)


def unmake(kind: Kind, folder: Path) -> None:
    """Delete what the store of a folder has."""
    if kind.name == "postgres":
        execute(database_of(folder), "DROP SCHEMA IF EXISTS bot_analytics CASCADE")
    else:
        for file in folder.glob(f"{NAME}*"):
            file.unlink()


async def moved(source: Place, target: Place, **options: Any) -> Sequence[MovedTable]:
    return (await move(source, target, **options)).tables


async def rows_of(place: Place) -> dict[str, list[Any]]:
    """Return all rows of a store, by table, as they pass to another."""
    from analytics.moving import open_source

    async with open_source(place, None) as source:
        found = {}
        for table in TABLES:
            found[table.name] = sorted(
                [tuple(row) async for rows in source.rows(table) for row in rows], key=repr
            )
        return found


class MovingHistory(History):
    """A history whose store is moved now and then."""

    def __init__(self, kind: Kind) -> None:
        super().__init__(kind)
        self.other = next(each for each in STORES if each.name != kind.name)

    @rule()
    def move(self) -> None:
        self.run(self.open.aclose())
        source, target = place_of(self.kind, self.folder), place_of(self.other, self.folder)
        before = self.run(rows_of(source))
        tables = self.run(moved(source, target))
        assert self.run(rows_of(target)) == self.run(rows_of(source)) == before
        assert tables == [MovedTable(name, len(rows)) for name, rows in before.items()]
        unmake(self.kind, self.folder)
        self.kind, self.other = self.other, self.kind
        self.store = self.run(self.open.enter_async_context(self.kind.open(self.folder)))


@pytest.mark.parametrize("name", KINDS)
def test_any_history_goes_on_where_it_is_moved_to(name: str) -> None:
    class OfKind(MovingHistory):
        def __init__(self) -> None:
            super().__init__(KINDS[name])

    run_state_machine_as_test(
        OfKind, settings=settings(max_examples=examples(6), stateful_step_count=12)
    )


async def service_seen(
    kind: Kind, folder: Path, clock: Clock, act: Callable[..., Any] | None = None
) -> list[Any]:
    async with service_of(kind, folder, clock) as analytics:
        if act:
            await act(analytics, clock)
        return await seen(analytics)


@pytest.mark.parametrize(("name", "other"), DIRECTIONS)
async def test_what_is_moved_and_moved_back_shows_everyone_the_same(
    name: str, other: str, tmp_path: Path
) -> None:
    kind, to = KINDS[name], KINDS[other]
    clock = Clock()
    before = await service_seen(kind, tmp_path, clock, live)
    rows = await rows_of(place_of(kind, tmp_path))
    await moved(place_of(kind, tmp_path), place_of(to, tmp_path))
    unmake(kind, tmp_path)
    between = await service_seen(to, tmp_path, clock)
    await moved(place_of(to, tmp_path), place_of(kind, tmp_path))
    back = await rows_of(place_of(kind, tmp_path))
    after = await service_seen(kind, tmp_path, clock)

    assert all(rows[name] for name in ("interactions", "audit_trail", "turned_off", "opt_outs"))
    assert before == between == after
    # A store notes about itself when it is opened.
    assert dict(rows.pop("settings")).items() <= dict(back.pop("settings")).items()
    assert back == rows


@pytest.mark.parametrize(("name", "other"), DIRECTIONS)
async def test_what_is_added_later_stands_beside_what_was_brought(
    name: str, other: str, tmp_path: Path
) -> None:
    kind, to = KINDS[name], KINDS[other]
    async with kind.open(tmp_path) as store:
        for text in ("first", "second"):
            await store.add_note(TODAY, text, 10)
    await moved(place_of(kind, tmp_path), place_of(to, tmp_path))
    async with to.open(tmp_path) as store:
        third = await store.add_note(TODAY, "third", 10)
        notes = await store.notes()

    assert [note.text for note in notes] == ["first", "second", "third"]
    assert third not in {note.id for note in notes[:2]}


async def fill(kind: Kind, folder: Path, days: int = 3) -> Place:
    async with kind.open(folder) as store:
        for day in range(days):
            await record(
                store,
                [
                    update(person, TODAY - day * DAY, update_id=day * 50 + person)
                    for person in range(1, 40)
                ],
            )
    return place_of(kind, folder)


async def test_a_file_that_is_made_has_the_schema_of_any_other(tmp_path: Path) -> None:
    schema = "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name"
    pragmas = ("application_id", "user_version", "journal_mode")
    url = await fill(KINDS["postgres"], tmp_path)
    other = tmp_path / "other"
    other.mkdir()
    await fill(KINDS["sqlite"], other)
    await moved(url, tmp_path / NAME)

    assert select(tmp_path, schema) == select(other, schema)
    for pragma in pragmas:
        assert select(tmp_path, f"PRAGMA {pragma}") == select(other, f"PRAGMA {pragma}")


async def test_what_several_processes_have_counted_is_summed_up(tmp_path: Path) -> None:
    event = Event(EventKind.COMMAND, "help", False)
    for number in range(4):
        async with KINDS["postgres"].open(tmp_path) as store:
            await record(store, [update(number + 1, TODAY + number, events=[event])], number)
            expected = await store.event_days(0), await store.totals(0, 0, 0)
    unfolded = execute(database_of(tmp_path), "SELECT count(*) FROM bot_analytics.daily_events")
    await moved(database_of(tmp_path), tmp_path / NAME)
    async with KINDS["sqlite"].open(tmp_path) as moved_to:
        found = await moved_to.event_days(0), await moved_to.totals(0, 0, 0)

    assert unfolded == [(4,)]
    assert found == expected


async def test_more_days_than_a_server_can_lock_are_told(tmp_path: Path) -> None:
    source, port = await fill(KINDS["sqlite"], tmp_path, days=800), free_port()
    few = "-c listen_addresses= -c max_connections=10 -c max_locks_per_transaction=10"
    with own_server(port, few) as folder:
        url = url_of(folder, "postgres", port)
        with pytest.raises(MoveRefused, match="max_locks_per_transaction"):
            await moved(source, url)

        assert execute(url, SCHEMA) == [(False,)]


async def move_until(source: Place, target: Place, share: float) -> None:
    """Move, and kill this process once a share of the rows is done."""

    def watch(done: int, total: int) -> None:
        if done >= total * share:
            die()

    from analytics.postgres import moving as of_server

    with patch.object(of_file, "CHUNK", 20), patch.object(of_server, "CHUNK", 20):
        await moved(source, target, progress=watch)


@pytest.mark.parametrize("share", [0.01, 0.5, 1])
@pytest.mark.parametrize(("name", "other"), DIRECTIONS)
async def test_a_kill_leaves_the_target_as_it_was_and_a_second_run_moves_all(
    name: str, other: str, share: float, tmp_path: Path
) -> None:
    source = await fill(KINDS[name], tmp_path)
    before = await rows_of(source)
    target = place_of(KINDS[other], tmp_path)
    assert await asyncio.to_thread(is_killed, move_until, source, target, share)

    if isinstance(target, Path):
        assert not target.exists()
    else:
        assert execute(target, SCHEMA) == [(False,)]
    await moved(source, target)
    assert await rows_of(target) == await rows_of(source) == before
    assert not list(tmp_path.glob("*.unfinished*"))


async def test_a_kill_leaves_a_database_that_a_bot_was_started_with(tmp_path: Path) -> None:
    source, target = await fill(KINDS["sqlite"], tmp_path), database_of(tmp_path)
    async with KINDS["postgres"].open(tmp_path) as store:
        await store.put_setting("references", "others")
    before = await rows_of(target)
    assert await asyncio.to_thread(is_killed, move_until, source, target, 0.5)

    assert await rows_of(target) == before
    await moved(source, target)
    assert await rows_of(target) == await rows_of(source)


@pytest.mark.parametrize(("name", "other"), DIRECTIONS)
async def test_the_source_is_only_read(name: str, other: str, tmp_path: Path) -> None:
    source = await fill(KINDS[name], tmp_path)
    content = source.read_bytes() if isinstance(source, Path) else await rows_of(source)
    await moved(source, place_of(KINDS[other], tmp_path))

    after = source.read_bytes() if isinstance(source, Path) else await rows_of(source)
    assert after == content


@pytest.mark.parametrize(("name", "other"), DIRECTIONS)
async def test_a_dry_run_counts_and_leaves_the_target(
    name: str, other: str, tmp_path: Path
) -> None:
    source, target = await fill(KINDS[name], tmp_path), place_of(KINDS[other], tmp_path)
    found = dict(await moved(source, target, dry_run=True))

    assert found["interactions"] == 3 * 39
    assert found["users"] == 39
    if isinstance(target, Path):
        assert not target.exists()
        assert not list(tmp_path.glob("*.unfinished*"))
    else:
        assert execute(target, SCHEMA) == [(False,)]


@pytest.mark.parametrize(("name", "other"), DIRECTIONS)
async def test_a_target_with_data_is_refused_and_stays(
    name: str, other: str, tmp_path: Path
) -> None:
    source = await fill(KINDS[name], tmp_path)
    target = await fill(KINDS[other], tmp_path, days=1)
    before = await rows_of(target)
    with pytest.raises(MoveRefused, match="already"):
        await moved(source, target)

    assert await rows_of(target) == before


async def test_a_row_in_any_table_is_data(tmp_path: Path) -> None:
    source, target = await fill(KINDS["sqlite"], tmp_path), database_of(tmp_path)
    await service_seen(KINDS["postgres"], tmp_path, Clock(), live)
    for statement in (
        "INSERT INTO bot_analytics.daily_trends VALUES (1, 2, 1, NULL)",
        "INSERT INTO bot_analytics.start_links VALUES ('a', 'b', 1)",
        "INSERT INTO bot_analytics.erasures VALUES (1, 2)",
        *(f"CREATE TABLE kept_{table.name} AS TABLE bot_analytics.{table.name}" for table in DATA),
        *(f"DELETE FROM bot_analytics.{table.name}" for table in DATA),
    ):
        execute(target, statement)
    for table in DATA:
        execute(
            target,
            f"INSERT INTO bot_analytics.{table.name} OVERRIDING SYSTEM VALUE "
            f"SELECT * FROM kept_{table.name} LIMIT 1",
        )
        with pytest.raises(MoveRefused, match="already"):
            await moved(source, target)
        execute(target, f"DELETE FROM bot_analytics.{table.name}")


@pytest.mark.parametrize(("name", "other"), DIRECTIONS)
@pytest.mark.parametrize("at", ["source", "target"])
async def test_a_database_that_a_bot_has_open_is_not_moved(
    name: str, other: str, at: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from analytics.postgres import moving as of_server

    monkeypatch.setattr(locks, "OWNER_TIMEOUT", 0.01)
    monkeypatch.setattr(of_server, "OTHERS_TIMEOUT", 0.01)
    source, target = await fill(KINDS[name], tmp_path), place_of(KINDS[other], tmp_path)
    async with KINDS[name if at == "source" else other].open(tmp_path):
        with pytest.raises((DatabaseInUse, DatabaseUnavailable), match="another process is using"):
            await moved(source, target)


async def test_who_comes_while_a_database_is_read_cannot_write(tmp_path: Path) -> None:
    from analytics.moving import open_source

    source = await fill(KINDS["postgres"], tmp_path)
    async with open_source(source, None), AsyncExitStack() as stack:
        store = await stack.enter_async_context(KINDS["postgres"].open(tmp_path))
        with pytest.raises(AnalyticsError):
            await record(store, [update()])
        with pytest.raises(AnalyticsError):
            await store.put_setting("any", 1)


async def test_interactions_that_wait_beside_a_file_are_not_left_behind(tmp_path: Path) -> None:
    source = await fill(KINDS["sqlite"], tmp_path)
    assert isinstance(source, Path)
    files.spool(source).write_bytes(b"waiting")
    for place, target in ((source, database_of(tmp_path)), (database_of(tmp_path), source)):
        with pytest.raises(MoveRefused, match="start the bot"):
            await move(place, target, beside=source)


@pytest.mark.parametrize("version", [1, 2, 3])
async def test_an_older_file_is_migrated_first(version: int, tmp_path: Path) -> None:
    with pytest.raises(OlderSchema, match="start this version's bot once"):
        await moved(
            Path(shutil.copy(FILES / f"schema-{version}.sqlite3", tmp_path)), database_of(tmp_path)
        )

    assert execute(database_of(tmp_path), SCHEMA) == [(False,)]


async def test_a_newer_database_is_refused(tmp_path: Path) -> None:
    url = str(await fill(KINDS["postgres"], tmp_path))
    execute(url, "UPDATE bot_analytics.settings SET value = '99' WHERE name = 'schema_version'")
    with pytest.raises(NewerSchema):
        await moved(url, tmp_path / NAME)


async def test_a_source_that_is_none_is_told(tmp_path: Path) -> None:
    target = database_of(tmp_path)
    with pytest.raises(DatabaseMissing):
        await moved(tmp_path / "missing.sqlite3", target)
    with pytest.raises(DatabaseMissing):
        await moved(target, tmp_path / "new.sqlite3")
    damaged = await fill(KINDS["sqlite"], tmp_path)
    assert isinstance(damaged, Path)
    content = bytearray(damaged.read_bytes())
    content[4096 * 3 : 4096 * 5] = os.urandom(4096 * 2)
    damaged.write_bytes(content)
    with pytest.raises(DatabaseDamaged):
        await moved(damaged, target)

    assert not (tmp_path / "new.sqlite3").exists()
    assert execute(target, SCHEMA) == [(False,)]


@pytest.mark.parametrize(
    ("url", "error"),
    [
        ("postgresql://user:secret@/no%zz", DatabaseInaccessible),
        ("postgresql://user:secret@127.0.0.1:1/none", DatabaseUnavailable),
    ],
)
async def test_a_wrong_url_is_told_without_its_password(
    url: str, error: type[AnalyticsError], tmp_path: Path
) -> None:
    source = await fill(KINDS["sqlite"], tmp_path)
    with pytest.raises(error) as raised:
        await moved(source, url)

    assert "secret" not in str(raised.value)


async def test_an_encrypted_file_is_moved_and_comes_back_encrypted(tmp_path: Path) -> None:
    url = str(await fill(KINDS["postgres"], tmp_path))
    file = tmp_path / "new.sqlite3"
    await moved(url, file, database_key=DATABASE_KEY)
    before = await rows_of(url)
    execute(url, "DROP SCHEMA bot_analytics CASCADE")
    await moved(file, url, database_key=DATABASE_KEY)

    assert not files.is_plain(file)
    assert select(file, "SELECT count(*) FROM interactions") == [(3 * 39,)]
    assert await rows_of(url) == before


def names_of_tables(kind: str) -> set[str]:
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)

        async def opened() -> None:
            async with KINDS[kind].open(folder):
                pass

        asyncio.run(opened())
        if kind == "sqlite":
            sql = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
            return {name for (name,) in select(folder, sql)}
        sql = """
            SELECT relname FROM pg_class WHERE relnamespace = 'bot_analytics'::regnamespace
            AND relkind IN ('r', 'p') AND NOT relispartition
        """
        return {name for (name,) in execute(database_of(folder), sql)}


# The vocabulary has other ids in each store. The end of a spool is known to its machine alone, and
# what processes share while they run ends with them in a file.
NOT_MOVED: dict[str, set[str]] = {
    "sqlite": {"interaction_types"},
    "postgres": {"interaction_types", "lease", "spools", "turns", "tokens"},
}


@pytest.mark.parametrize("kind", KINDS)
def test_each_table_of_a_store_is_moved(kind: str) -> None:
    moved = {table.name for table in TABLES}
    found = {"settings" if name == "file_settings" else name for name in names_of_tables(kind)}

    assert found - NOT_MOVED[kind] == moved
    assert "spool" in STAYING_SETTINGS
