"""A PostgreSQL server for tests, one for all workers, and a new database in it for each folder.

It runs as the user `postgres` where the tests run as root, which PostgreSQL refuses, and ends with
the process that the tests were started with.
"""

import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import pytest
from filelock import FileLock

from tests.support import ROOT
from tests.support.webhooks import free_port

USER = "bot"
# The only user who is asked for a password.
WITH_PASSWORD = "guarded"
# What a power cut would lose is no matter here.
OPTIONS = (
    "-c listen_addresses=127.0.0.1 -c fsync=off -c synchronous_commit=off -c full_page_writes=off "
    "-c max_connections=200 -c autovacuum=off -c shared_buffers=32MB "
    "-c wal_level=minimal -c max_wal_senders=0 -c max_wal_size=128MB"
)


@cache
def programs() -> Path | None:
    """Return the folder of initdb and pg_ctl: that of Debian, the newest, or one on the path."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: path.parts)
    found = str(debian[-1]) if debian else shutil.which("initdb")
    return Path(found).parent if found else None


def reason_to_skip() -> str | None:
    """Return why there is no server here, None if there can be one."""
    if not hasattr(os, "pidfd_open"):
        return "tests on PostgreSQL run on Linux alone"
    if programs() is None:
        return "PostgreSQL is not installed: apt-get install postgresql"
    return None


def needs_postgres() -> pytest.MarkDecorator:
    return pytest.mark.skipif(reason_to_skip() is not None, reason=reason_to_skip() or "")


def run(program: str, *arguments: str) -> None:
    folder = programs()
    assert folder is not None
    subprocess.run(
        [folder / program, *arguments],
        check=True,
        stdout=subprocess.DEVNULL,
        stdin=subprocess.DEVNULL,
        cwd="/",
        user="postgres" if os.geteuid() == 0 else None,
    )


def new_folder(*, in_memory: bool = True) -> Path:
    """Return a new folder that another user can get at; `in_memory` if there is room for it."""
    memory = Path("/dev/shm")
    in_memory = in_memory and memory.is_dir() and shutil.disk_usage(memory).free > 2**30
    return Path(tempfile.mkdtemp(prefix="postgres-", dir=memory if in_memory else "/tmp"))


def make_server(folder: Path, port: int, options: str = OPTIONS) -> None:
    """Make a server in an empty folder, with its data in `data`, and start it."""
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres")
    data = str(folder / "data")
    run("initdb", "-D", data, "-U", USER, "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C")
    access = folder / "data" / "pg_hba.conf"
    access.write_text(f"local all {WITH_PASSWORD} scram-sha-256\n{access.read_text()}")
    start_server(folder, port, options)


def start_server(folder: Path, port: int, options: str = OPTIONS) -> None:
    """Start a server that was made, and wait until it answers."""
    log, data = str(folder / "log"), str(folder / "data")
    run("pg_ctl", "-D", data, "-w", "-l", log, "-o", f"-k {folder} -p {port} {options}", "start")


def stop_server(folder: Path, how: str = "fast") -> None:
    run("pg_ctl", "-D", str(folder / "data"), "-m", how, "-w", "stop")


def send(data: Path, number: int) -> None:
    """Send a signal to all processes of the server whose data is in a folder, if it runs."""
    try:
        pid = int((data / "postmaster.pid").read_text().split("\n", 1)[0])
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except (OSError, ValueError):
        return
    for each in (pid, *map(int, children)):
        with suppress(ProcessLookupError):
            os.kill(each, number)


@contextmanager
def stopped(folder: Path) -> Iterator[None]:
    """Have a server hang: it answers nothing, and no connection ends."""
    send(folder / "data", signal.SIGSTOP)
    try:
        yield
    finally:
        send(folder / "data", signal.SIGCONT)


@contextmanager
def own_server(port: int, options: str = OPTIONS, *, in_memory: bool = True) -> Iterator[Path]:
    """A server for one test, which may stop it; its folder, which has its socket."""
    folder = new_folder(in_memory=in_memory)
    try:
        make_server(folder, port, options)
        yield folder
    finally:
        if (folder / "data" / "postmaster.pid").exists():
            stop_server(folder, "immediate")
        shutil.rmtree(folder, ignore_errors=True)


class Shared(NamedTuple):
    """The server of a run of tests: its folder, and its port, also on 127.0.0.1."""

    folder: Path
    port: int

    def url(self, database: str, user: str = USER) -> str:
        return url_of(self.folder, database, self.port, user)


@cache
def shared_server() -> Shared:
    """Return the server of this run of tests, started unless another worker has."""
    is_worker = "PYTEST_XDIST_WORKER" in os.environ
    controller = os.getppid() if is_worker else os.getpid()
    noted = Path(tempfile.gettempdir()) / f"postgres-of-tests-{os.geteuid()}-{controller}"
    with FileLock(f"{noted}.lock"):
        if not noted.exists():
            folder = new_folder()
            port = free_port()
            make_server(folder, port)
            subprocess.run(
                [sys.executable, "-m", "tests.support.postgres", str(controller), folder, noted],
                check=True,
                cwd=ROOT,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
            noted.write_text(f"{port} {folder}")
    at, where = noted.read_text().split(" ", 1)
    return Shared(Path(where), int(at))


def stop_after(controller: int, folder: Path, noted: Path) -> None:
    """Wait, in the background, for the end of a process; then stop the server and remove it."""
    if os.fork():
        return
    try:
        watched = os.pidfd_open(controller)
    except ProcessLookupError:
        pass
    else:
        select.select([watched], [], [])
    stop_server(folder, "immediate")
    for each in (noted, Path(f"{noted}.lock")):
        each.unlink(missing_ok=True)
    shutil.rmtree(folder)


def url_of(folder: Path, database: str, port: int, user: str = USER) -> str:
    return f"postgresql://{user}@/{database}?host={folder}&port={port}"


def execute(url: str, sql: str, parameters: Sequence[Any] = ()) -> list[Any]:
    """Run a statement through a connection of its own; return its rows."""
    import psycopg  # not everyone has the extra

    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(sql.encode(), parameters or None)
        return cursor.fetchall() if cursor.description else []


DATABASES: dict[Path, str] = {}


def database_of(folder: Path) -> str:
    """Return the URL of the database of a folder, which has nothing of ours at the first call.

    It may have been that of a folder that is gone: making one takes longer.
    """
    server = shared_server()
    if folder not in DATABASES:
        if gone := next((each for each in DATABASES if not each.exists()), None):
            DATABASES[folder] = DATABASES.pop(gone)
            emptied = server.url(DATABASES[folder])
            execute(emptied, "DROP SCHEMA IF EXISTS bot_analytics CASCADE")
        else:
            DATABASES[folder] = f"test_{uuid4().hex}"
            maintenance = server.url("postgres")
            execute(maintenance, f"CREATE DATABASE {DATABASES[folder]} TEMPLATE template0")
    return server.url(DATABASES[folder])


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep the database of a folder from being written, while it can be read."""
    import psycopg

    with psycopg.connect(database_of(folder)) as other:
        other.execute(
            b"""
            DO $$ DECLARE name regclass; BEGIN
                FOR name IN SELECT oid FROM pg_class
                    WHERE relnamespace = 'bot_analytics'::regnamespace AND relkind IN ('r', 'p')
                LOOP EXECUTE format('LOCK TABLE %s IN EXCLUSIVE MODE', name); END LOOP;
            END $$
            """
        )
        yield


@contextmanager
def being_read(url: str) -> Iterator[None]:
    """Read the interactions of a database for as long as it is entered."""
    import psycopg

    with psycopg.connect(url) as other:
        other.execute(b"SELECT count(*) FROM bot_analytics.interactions")
        yield


if __name__ == "__main__":
    stop_after(int(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]))
