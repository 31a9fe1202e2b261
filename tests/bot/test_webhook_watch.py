"""A webhook that was taken away is set again; what cannot be helped is told."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiogram import Bot
from aiogram.client.telegram import TelegramAPIServer

from analytics.notices import Notice, NotReceiving
from bot import webhook_watch
from bot.receiving import Receiving
from bot.sandbox import Sandbox
from bot.sandbox.faults import answers, refuses
from bot.session import Session
from bot.webhook_watch import WebhookWatch
from tests.support.conversation import ask
from tests.support.pauses import in_no_time
from tests.support.processes import PATIENCE
from tests.support.running import running_bot
from tests.support.settings import some_settings

ADMIN = 6_000_000_001
OTHER = "https://127.0.0.1:9/of-another-program"


async def call(sandbox: Sandbox, method: str, **parameters: str) -> None:
    """As another program with the same token does."""
    url = f"{sandbox.url}/bot{sandbox.token}/{method}"
    async with aiohttp.ClientSession() as session, session.post(url, json=parameters) as answer:
        assert answer.status == 200


class Watched:
    """A watch that looks when it is told to."""

    def __init__(self, sandbox: Sandbox, bot: Bot, webhook: dict[str, Any]) -> None:
        self.bot = bot
        self.settings = some_settings(bot_token=sandbox.token, bot_api_url=sandbox.url, **webhook)
        self.receiving = Receiving()
        self.receiving.by_webhook = True
        self.told: list[Notice] = []
        self.watch = WebhookWatch(bot, self.settings, self.receiving, self.told.append)


@asynccontextmanager
async def watched(sandbox: Sandbox, webhook: dict[str, Any]) -> AsyncIterator[Watched]:
    session = Session(api=TelegramAPIServer.from_base(sandbox.url))
    async with Bot(sandbox.token, session=session) as bot:
        watch = Watched(sandbox, bot, webhook)
        await webhook_watch.set_webhook(bot, watch.settings)
        yield watch


async def taken_away(sandbox: Sandbox) -> None:
    await call(sandbox, "deleteWebhook")


async def taken_over(sandbox: Sandbox) -> None:
    await call(sandbox, "setWebhook", url=OTHER)


@pytest.mark.parametrize("happens", [taken_away, taken_over])
async def test_a_webhook_that_is_gone_is_set_again(
    sandbox: Sandbox, webhook: dict[str, Any], happens: Callable[[Sandbox], Any]
) -> None:
    async with watched(sandbox, webhook) as bot:
        await bot.watch.look()
        unchanged = len(await sandbox.called("setWebhook"))
        await happens(sandbox)
        await bot.watch.look()
        set_again = (await bot.bot.get_webhook_info()).url
        await bot.watch.look()

    assert unchanged == 1
    assert set_again == webhook["webhook_url"]
    assert (bot.told, bot.receiving.by_webhook) == ([], True)


async def test_what_setting_it_again_does_not_help_is_told_once_until_it_works(
    sandbox: Sandbox, webhook: dict[str, Any]
) -> None:
    async with watched(sandbox, webhook) as bot:
        for looks in range(1, 5):
            await taken_over(sandbox)
            await bot.watch.look()
            assert bot.receiving.by_webhook == (looks == 1)
            assert bot.told == [NotReceiving()] * (looks > 1)
        await bot.watch.look()
        works = bot.receiving.by_webhook
        for _ in range(2):
            await taken_over(sandbox)
            await bot.watch.look()

    assert works
    assert bot.told == [NotReceiving()] * 2


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("Connection refused", "Connection refused"),
        ("SSL error {error:0A000086:certificate expired}", "SSL error"),
        ("Wrong response from the webhook: 502 Ada wrote", "Wrong response from the webhook: 502"),
    ],
)
async def test_a_webhook_that_cannot_be_reached_is_said_by_its_kind_and_told(
    sandbox: Sandbox,
    webhook: dict[str, Any],
    caplog: pytest.LogCaptureFixture,
    message: str,
    kind: str,
) -> None:
    def info(date: int, pending: int) -> None:
        result = {
            "url": webhook["webhook_url"],
            "has_custom_certificate": False,
            "pending_update_count": pending,
            "last_error_date": date,
            "last_error_message": message,
        }
        sandbox.plan("getWebhookInfo", answers(json.dumps({"ok": True, "result": result})))

    async with watched(sandbox, webhook) as bot:
        info(1_790_000_000, 3)
        await bot.watch.look()
        assert (bot.receiving.by_webhook, bot.told) == (True, [])
        info(1_790_000_300, 5)
        await bot.watch.look()
        assert (bot.receiving.by_webhook, bot.told) == (False, [NotReceiving()])
        info(1_790_000_300, 0)  # an error that has been got over
        await bot.watch.look()
        assert bot.receiving.by_webhook

    said = [record.getMessage() for record in caplog.records]
    assert f"Telegram cannot deliver to the webhook ({kind}), 3 updates wait: setting it again" in (
        said
    )
    assert "Ada" not in str(said)


async def test_the_running_bot_looks_by_itself_and_goes_on_when_it_cannot(
    sandbox: Sandbox, tmp_path: Path, webhook: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook_watch, "LOOK_EVERY", 0.01)
    sandbox.plan("getWebhookInfo", refuses(400, "Bad Request"), times=2)
    async with running_bot(sandbox, tmp_path / "a.sqlite3", **webhook):
        await sandbox.called("getWebhookInfo", 3)
        before = len(await sandbox.called("setWebhook"))
        await taken_away(sandbox)
        await sandbox.called("setWebhook", before + 1, within=PATIENCE)
        person = sandbox.person()
        await ask(person, "/start")


async def test_health_is_503_and_the_admins_are_told_while_another_program_has_the_updates(
    sandbox: Sandbox, tmp_path: Path, webhook: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook_watch, "LOOK_EVERY", 0.01)
    admin = sandbox.person(ADMIN)
    url = webhook["webhook_url"]
    health = f"{url[: url.rindex('/')]}/healthz"
    # Whatever the bot sets, getWebhookInfo names another one.
    result = {"url": OTHER, "has_custom_certificate": False, "pending_update_count": 1}
    async with (
        running_bot(sandbox, tmp_path / "a.sqlite3", admin_ids=str(ADMIN), **webhook),
        aiohttp.ClientSession() as session,
    ):
        await ask(admin, "/start")
        body = json.dumps({"ok": True, "result": result})
        fault = sandbox.plan("getWebhookInfo", answers(body), times=None)
        told = (await admin.answer()).message["text"]
        async with session.get(health) as answer:
            status, found = answer.status, await answer.json()
        fault.lift()
        while status_after := (await session.get(health)).status != 200:
            pass

    assert "another program uses its token" in told
    assert (status, found["receiving"]) == (503, False)
    assert not status_after


async def test_a_bot_that_polls_removes_a_webhook_once_and_then_tells(
    sandbox: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    admin = sandbox.person(ADMIN)
    with in_no_time():
        async with running_bot(sandbox, tmp_path / "a.sqlite3", admin_ids=str(ADMIN)):
            await ask(admin, "/start")
            before = len(await sandbox.called("deleteWebhook"))
            await call(sandbox, "setWebhook", url=OTHER)
            await sandbox.called("deleteWebhook", before + 1)
            await ask(admin, "/start")
            await call(sandbox, "setWebhook", url=OTHER)
            told = (await admin.answer()).message["text"]
            assert len(await sandbox.called("deleteWebhook")) == before + 1
            await call(sandbox, "deleteWebhook")
    log = capsys.readouterr().err

    assert "another program uses its token" in told
    assert log.count("another program set a webhook, but this bot uses polling: removing") == 1
    assert "another program keeps setting a webhook" in log
    assert "updates are received again" in log
