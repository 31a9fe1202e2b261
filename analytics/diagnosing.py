"""Check a database on a server, and what a process has beside its path."""

from datetime import datetime
from pathlib import Path

from analytics.errors import UnsupportedPostgreSQL
from analytics.findings import Finding, fault
from analytics.sqlite.belongings import belongings
from analytics.sqlite.maintenance.diagnostics import permissions, waiting


async def diagnose_server(
    database_url: str,
    path: Path,
    *,
    pseudonym_key: bytes | None,
    pseudonymise: bool,
    retention_days: int,
    now: datetime,
) -> list[Finding]:
    """Run all checks on the database at `database_url`, and on the files beside `path`.

    What cannot be read is a finding, too. `pseudonym_key` is None if it is in the key file.
    """
    try:
        from analytics.postgres.diagnostics import check_up
    except ImportError:  # psycopg, or the libpq that it looks for
        missing = UnsupportedPostgreSQL(
            "DATABASE_URL is set, but psycopg is missing", "run pip install -e '.[postgres]'"
        )
        return [fault("server", missing)]
    beside = [path.parent, *belongings(path)]
    return [
        permissions([each for each in beside if each.exists()]),
        *waiting(path),
        *await check_up(
            database_url,
            path,
            pseudonym_key=pseudonym_key,
            pseudonymise=pseudonymise,
            retention_days=retention_days,
            now=now,
        ),
    ]
