"""A PostgreSQL server that is killed, and what its files hold after an erasure."""

import asyncio
import random
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path
from unittest.mock import patch

import pytest

from analytics import Access, DatabaseUnavailable
from analytics.sqlite.files import spool
from tests.store.updates import NOON, count, erase, record, update
from tests.support import ROOT
from tests.support.postgres import (
    database_of,
    execute,
    needs_postgres,
    own_server,
    start_server,
    stop_server,
    stopped,
    url_of,
)
from tests.support.second_connection import NAME
from tests.support.service import SOMEBODY, interaction, open_service
from tests.support.webhooks import free_port

# Records update after update from a number on, of one person, and tells each that is committed.
WRITER = """
import asyncio, itertools, sys
from analytics import Access
from analytics.postgres.store import open_store
from tests.store.updates import NOON, record, update

async def write(url, begin):
    async with open_store(url, Access.OWN) as store:
        for each in itertools.count(begin):
            await record(store, [update(at=NOON + each, update_id=each)])
            print(each, flush=True)

asyncio.run(write(sys.argv[1], int(sys.argv[2])))
"""
pytestmark = needs_postgres()


@pytest.mark.parametrize("recycled", [False, True])
async def test_an_erased_reference_is_in_no_file_after_the_compaction_but_a_recycled_log(
    recycled: bool,
) -> None:
    from analytics.postgres.store import open_store

    port = free_port()
    people = random.sample(range(2**62, 2**63), 500)
    erased = people[:40]
    options = f"-c listen_addresses= -c autovacuum=off -c wal_recycle={'on' if recycled else 'off'}"
    with own_server(port, options) as folder:
        url = url_of(folder, "postgres", port)

        def found(inside: str) -> list[int]:
            """Those of the erased people whose references are in a file of the server."""
            files = [each for each in (folder / "data" / inside).rglob("*") if each.is_file()]
            content = b"".join(each.read_bytes() for each in files)
            return [each for each in erased if each.to_bytes(8, sys.byteorder) in content]

        async with open_store(url, Access.OWN) as store:
            await record(store, [update(who) for who in people])
            execute(url, "ANALYZE")
            for each in erased:
                await erase(store, each)
            execute(url, "CHECKPOINT")
            before = found("base"), found("pg_wal")
            await store.compact_if_due(NOON, nullcontext, large_too=False)

            assert before == (erased, erased)
            assert found("base") == []
            assert found(".") == (erased if recycled else [])
            assert await count(store) == len(people) - len(erased)


async def test_a_server_that_is_killed_and_comes_back_has_what_was_committed() -> None:
    from analytics.postgres.store import open_store

    port = free_port()
    with own_server(port, "-c listen_addresses=") as folder:
        async with open_store(url_of(folder, "postgres", port), Access.OWN) as store:
            await record(store, [update(update_id=1)])
            stop_server(folder, "immediate")
            with pytest.raises(DatabaseUnavailable):
                await record(store, [update(update_id=2)])
            with pytest.raises(DatabaseUnavailable, match="cannot be reached"):
                await store.totals(0, 0, 0)
            start_server(folder, port, "-c listen_addresses=")
            await record(store, [update(update_id=1), update(update_id=2)])

            assert await count(store) == 2


async def test_a_restart_of_the_server_costs_an_idle_bot_nothing() -> None:
    from analytics.postgres.store import open_store

    port = free_port()
    with own_server(port, "-c listen_addresses=") as folder:
        async with open_store(url_of(folder, "postgres", port), Access.OWN) as store:
            turns, people = [], []
            for number in range(3):
                # Each of its connections was used before, and each is used first by one of these.
                await record(store, [update(update_id=number)])
                people += await store.people_of_windows([(NOON, NOON + 1)])
                assert await count(store) == number + 1
                restart_server(folder, port)
                turns.append(await store.take_turn("cleanup", NOON + number, NOON + number))
                people += await store.people_of_windows([(NOON, NOON + 1)])
                assert await count(store) == number + 1
                restart_server(folder, port)

    assert turns == [True] * 3
    assert people == [1] * 6


async def test_a_server_that_hangs_is_left_and_what_it_was_sent_is_counted_once() -> None:
    from analytics.postgres import database
    from analytics.postgres.store import open_store

    port = free_port()
    with own_server(port, "-c listen_addresses=") as folder:
        async with open_store(url_of(folder, "postgres", port), Access.OWN) as store:
            await record(store, [update(update_id=1)])
            with (
                patch.object(database, "RECORDING_SECONDS", 0.2),
                stopped(folder),
                pytest.raises(DatabaseUnavailable),
            ):
                await record(store, [update(update_id=2)])
            # The server goes on with what it was sent, and may still commit it.
            await record(store, [update(update_id=2)])

            assert await count(store) == 2


@pytest.mark.usefixtures("impatient")
async def test_what_comes_while_the_server_is_down_waits_in_the_spool_and_is_counted_once(
    tmp_path: Path,
) -> None:
    port = free_port()
    batches = [[interaction(person=SOMEBODY + each)] for each in range(4)]
    with own_server(port, "-c listen_addresses=") as folder:
        url = url_of(folder, "postgres", port)
        async with open_service(tmp_path, database_url=url) as analytics:
            assert await analytics.record(batches[0], [1])
            stop_server(folder, "immediate")
            waits = [await analytics.record(batches[each], [each + 1]) for each in (1, 2)]
        waiting = spool(tmp_path / NAME).exists()
        start_server(folder, port, "-c listen_addresses=")
        async with open_service(tmp_path, database_url=url) as analytics:
            assert await analytics.record([*batches[2], *batches[3]], [3, 4])
            report = await analytics.get_admin_analytics_report()

    assert waits == [False, False]
    assert waiting
    assert report.total_interactions == 4
    assert report.daily_active_users == 4
    assert not spool(tmp_path / NAME).exists()


def restart_server(folder: Path, port: int) -> None:
    stop_server(folder)
    start_server(folder, port, "-c listen_addresses=")


def killed_after(url: str, begin: int, answers: int) -> int:
    """Return the newest update that a writer told of, which is killed while it writes on."""
    command = [sys.executable, "-c", WRITER, url, str(begin)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        told = [int(writer.stdout.readline()) for _ in range(answers)]
        writer.kill()
        return max([*told, *map(int, writer.stdout.read().split())])


async def test_a_writer_that_is_killed_has_lost_nothing_and_its_updates_come_once(
    tmp_path: Path,
) -> None:
    from analytics.postgres.store import open_store

    url = database_of(tmp_path)
    begin = 1
    for answers in (1, 20, 50):
        # The newest one is sent again: it may not have been acknowledged.
        begin = await asyncio.to_thread(killed_after, url, begin, answers)
    async with open_store(url, Access.OWN) as store:
        rows = await store.interactions(1_000, None, None)

    stored = sorted(int(row.timestamp.timestamp()) - NOON for row in rows)
    assert begin >= 68
    assert stored in ([*range(1, begin + 1)], [*range(1, begin + 2)])
    assert {row.count for row in rows} == {1}
