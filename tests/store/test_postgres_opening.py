"""What cannot be opened as a PostgreSQL database is refused in a sentence, without its password."""

from pathlib import Path
from unittest.mock import patch

import pytest

from analytics import (
    Access,
    AnalyticsError,
    DatabaseInaccessible,
    DatabaseMissing,
    DatabaseUnavailable,
    NewerSchema,
    NotOurDatabase,
)
from analytics.errors import OlderSchema, UnsupportedPostgreSQL
from analytics.store import Store
from tests.store.updates import count, record, update
from tests.support.postgres import (
    WITH_PASSWORD,
    database_of,
    execute,
    needs_postgres,
    shared_server,
)
from tests.support.webhooks import free_port

pytestmark = needs_postgres()
SECRET = "kept-from-everyone"


async def refusal(url: str, access: Access = Access.OWN) -> AnalyticsError:
    """Return why a database is not opened."""
    from analytics.postgres.store import open_store

    with pytest.raises(AnalyticsError) as refused:
        async with open_store(url, access):
            pass
    error = refused.value
    assert SECRET not in str(error)
    assert "\n" not in str(error)
    return error


async def opened(url: str, access: Access = Access.OWN) -> int:
    from analytics.postgres.store import open_store

    async with open_store(url, access) as store:
        found: Store = store
        return await count(found)


@pytest.mark.parametrize(
    "url", [f"postgresql://bot:{SECRET}@host:port:1/x%zz", f"mysql://bot:{SECRET}@host/x", "x y"]
)
async def test_an_address_of_nothing_is_refused(url: str) -> None:
    error = await refusal(url)

    assert isinstance(error, DatabaseInaccessible)
    assert "DATABASE_URL is no address" in error.problem


@pytest.mark.parametrize(
    "option",
    [
        "sslmode=nonsense",
        "connect_timeout=soon",
        "port=http",
        "keepalives_idle=x",
        "target_session_attrs=any-thing",
    ],
)
async def test_an_option_that_cannot_be_is_told(option: str) -> None:
    error = await refusal(f"postgresql://bot:{SECRET}@127.0.0.1/bot?{option}")

    assert isinstance(error, DatabaseInaccessible)
    assert "has an option that cannot be" in error.problem


async def test_a_server_that_is_not_there_may_come_later() -> None:
    error = await refusal(f"postgresql://bot:{SECRET}@127.0.0.1:{free_port()}/bot")

    assert type(error) is DatabaseUnavailable
    assert error.is_transient
    assert "cannot be reached" in error.problem


async def test_a_wrong_password_a_wrong_user_and_a_wrong_database_are_told() -> None:
    server = shared_server()
    at = f"@127.0.0.1:{server.port}"
    password = await refusal(server.url("postgres", WITH_PASSWORD).replace("@", f":{SECRET}@", 1))
    user = await refusal(f"postgresql://nobody{at}/postgres")
    database = await refusal(f"postgresql://bot{at}/nothing")

    assert "the password or the user is wrong" in password.problem
    assert "there is no such user" in user.problem
    assert "there is no such database" in database.problem
    for error in (password, user, database):
        assert isinstance(error, DatabaseInaccessible)
        assert not error.is_transient


async def test_tls_that_the_server_does_not_have_or_that_is_not_verified_is_refused() -> None:
    at = f"postgresql://bot:{SECRET}@127.0.0.1:{shared_server().port}/postgres"
    for mode in ("sslmode=require", "sslmode=verify-full&sslrootcert=/no/such/file"):
        error = await refusal(f"{at}?{mode}")

        assert isinstance(error, DatabaseInaccessible)
        assert "over TLS" in error.problem


async def test_an_old_server_is_refused(tmp_path: Path) -> None:
    from analytics.postgres import migrations

    with patch.object(migrations, "OLDEST_SERVER", 99):
        error = await refusal(database_of(tmp_path))

    assert isinstance(error, UnsupportedPostgreSQL)
    assert "99 or newer" in error.remedy


async def test_a_standby_is_refused_to_who_writes_and_read_by_who_reads(tmp_path: Path) -> None:
    url = database_of(tmp_path)
    await opened(url)
    name = url.split("/")[3].split("?")[0]
    server = shared_server().url("postgres")
    execute(server, f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    try:
        error = await refusal(url)

        assert isinstance(error, DatabaseInaccessible)
        assert "target_session_attrs=read-write" in error.remedy
        assert await opened(url, Access.READ) == 0
    finally:
        execute(server, f"ALTER DATABASE {name} RESET default_transaction_read_only")


async def test_a_user_without_rights_is_refused_and_told_what_to_grant(tmp_path: Path) -> None:
    url = database_of(tmp_path)
    name = f"user_{url.split('/')[3].split('?')[0]}"
    execute(url, f"CREATE ROLE {name} LOGIN")
    error = await refusal(url.replace("bot@", f"{name}@", 1))
    execute(url, f"CREATE SCHEMA bot_analytics AUTHORIZATION {name}")
    made = await opened(url.replace("bot@", f"{name}@", 1))
    execute(url, f"DROP OWNED BY {name}; DROP ROLE {name}")

    assert isinstance(error, DatabaseInaccessible)
    assert "lacks rights" in error.problem
    assert "owner of the schema bot_analytics" in error.remedy
    assert made == 0


@pytest.mark.parametrize(
    "table",
    ["sales (id int)", "settings (name text, value text)", "users (id int)"],
)
async def test_a_schema_of_another_program_is_left_alone(tmp_path: Path, table: str) -> None:
    url = database_of(tmp_path)
    execute(url, f"CREATE SCHEMA bot_analytics; CREATE TABLE bot_analytics.{table}")

    assert isinstance(await refusal(url), NotOurDatabase)
    tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'bot_analytics'"
    assert execute(url, tables) == [(1,)]


async def test_other_tables_in_the_database_do_not_matter(tmp_path: Path) -> None:
    url = database_of(tmp_path)
    execute(url, "CREATE TABLE IF NOT EXISTS users (id int)")

    assert await opened(url) == 0


async def test_a_newer_schema_is_refused_and_stays_as_it_is(tmp_path: Path) -> None:
    url = database_of(tmp_path)
    await opened(url)
    version = "UPDATE bot_analytics.settings SET value = '99' WHERE name = 'schema_version'"
    execute(url, version)
    errors = [await refusal(url, access) for access in Access]

    assert [type(each) for each in errors] == [NewerSchema] * 3
    kept = "SELECT value FROM bot_analytics.settings WHERE name = 'schema_version'"
    assert execute(url, kept) == [(99,)]


async def test_a_bot_that_runs_while_a_newer_one_migrates_goes_on(tmp_path: Path) -> None:
    from analytics.postgres.store import open_store

    url = database_of(tmp_path)
    async with open_store(url, Access.OWN) as store:
        newer = "UPDATE bot_analytics.settings SET value = '99' WHERE name = 'schema_version'"
        execute(url, newer)
        await record(store, [update(update_id=1)])
        assert await count(store) == 1
        assert isinstance(await refusal(url), NewerSchema)


async def test_a_command_makes_no_schema_and_migrates_none(tmp_path: Path) -> None:
    from analytics.postgres import migrations

    url = database_of(tmp_path)
    missing = [await refusal(url, access) for access in (Access.SHARE, Access.READ)]
    await opened(url)
    with patch.object(migrations, "SCHEMA_VERSION", 2):
        older = [await refusal(url, access) for access in (Access.SHARE, Access.READ)]

    assert [type(each) for each in missing] == [DatabaseMissing] * 2
    assert [type(each) for each in older] == [OlderSchema] * 2


async def test_a_migration_that_fails_leaves_the_schema_as_it_was(tmp_path: Path) -> None:
    from analytics.postgres import migrations
    from analytics.postgres.store import open_store

    url = database_of(tmp_path)
    async with open_store(url, Access.OWN) as store:
        await record(store, [update()])
    made = "CREATE TABLE bot_analytics.made (id int)"
    with patch.object(migrations, "SCHEMA_VERSION", 2):
        with patch.object(migrations, "MIGRATIONS", {2: (made, "SELECT 1 / 0")}):
            failed = await refusal(url)
        with patch.object(migrations, "MIGRATIONS", {2: (made,)}):
            found = await opened(url)

    assert "division by zero" in failed.problem
    assert found == 1
    assert isinstance(await refusal(url), NewerSchema)


async def test_what_the_address_says_about_encoding_does_not_matter(tmp_path: Path) -> None:
    assert await opened(f"{database_of(tmp_path)}&client_encoding=latin1") == 0


@pytest.mark.parametrize(
    ("code", "passes"),
    [
        ("08006", True),  # connection failure
        ("25006", True),  # a standby, after a fail-over
        ("25P03", True),  # this process was stopped in a transaction
        ("40P01", True),  # deadlock
        ("53100", True),  # disk full
        ("53300", True),  # too many connections
        ("55P03", True),  # lock not available
        ("57P01", True),  # shutdown
        ("42501", False),  # lacks rights
        ("42P01", False),  # a table is missing
        ("XX001", False),  # damaged
    ],
)
def test_what_passes_is_tried_again_and_the_rest_needs_a_person(code: str, passes: bool) -> None:
    from psycopg import errors

    from analytics.postgres.connections import Server

    error = Server("postgresql://bot@server/bot").failed(errors.lookup(code)("no"))

    assert error.is_transient == passes
    assert "postgresql://server:5432/bot" in str(error)
