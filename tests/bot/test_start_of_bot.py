"""What is over in a minute does not end the bot, and what a person has to mend ends it with 2."""

import asyncio
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from analytics import AdminReport, AnalyticsService, DatabaseUnavailable, WrongPseudonymKey
from analytics.clock import GuardedClock
from bot import menus, token_refusals
from bot.cli.errors import FAILED, WRONG_USE, user_errors
from bot.errors import Remark, Unavailable, WrongSettings
from bot.run import serve
from bot.sandbox import Sandbox
from bot.sandbox.faults import Answer, floods, refuses
from bot.token_refusals import Refusals
from tests.support.conversation import ask
from tests.support.languages import SHIPPED
from tests.support.pauses import in_no_time
from tests.support.running import running_bot
from tests.support.settings import TOKEN, some_settings
from tests.support.webhooks import webhook_settings

ADMIN = 6_000_000_001


@pytest.mark.parametrize(
    "answer",
    [floods(2034), refuses(400, "Bad Request"), refuses(404, "Not Found"), refuses(500, "Oops")],
    ids=["429", "400", "404", "500"],
)
async def test_people_are_answered_while_no_menu_is_taken(
    sandbox: Sandbox, database: Path, answer: Answer
) -> None:
    sandbox.plan("setMyCommands", answer, times=None)
    async with running_bot(sandbox, database, menus=False, admin_ids=str(ADMIN)):
        await sandbox.called("setMyCommands")
        person = sandbox.person()
        await ask(person, "/start")


async def test_menus_follow_once_telegram_takes_them(sandbox: Sandbox, database: Path) -> None:
    refused = sandbox.plan("setMyCommands", refuses(400, "Bad Request"), times=3)
    with in_no_time():
        async with running_bot(sandbox, database):
            calls = await sandbox.called("setMyCommands", 3 + len(SHIPPED))
            person = sandbox.person()
            await ask(person, "/start")

    assert refused.times == 0
    assert len(calls) == 3 + len(SHIPPED)
    assert "help" in sandbox.menu(person)


async def test_menus_wait_as_long_as_telegram_asks_and_longer_each_time(
    sandbox: Sandbox, database: Path
) -> None:
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    class Refusing:
        """A bot whose first calls are refused."""

        def __init__(self, *errors: Exception) -> None:
            self.errors = list(errors)
            self.called = 0

        async def __call__(self, method: Any) -> bool:
            self.called += 1
            if self.errors:
                raise self.errors.pop(0)
            return True

    from aiogram.exceptions import TelegramBadRequest, TelegramRetryAfter
    from aiogram.methods import SetMyCommands

    method = SetMyCommands(commands=[])
    errors = [TelegramBadRequest(method, "no") for _ in range(20)]
    bot: Any = Refusing(TelegramRetryAfter(method, "wait", 20_000), *errors)
    await menus.set_menus(bot, [], [], sleep)

    assert pauses[0] == 20_000
    assert pauses[1] < pauses[4] < pauses[8] <= max(pauses[1:]) <= 3_600 * 1.5
    assert bot.called == 21 + len(SHIPPED)


async def test_a_start_does_not_depend_on_what_it_says_of_the_database(
    sandbox: Sandbox,
    database: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def fail(_: AnalyticsService) -> AdminReport:
        raise DatabaseUnavailable("locked", "try again")

    async with running_bot(sandbox, database):
        pass
    monkeypatch.setattr(AnalyticsService, "get_admin_analytics_report", fail)
    async with running_bot(sandbox, database):
        person = sandbox.person()
        await person.says("/start")
        await person.answer()

    assert f"database: {database} (cannot be read now)" in capsys.readouterr().err


@pytest.mark.parametrize("code", [401, 404])
async def test_a_token_that_is_refused_in_between_starts(
    sandbox: Sandbox, database: Path, code: int
) -> None:
    with in_no_time():
        sandbox.plan("getMe", refuses(code, "Unauthorized"), times=5)
        async with running_bot(sandbox, database):
            person = sandbox.person()
            await ask(person, "/start")
            sandbox.plan("getUpdates", refuses(code, "Unauthorized"), times=5)
            await ask(person, "/start")
            await ask(person, "/start")


async def test_a_token_that_goes_on_being_refused_at_the_start_ends_the_bot(
    sandbox: Sandbox, database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(token_refusals, "GRACE_AT_START", 0)
    with in_no_time(), pytest.raises(WrongSettings, match="BOT_TOKEN is refused by Telegram"):
        async with running_bot(sandbox, database, bot_token=TOKEN):
            pass


async def test_a_token_that_is_revoked_while_the_bot_runs_ends_it(
    sandbox: Sandbox, database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(token_refusals, "GRACE_WHILE_RUNNING", 0)
    with in_no_time(), pytest.raises(WrongSettings, match="BOT_TOKEN is refused"):  # noqa: PT012
        async with running_bot(sandbox, database):
            sandbox.plan("getUpdates", refuses(401, "Unauthorized"), times=None)
            await sandbox.person().says("good morning")
            await sandbox.called("getUpdates", 1 + token_refusals.MIN_REFUSALS)


def test_refusals_count_from_the_first_and_are_forgotten_when_one_is_accepted() -> None:
    times = iter((0.0, 10.0, 29.0, 40.0, 69.0, 71.0))
    refused = Refusals(30, lambda: next(times))
    for _ in range(3):
        refused.refused()
    refused.accepted()
    for _ in range(2):
        refused.refused()
    with pytest.raises(WrongSettings):
        refused.refused()


async def test_a_webhook_whose_name_cannot_be_resolved_is_set_later(
    sandbox: Sandbox, database: Path
) -> None:
    webhook = webhook_settings()
    description = "Bad Request: bad webhook: Failed to resolve host: Name or service not known"
    sandbox.plan("setWebhook", refuses(400, description), times=5)
    with in_no_time():
        async with running_bot(sandbox, database, **webhook):
            person = sandbox.person()
            await ask(person, "/start")


async def test_a_webhook_that_telegram_refuses_is_a_wrong_setting(
    sandbox: Sandbox, database: Path
) -> None:
    webhook = webhook_settings()
    sandbox.plan("setWebhook", refuses(400, "Bad Request: bad webhook: HTTPS url must be provided"))
    settings = some_settings(
        bot_token=sandbox.token, bot_api_url=sandbox.url, database_path=database, **webhook
    )
    with pytest.raises(WrongSettings, match="WEBHOOK_URL is refused"):
        await serve(settings, asyncio.Event(), GuardedClock())


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (WrongSettings(Remark("wrong", "set it"), Remark("missing", "give it")), WRONG_USE),
        (Unavailable(Remark("not there", "start it")), FAILED),
        (WrongPseudonymKey("of another key", "set it back"), WRONG_USE),
        (DatabaseUnavailable("locked", "try again"), FAILED),
    ],
)
def test_the_exit_status_says_whether_a_restart_may_help(
    error: Exception, status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended, user_errors():
        raise error

    assert ended.value.code == status
    assert capsys.readouterr().err == f"{error}\n"


async def test_a_start_says_what_runs_and_who_nobody_is(
    sandbox: Sandbox, database: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def said() -> list[str]:
        lines = capsys.readouterr().err.splitlines()
        return [line.split(": ", 1)[1] for line in lines if " bot.announcement: " in line]

    webhook = webhook_settings()
    async with running_bot(sandbox, database, log_level="INFO"):
        pass
    first = said()
    async with running_bot(sandbox, database, admin_ids=str(ADMIN)):
        await sandbox.person().says("good morning")
    second = said()
    async with running_bot(sandbox, database, **webhook):
        pass
    third = said()

    assert first[0] == "@sandbox_bot is running (polling). Press Ctrl+C to stop it"
    assert first[1] == f"database: {database} (new)"
    assert first[2] == "no admins: set ADMIN_IDS to your Telegram ID to use /stats"
    assert re.fullmatch(
        r"next cleanup: \d{4}-\d\d-\d\d 03:00 UTC, of interactions older than 90 days", first[3]
    )
    assert second[1:3] == [f"database: {database} (no interactions yet)", "admins: 1"]
    port = webhook["webhook_port"]
    assert third[0] == (
        f"@sandbox_bot is running (webhook at 127.0.0.1:{port}). Press Ctrl+C to stop it"
    )
    today = datetime.now(UTC)
    assert third[1] == f"database: {database} (interactions since {today:%Y-%m-%d})"
