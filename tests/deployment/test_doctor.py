"""`doctor` is green where all is well, and names each fault with what to do."""

import json
import os
import shutil
import signal
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from types import SimpleNamespace

import aiohttp
import pytest

from analytics import AnalyticsService, Interaction, InteractionType
from analytics.findings import Facts, Finding
from analytics.sqlite import connections
from analytics.sqlite.files import spool
from analytics.sqlite.maintenance.backups import backup_into
from analytics.sqlite.maintenance.diagnostics import disk_space
from bot.cli.doctor import findings, updates
from bot.cli.telegram import WebhookInfo
from bot.sandbox import Sandbox
from bot.sandbox.faults import answers, refuses
from bot.settings import Settings
from tests.support import processes
from tests.support.settings import TOKEN, some_settings

NOW = datetime.now(UTC)
CHECKS = [
    "settings", "admins", "contact", "token", "updates", "clock", "env file", "sqlite",
    "permissions", "database", "schema", "key", "disk", "cleanup", "compaction", "backup",
]  # fmt: skip


class World:
    """A place where all is well: a bot has run, cleaned up, and backed up."""

    def __init__(self, folder: Path, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.sandbox = sandbox
        self.database = folder / "data" / "analytics.sqlite3"
        self.monkeypatch = monkeypatch

    def set(self, **environment: str) -> None:
        for name, value in environment.items():
            self.monkeypatch.setenv(name, value)

    def execute(self, sql: str, *parameters: object) -> None:
        with closing(sqlite3.connect(self.database)) as connection, connection:
            connection.execute(sql, parameters)

    async def call(self, method: str, **parameters: str) -> None:
        url = f"{self.sandbox.url}/bot{self.sandbox.token}/{method}"
        async with aiohttp.ClientSession() as session, session.post(url, json=parameters) as answer:
            assert answer.status == 200


@pytest.fixture
async def world(sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    world = World(tmp_path, sandbox, monkeypatch)
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    world.set(
        **processes.settings(sandbox, world.database),
        BACKUP_DIR="copies",
        OPERATOR_CONTACT="me",
        ADMIN_IDS="6000000002",
    )
    (tmp_path / ".env").touch(0o600)
    async with AnalyticsService.open(world.database) as analytics:
        await analytics.record([Interaction(6_000_000_001, InteractionType.MESSAGE, NOW)])
        await analytics.cleanup_old_interactions()
    await backup_into(world.database, tmp_path / "copies", None, 7, 90, NOW)
    return world


async def test_where_all_is_well_every_check_says_so(world: World) -> None:
    found = await findings()

    assert [finding.check for finding in found] == CHECKS
    assert [finding for finding in found if finding.to_do] == []


async def spool_left(world: World) -> None:
    spool(world.database).touch(0o600)


async def token_refused(world: World) -> None:
    world.set(BOT_TOKEN=TOKEN)


async def token_malformed(world: World) -> None:
    world.set(BOT_TOKEN="12345:secret")


async def setting_wrong(world: World) -> None:
    world.set(RETENTION_DAYS="ninety")


async def telegram_away(world: World) -> None:
    world.set(BOT_API_URL="http://127.0.0.1:1")


async def telegram_elsewhere(world: World) -> None:
    location = f"{world.sandbox.url}/bot{world.sandbox.token}/getMe"
    world.sandbox.plan("getMe", answers("", 302, Location=location))


async def somebody_elses_webhook(world: World) -> None:
    await world.call("setWebhook", url="https://127.0.0.1:9/other")


async def webhook_not_set(world: World) -> None:
    world.set(WEBHOOK_URL="https://localhost/hook", WEBHOOK_SECRET="s" * 32)


async def webhook_fails(world: World) -> None:
    world.set(WEBHOOK_URL="https://127.0.0.1:9/hook", WEBHOOK_SECRET="s" * 32)
    result = {
        "url": "https://127.0.0.1:9/hook",
        "pending_update_count": 3,
        "last_error_date": int(NOW.timestamp()) - 60,
        "last_error_message": "Connection refused",
    }
    world.sandbox.plan("getWebhookInfo", answers(json.dumps({"ok": True, "result": result})))


async def clock_ahead(world: World) -> None:
    body = json.dumps({"ok": True, "result": {"username": "a_bot"}})
    date = format_datetime(NOW - timedelta(minutes=5), usegmt=True)
    world.sandbox.plan("getMe", answers(body, Date=date))


async def env_readable(world: World) -> None:
    Path(".env").write_text("ADMIN_IDS=\n")
    Path(".env").chmod(0o644)


async def sqlite_old(world: World) -> None:
    world.monkeypatch.setattr(connections, "MINIMUM_SQLITE", (99, 0, 0))


async def database_readable(world: World) -> None:
    world.database.chmod(0o640)


async def key_readable(world: World) -> None:
    world.database.with_suffix(".key").chmod(0o644)


async def folder_open(world: World) -> None:
    world.database.parent.chmod(0o755)


async def database_damaged(world: World) -> None:
    content = world.database.read_bytes()
    world.database.write_bytes(content[:4096] + b"\xa5" * (len(content) - 4096))


async def database_of_another_program(world: World) -> None:
    world.execute("PRAGMA application_id=7")


async def schema_newer(world: World) -> None:
    world.execute("PRAGMA user_version=99")


async def schema_older(world: World) -> None:
    world.execute("PRAGMA user_version=0")


async def key_missing(world: World) -> None:
    world.database.with_suffix(".key").unlink()


async def key_broken(world: World) -> None:
    world.database.with_suffix(".key").write_text("no key")


async def key_of_another(world: World) -> None:
    world.set(USER_ID_KEY="ab" * 32)


async def plain_ids(world: World) -> None:
    world.set(PSEUDONYMISE_USER_IDS="false")


async def not_encrypted(world: World) -> None:
    world.set(DATABASE_KEY="cd" * 32)


async def disk_full(world: World) -> None:
    world.monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=2**20))


def _ago(hours: int) -> int:
    return int((NOW - timedelta(hours=hours)).timestamp())


async def cleanup_overdue(world: World) -> None:
    world.execute("UPDATE file_settings SET value = ? WHERE name = 'last_cleanup'", _ago(27))


async def cleanup_never(world: World) -> None:
    world.execute("DELETE FROM file_settings WHERE name = 'last_cleanup'")
    world.execute("UPDATE file_settings SET value = ? WHERE name = 'recording_began'", _ago(27))


async def compaction_overdue(world: World) -> None:
    world.execute("INSERT INTO file_settings VALUES ('compaction_due', ?)", _ago(27))


async def backup_overdue(world: World) -> None:
    [copy] = (world.folder / "copies").iterdir()
    copy.rename(copy.with_name("analytics-20260101T000000Z.sqlite3"))


async def backup_none(world: World) -> None:
    shutil.rmtree(world.folder / "copies")


@pytest.mark.parametrize(
    ("plant", "check", "words"),
    [
        (token_refused, "token", "@BotFather"),
        (token_malformed, "settings", "@BotFather"),
        (setting_wrong, "settings", "1 to 3650"),
        (telegram_away, "token", "BOT_API_URL"),
        (telegram_elsewhere, "token", "BOT_API_URL"),
        (somebody_elses_webhook, "updates", "start the bot"),
        (webhook_not_set, "updates", "start the bot"),
        (webhook_fails, "updates", "WEBHOOK_URL leads to"),
        (clock_ahead, "clock", "NTP"),
        (env_readable, "env file", "chmod go-rwx .env"),
        (sqlite_old, "sqlite", "SQLite 99.0.0"),
        (database_readable, "permissions", "chmod go-rwx"),
        (key_readable, "permissions", "analytics.key"),
        (folder_open, "permissions", "data"),
        (database_damaged, "database", "restore a backup"),
        (database_of_another_program, "database", "DATABASE_PATH"),
        (schema_newer, "database", "install the newer version"),
        (schema_older, "database", "start the bot"),
        (key_missing, "key", "restore the key file"),
        (key_broken, "key", "restore it from a backup"),
        (key_of_another, "key", "restore the key file"),
        (plain_ids, "key", "set it back"),
        (not_encrypted, "database", "main.py encrypt"),
        (disk_full, "disk", "free up space"),
        (cleanup_overdue, "cleanup", "main.py cleanup"),
        (cleanup_never, "cleanup", "main.py cleanup"),
        (compaction_overdue, "compaction", "free up space"),
        (backup_overdue, "backup", "backup failed"),
        (backup_none, "backup", "backup failed"),
    ],
)
async def test_each_fault_is_named_with_what_to_do_and_nothing_else_fails(
    world: World, plant: Callable[[World], Awaitable[None]], check: str, words: str
) -> None:
    await plant(world)
    failed = [finding for finding in await findings() if finding.to_do]

    assert all(finding.failed for finding in failed)
    assert [finding.check for finding in failed] == [check]
    assert words in failed[0].to_do
    assert failed[0].found
    for secret in (os.environ["BOT_TOKEN"], "ab" * 32, world.sandbox.token):
        assert secret not in str(failed)


async def contact_missing(world: World) -> None:
    world.set(OPERATOR_CONTACT="")


async def admins_missing(world: World) -> None:
    world.set(ADMIN_IDS="")


async def name_misspelt(world: World) -> None:
    (world.folder / ".env").write_text("RETENTION_DAY=30\n")


async def damaged_left(world: World) -> None:
    name = f"{world.database.name}.damaged-20260101T000000.000000Z"
    world.database.with_name(name).touch(0o600)


@pytest.mark.parametrize(
    ("plant", "check", "words"),
    [
        (contact_missing, "contact", "OPERATOR_CONTACT"),
        (admins_missing, "admins", "ADMIN_IDS"),
        (name_misspelt, "names", "did you mean RETENTION_DAYS?"),
        (damaged_left, "set aside", "rm "),
        (spool_left, "spool", "start the bot"),
    ],
)
async def test_what_can_be_left_as_it_is_is_advised_and_does_not_fail(
    world: World, plant: Callable[[World], Awaitable[None]], check: str, words: str
) -> None:
    await plant(world)
    [advised] = [finding for finding in await findings() if finding.to_do]

    assert (advised.check, advised.failed) == (check, False)
    assert words in advised.to_do


async def test_a_colon_in_a_path_or_a_value_divides_nothing(world: World) -> None:
    path = world.folder / "a: b" / "c: d.sqlite3"
    path.parent.mkdir(mode=0o700)
    path.write_text("no database")
    path.chmod(0o600)
    world.set(DATABASE_PATH=str(path), LOG_LEVEL="TOO: LOUD")
    found = {each.check: each for each in await findings() if each.failed}

    assert found["settings"].found == 'LOG_LEVEL is "TOO: LOUD"'
    assert found["settings"].to_do == "give DEBUG, INFO, WARNING or ERROR"
    assert found["database"].found == f"{path} is not a database"
    assert found["database"].to_do.startswith("set DATABASE_PATH to another file")


async def test_what_is_young_is_no_fault(world: World) -> None:
    world.execute("UPDATE file_settings SET value = ? WHERE name = 'last_cleanup'", _ago(25))
    world.execute("INSERT INTO file_settings VALUES ('compaction_due', ?)", _ago(25))

    assert [finding for finding in await findings() if finding.to_do] == []


async def test_before_the_first_start_there_is_nothing_to_complain_about(world: World) -> None:
    world.set(DATABASE_PATH="new/analytics.sqlite3")
    found = await findings()

    assert "does not exist yet" in found[-1].found
    assert [finding for finding in found if finding.to_do] == []
    assert not Path("new").exists()


async def test_nothing_is_praised_that_is_not_there(world: World) -> None:
    (world.folder / ".env").unlink()
    world.monkeypatch.delenv("BOT_TOKEN")
    found = {finding.check: finding for finding in await findings()}

    assert found["env file"].found == "none; all settings come from the environment"
    assert found["settings"].failed
    assert "main.py init" in found["settings"].to_do


ODD = [
    "true", "null", "[]", "7", '"text"', "{}", "[" * 100_000, "<html>",
    '{"ok": true}', '{"ok": true, "result": true}', '{"ok": true, "result": null}',
    '{"ok": true, "result": []}', '{"ok": 1, "result": {"url": null}}',
    '{"ok": true, "result": {"url": 7, "pending_update_count": "many", "username": []}}',
    '{"ok": true, "result": {"url": "", "last_error_date": 1e300, "username": null}}',
    '{"ok": true, "result": {"url": "", "last_error_date": -1e18}}',
]  # fmt: skip


@pytest.mark.parametrize("method", ["getMe", "getWebhookInfo"])
@pytest.mark.parametrize("body", ODD, ids=lambda body: body[:40])
async def test_whatever_a_server_answers_ends_in_findings(
    world: World, method: str, body: str
) -> None:
    world.set(WEBHOOK_URL="https://localhost/hook", WEBHOOK_SECRET="s" * 32)
    world.sandbox.plan(method, answers(body))
    failed = [finding.check for finding in await findings() if finding.failed]

    assert failed in (["token"], ["updates"])


async def test_doctor_beside_the_running_bot(world: World) -> None:
    environment = {name: os.environ[name] for name in ("BOT_TOKEN", "BOT_API_URL", "DATABASE_PATH")}
    async with processes.bot_process(world.sandbox, world.database) as bot:
        green = await processes.run(world.folder, "doctor", **environment)
        world.database.chmod(0o644)
        red = await processes.run(world.folder, "doctor", "--json", **environment)
        bot.send(signal.SIGTERM)
        stopped = await bot.ended()

    assert green[0] == 0, green
    # No backup is asked for. No admin and no contact is given: that is advice, with a line more.
    assert len(green[1].splitlines()) == len(CHECKS) - 1 + 2
    assert "warn contact" in green[1]
    assert red[0] == 1
    failed = [line for line in json.loads(red[1]) if not line["ok"]]
    assert [line["check"] for line in failed] == ["permissions"]
    assert (green[2], red[2]) == ("", "")
    assert world.sandbox.token not in green[1] + red[1]
    assert stopped[0] == 0


async def test_a_bot_that_does_not_answer_ends_in_findings(world: World) -> None:
    world.sandbox.plan("getMe", refuses(502, "Bad Gateway"))
    world.sandbox.plan("getWebhookInfo", answers("<html>"))

    assert [finding.check for finding in await findings() if finding.to_do] == ["token"]


def test_a_failure_of_the_webhook_that_was_got_over_is_no_fault() -> None:
    url = "https://localhost/hook"
    settings = some_settings(webhook_url=url, webhook_secret="s" * 32)
    failed = {"url": url, "last_error_date": _ago(2), "last_error_message": "Connection refused"}
    webhook = WebhookInfo.model_validate(failed)

    assert updates(settings, webhook, NOW) == Finding("updates", "webhook, 0 updates wait")


@pytest.mark.parametrize(
    ("days", "retention_days", "free_mib", "enough"),
    [
        # 10 MiB in 10 days are 90 MiB in 90: another 80, 90 for their copy, and 4 in reserve.
        (10, 90, 174, True),
        (10, 90, 173, False),
        # What is full does not grow.
        (90, 90, 14, True),
        (90, 90, 13, False),
    ],
)
def test_the_disk_needs_room_for_growth_and_for_a_copy(
    tmp_path: Path, days: int, retention_days: int, free_mib: int, enough: bool
) -> None:
    path = tmp_path / "a"
    path.write_bytes(bytes(10 * 2**20))
    facts = Facts(None, None, None, None, int((NOW - timedelta(days=days)).timestamp()) - 1)
    finding = disk_space(path, facts, retention_days, NOW, free_mib * 2**20)

    assert (finding.to_do == "") == enough
