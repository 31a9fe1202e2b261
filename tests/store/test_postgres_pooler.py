"""A connection pooler in transaction mode may stand between the bot and its server."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from psycopg import OperationalError

from analytics import InteractionType
from tests.support.postgres import database_of, execute, needs_postgres, new_folder, shared_server
from tests.support.processes import PATIENCE
from tests.support.service import SOMEBODY, interaction, open_service
from tests.support.webhooks import free_port

POOLER = shutil.which("pgbouncer") or next(iter(Path("/usr/sbin").glob("pgbouncer")), None)
# Fewer connections than the bot has, so that each goes on in what another one has left.
SETTINGS = """
[databases]
* = host={server} port={server_port} user=bot
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 4
server_idle_timeout = 1
"""
pytestmark = [
    needs_postgres(),
    pytest.mark.skipif(POOLER is None, reason="needs pgbouncer: apt-get install pgbouncer"),
]


@contextmanager
def pooled(folder: Path) -> Iterator[str]:
    """The URL of the database of a folder, through a pooler."""
    assert POOLER is not None
    server, port, own = shared_server(), free_port(), new_folder()
    name = database_of(folder).partition("@/")[2].partition("?")[0]
    settings = own / "pgbouncer.ini"
    settings.write_text(
        SETTINGS.format(server=server.folder, server_port=server.port, port=port), "utf-8"
    )
    as_root = os.geteuid() == 0
    if as_root:
        shutil.chown(own, "postgres")
    pooler = subprocess.Popen(
        [POOLER, "-q", settings],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        user="postgres" if as_root else None,
    )
    try:
        url = f"postgresql://bot@127.0.0.1:{port}/{name}"
        until = time.monotonic() + PATIENCE
        while True:
            try:
                execute(url, "SELECT 1")
                break
            except OperationalError:
                assert time.monotonic() < until
        yield url
    finally:
        pooler.terminate()
        pooler.wait()
        shutil.rmtree(own)


async def test_all_works_through_it(tmp_path: Path) -> None:
    with pooled(tmp_path) as url:
        async with (
            open_service(tmp_path / "one", database_url=url) as one,
            open_service(tmp_path / "two", database_url=url) as two,
        ):
            for number, analytics in enumerate([one, two] * 10):
                said = [interaction(timedelta(days=number * 9), SOMEBODY + number % 5)]
                assert await analytics.record(said, [number])
                assert await analytics.record(said, [number])
            before = await two.get_admin_analytics_report()
            assert await one.cleanup_old_interactions() == 9
            erasure = await two.people.erase(SOMEBODY)
            await one.maintenance.compact_if_due(large_too=True)
            after = await one.get_admin_analytics_report()
            personal = await two.people.personal_data(SOMEBODY + 1)

    assert before.total_interactions == 20
    assert erasure is not None
    assert after.total_interactions == 11 - erasure.interactions
    assert {row.interaction_type for row in personal.interactions} == {InteractionType.MESSAGE}
