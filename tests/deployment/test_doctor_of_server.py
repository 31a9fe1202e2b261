"""`doctor` is green where a PostgreSQL server is as it should be, and names each fault of one."""

import asyncio
import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from analytics import (
    AnalyticsService,
    Finding,
    Interaction,
    InteractionType,
    diagnose_server,
    utc_now,
)
from tests.support import postgres
from tests.support.command_line import invoke
from tests.support.pooler import POOLER, pooled
from tests.support.postgres import execute, needs_postgres, own_server, url_of
from tests.support.service import KEY, SOMEBODY
from tests.support.webhooks import free_port

pytestmark = needs_postgres()
GOOD = "-c listen_addresses=127.0.0.1 -c wal_recycle=off -c autovacuum=off"
CHECKS = [
    "permissions", "server", "server clock", "tls", "durability", "standby", "log", "database",
    "schema", "rights", "statistics", "partitions", "key", "cleanup", "compaction",
]  # fmt: skip


@contextmanager
def served(options: str = GOOD) -> Iterator[str]:
    port = free_port()
    with own_server(port, options) as folder:
        yield url_of(folder, "postgres", port)


async def lived(url: str, folder: Path) -> None:
    """A bot has run, recorded and cleaned up."""
    async with AnalyticsService.open(
        folder / "data" / "a.sqlite3", database_url=url, pseudonym_key=KEY
    ) as analytics:
        await analytics.record([Interaction(SOMEBODY, InteractionType.MESSAGE, utc_now())])
        await analytics.cleanup_old_interactions()
        await analytics.maintenance.compact_if_due(large_too=True)


async def found(url: str, folder: Path, later: timedelta = timedelta(0)) -> dict[str, Finding]:
    findings = await diagnose_server(
        url,
        folder / "data" / "a.sqlite3",
        pseudonym_key=KEY,
        pseudonymise=True,
        retention_days=90,
        now=datetime.now(UTC) + later,
    )
    return {each.check: each for each in findings}


async def test_all_is_well_on_a_good_server_and_each_change_of_ours_is_found(
    tmp_path: Path,
) -> None:
    with served() as url:
        before = await found(url, tmp_path)
        await lived(url, tmp_path)
        well = await found(url, tmp_path)

        assert before["database"].found.endswith("has no database yet: the bot creates it")
        assert list(well) == CHECKS
        assert {name: each.to_do for name, each in well.items() if each.to_do} == {}
        assert "MiB" in well["database"].found
        assert "1 day, " in well["partitions"].found

        for change, back, check, says in (
            (
                "ALTER TABLE bot_analytics.users ALTER reference SET STATISTICS 100",
                "ALTER TABLE bot_analytics.users ALTER reference SET STATISTICS 0",
                *("statistics", "SET STATISTICS 0"),
            ),
            (
                "ALTER DATABASE postgres SET synchronous_commit = off",
                "ALTER DATABASE postgres RESET synchronous_commit",
                *("durability", "synchronous_commit is off"),
            ),
            (
                "ALTER DATABASE postgres SET default_transaction_read_only = on",
                "BEGIN READ WRITE;"
                "ALTER DATABASE postgres RESET default_transaction_read_only; COMMIT",
                *("database", "standby"),
            ),
            (
                "UPDATE bot_analytics.settings SET value = '99' WHERE name = 'schema_version'",
                "UPDATE bot_analytics.settings SET value = '1' WHERE name = 'schema_version'",
                *("database", "newer version"),
            ),
            (
                "INSERT INTO bot_analytics.settings VALUES ('compaction_due', '1000')",
                "DELETE FROM bot_analytics.settings WHERE name = 'compaction_due'",
                *("compaction", "due since 1970"),
            ),
            (
                "UPDATE bot_analytics.settings SET value = '\"x\"' WHERE name = 'references'",
                "SELECT 1",
                *("key", "another key"),
            ),
        ):
            await asyncio.to_thread(execute, url, change)
            finding = (await found(url, tmp_path))[check]
            await asyncio.to_thread(execute, url, back)
            assert finding.failed, change
            assert says in f"{finding.found} {finding.to_do}"


async def test_a_server_that_does_not_keep_what_it_acknowledges_is_found(tmp_path: Path) -> None:
    with served("-c listen_addresses= -c fsync=off") as url:
        findings = await found(url, tmp_path)

    assert findings["durability"].failed
    assert "fsync is off" in findings["durability"].found
    assert findings["log"].advice
    assert "wal_recycle is on" in findings["log"].found


async def test_a_standby_that_commits_do_not_wait_for_is_found(tmp_path: Path) -> None:
    with served(f"{GOOD} -c synchronous_standby_names=* -c synchronous_commit=local") as url:
        findings = await found(url, tmp_path)

    assert findings["standby"].failed
    assert "local" in findings["standby"].found


async def test_clocks_that_differ_are_found(tmp_path: Path) -> None:
    with served() as url:
        behind = await found(url, tmp_path, timedelta(hours=1))
        ahead = await found(url, tmp_path, timedelta(hours=-1))

    assert behind["server clock"].failed
    assert "behind" in behind["server clock"].found
    assert "ahead of" in ahead["server clock"].found


async def test_a_user_who_owns_nothing_is_told_so(tmp_path: Path) -> None:
    with served() as url:
        await lived(url, tmp_path)
        execute(url, "CREATE ROLE guest LOGIN")
        execute(url, "GRANT USAGE ON SCHEMA bot_analytics TO guest")
        execute(url, "GRANT ALL ON ALL TABLES IN SCHEMA bot_analytics TO guest")
        findings = await found(url.replace("//bot@", "//guest@"), tmp_path)

    assert findings["rights"].failed
    assert "pg_switch_wal" in findings["log"].to_do


async def test_what_cannot_be_reached_ends_the_checks_without_a_password(tmp_path: Path) -> None:
    url = "postgresql://somebody:kept-from-everyone@127.0.0.1:1/bot"
    findings = await found(url, tmp_path)

    assert findings["server"].failed
    assert "cannot be reached" in findings["server"].found
    assert "kept-from-everyone" not in str(findings)


def make_certificate(data: Path) -> None:
    """Make one that signs itself, for the server of a folder, with the name localhost."""
    key, certificate = data / "server.key", data / "server.crt"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", certificate],
        check=True, capture_output=True,
    )  # fmt: skip
    for file in (key, certificate):
        file.chmod(0o600)
        if data.owner() != file.owner():
            shutil.chown(file, data.owner())


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")
async def test_a_connection_without_proof_of_the_servers_name_is_found(tmp_path: Path) -> None:
    port = free_port()
    with own_server(port, GOOD) as folder:
        make_certificate(folder / "data")
        postgres.stop_server(folder)
        postgres.start_server(folder, port, f"{GOOD} -c ssl=on")
        shutil.copy(folder / "data" / "server.crt", tmp_path / "root.crt")
        url = f"postgresql://bot@localhost:{port}/postgres?sslmode="
        required = await found(f"{url}require", tmp_path)
        full = await found(f"{url}verify-full&sslrootcert={tmp_path}/root.crt", tmp_path)
        none = await found(f"{url}disable", tmp_path)

    assert required["tls"].advice
    assert "pretend" in required["tls"].found
    assert not full["tls"].to_do
    assert "prove its name" in full["tls"].found
    assert "on this machine" in none["tls"].found


def test_a_connection_to_another_machine_without_tls_fails() -> None:
    from analytics.postgres.diagnostics import tls

    assert tls(SimpleNamespace(address="192.0.2.1", tls=False), "prefer").failed
    assert not tls(SimpleNamespace(address=None, tls=False), "prefer").to_do


def test_more_partitions_than_a_server_can_lock_are_found() -> None:
    from analytics.postgres.diagnostics import partitions_of

    now = datetime(2026, 6, 1, 12, tzinfo=UTC)
    today = int(now.timestamp()) // 86_400
    many = list(range(today - 3_650, today + 1))

    assert "max_locks_per_transaction" in partitions_of(many, 6_400, 3_650, now).to_do
    assert not partitions_of(many[-91:], 6_400, 90, now).to_do
    assert "clocks" in partitions_of([today, today + 2], 6_400, 90, now).to_do


@pytest.mark.skipif(POOLER is None, reason="needs pgbouncer")
async def test_a_pooler_is_named(tmp_path: Path) -> None:
    with pooled(tmp_path) as url:
        through = await found(url, tmp_path)
    directly = await found(postgres.database_of(tmp_path), tmp_path)

    assert "pooler" in through["pooler"].found
    assert "pooler" not in directly


def test_the_command_checks_the_server_in_the_place_of_a_file(tmp_path: Path) -> None:
    url = postgres.database_of(tmp_path)
    asyncio.run(lived(url, tmp_path))
    result = invoke(
        "doctor",
        "--json",
        DATABASE_URL=url,
        DATABASE_PATH=str(tmp_path / "data" / "a.sqlite3"),
        USER_ID_KEY=KEY.hex(),
    )
    findings = {each["check"]: each for each in json.loads(result.stdout)}

    assert findings.keys() >= set(CHECKS)
    # It gives up what it could lose in a power cut, to be fast.
    assert "fsync is off" in findings["durability"]["found"]
    assert findings["key"]["ok"]
    assert "sqlite" not in findings
