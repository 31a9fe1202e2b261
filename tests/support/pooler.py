"""A connection pooler in transaction mode before the server of the tests."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from psycopg import OperationalError

from tests.support.postgres import database_of, execute, new_folder, shared_server
from tests.support.processes import PATIENCE
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
