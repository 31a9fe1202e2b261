"""Bots on PostgreSQL: whatever ends a bot, a server or the leader of three, nothing is lost."""

import asyncio
import re
import sys
from pathlib import Path

import pytest

from tests.faults.postgres import one_server, three_nodes
from tests.faults.postgres.cluster import cluster
from tests.faults.postgres.programs import reason_to_skip
from tests.faults.table import Fault
from tests.support.bytes_on_disk import REFERENCES
from tests.support.postgres import execute, needs_postgres
from tests.support.service import SOMEBODY, interaction, open_service

# Segments of the log that are begun until the erased ones are removed everywhere.
ROUNDS = 12
IN_THE_TESTS = ("kill -9 of the server", "kill -9 of the leader of three nodes")


def chosen(faults: list[Fault]) -> list[Fault]:
    return [fault for fault in faults if fault.name in IN_THE_TESTS]


async def assert_nothing_is_lost(fault: Fault) -> None:
    row = await fault.inject(fault.short)

    assert row.acknowledged > 0
    assert (row.lost, row.counted_twice) == (0, 0)
    assert row.recorded == row.acknowledged


@pytest.mark.long
@needs_postgres()
@pytest.mark.parametrize("fault", chosen(one_server.FAULTS), ids=lambda fault: fault.name)
async def test_a_server_that_is_killed_has_what_was_acknowledged(fault: Fault) -> None:
    await assert_nothing_is_lost(fault)


@pytest.mark.long
@pytest.mark.skipif(reason_to_skip() is not None, reason=reason_to_skip() or "")
@pytest.mark.parametrize("fault", chosen(three_nodes.FAULTS), ids=lambda fault: fault.name)
async def test_a_leader_that_is_killed_leaves_what_was_acknowledged(fault: Fault) -> None:
    await assert_nothing_is_lost(fault)


@pytest.mark.long
@pytest.mark.skipif(reason_to_skip() is not None, reason=reason_to_skip() or "")
async def test_an_erased_pseudonym_is_in_no_file_of_any_node(tmp_path: Path) -> None:
    people = [interaction(person=SOMEBODY + each) for each in range(400)]
    erased = [SOMEBODY + each for each in range(40)]
    traces = re.compile(b"|".join(re.escape(trace_of(each)) for each in erased))

    async with cluster() as nodes:

        def found() -> set[str]:
            """The nodes that have one of the erased pseudonyms, and where."""
            return {
                f"{node.name}: {file.relative_to(node.data).parts[0]}"
                for node in nodes.nodes
                for file in node.data.rglob("*")
                if file.is_file() and traces.search(file.read_bytes())
            }

        async with open_service(tmp_path, database_url=nodes.url) as analytics:
            await analytics.record(people, range(len(people)))
            # In a thread: what the nodes tell each other passes through this one.
            await asyncio.to_thread(execute, nodes.url, "ANALYZE")
            for each in erased:
                await analytics.people.erase(each)
            before = await asyncio.to_thread(found)
            assert await analytics.maintenance.compact_if_due(large_too=True)
            # As the log goes on: a segment is removed once no standby needs it, and by a standby at
            # its own checkpoints.
            for _ in range(ROUNDS):
                await asyncio.to_thread(execute, nodes.url, "SELECT pg_switch_wal()")
                for node in nodes.nodes:
                    url = nodes.url_of([node.port]).partition("?")[0]
                    await asyncio.to_thread(execute, url, "CHECKPOINT")
                if not (after := await asyncio.to_thread(found)):
                    break

    assert {f"{node.name}: pg_wal" for node in nodes.nodes} <= before
    assert after == set()


def trace_of(telegram_id: int) -> bytes:
    """The bytes of a person's pseudonym in the files of a server."""
    return REFERENCES.reference(telegram_id).to_bytes(8, sys.byteorder, signed=True)
