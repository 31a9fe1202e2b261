"""An answer is tried again as Telegram asks, and not for ever."""

import asyncio
import gc
import json
import weakref
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiogram import Bot
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import (
    AiogramError,
    ClientDecodeError,
    TelegramBadRequest,
    TelegramForbiddenError,
    TelegramNetworkError,
    TelegramRetryAfter,
    TelegramServerError,
)
from aiogram.methods import Response
from aiogram.types import Message

from analytics import AnalyticsService
from analytics.clock import utc_now
from analytics.notices import BackupFails, DatabaseSetAside, Notice
from analytics.telegram.alerts.notifier import Notifier
from bot.sandbox import Sandbox, faults
from bot.sandbox.faults import Answer
from bot.session import ATTEMPTS, MAX_PAUSE, RetryAnswers, Session

ADA = 6_000_000_001
# A message as a later Telegram may describe it: sent, but not to be decoded.
OF_THE_FUTURE = json.dumps({"ok": True, "result": {"message_id": "one"}})


@pytest.fixture(autouse=True)
async def _somebody_the_bot_can_write_to(sandbox: Sandbox) -> None:
    await sandbox.person(ADA).says("/start")


@pytest.fixture
def pauses() -> list[float]:
    """Seconds between the tries, which take no time."""
    return []


@pytest.fixture
async def retrying(sandbox: Sandbox, pauses: list[float]) -> AsyncIterator[Bot]:
    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    session = Session(api=TelegramAPIServer.from_base(sandbox.url))
    session.middleware(RetryAnswers(sleep))
    async with Bot(sandbox.token, session=session) as bot:
        yield bot


@pytest.mark.parametrize(
    ("answer", "waits"),
    [
        (faults.floods(7), [7, 7, 7]),
        (faults.refuses(502, "Bad Gateway"), [1, 2, 4]),
        (faults.resets(), [1, 2, 4]),
        (faults.answers("<html>", 502), [1, 2, 4]),
        (faults.answers("", 307, Location="http://127.0.0.1:9"), [1, 2, 4]),
    ],
    ids=["flood", "server", "reset", "html", "redirect"],
)
async def test_an_answer_gets_through_with_the_last_try(
    sandbox: Sandbox, retrying: Bot, pauses: list[float], answer: Answer, waits: list[float]
) -> None:
    sandbox.plan("sendMessage", answer, times=ATTEMPTS - 1)
    message = await retrying.send_message(ADA, "hello")

    assert message.text == "hello"
    assert pauses == waits


@pytest.mark.parametrize(
    ("answer", "error", "tries"),
    [
        (faults.floods(1), TelegramRetryAfter, ATTEMPTS),
        (faults.floods(int(MAX_PAUSE) + 1), TelegramRetryAfter, 1),
        (faults.refuses(500, "Internal Server Error"), TelegramServerError, ATTEMPTS),
        (faults.resets(), TelegramNetworkError, ATTEMPTS),
        (faults.answers("<html>", 502), ClientDecodeError, ATTEMPTS),
        (faults.answers(OF_THE_FUTURE), ClientDecodeError, 1),
        (faults.refuses(400, "Bad Request: message is too long"), TelegramBadRequest, 1),
        (
            faults.refuses(403, "Forbidden: bot was blocked by the user"),
            TelegramForbiddenError,
            1,
        ),
    ],
    ids=["flood", "long flood", "server", "reset", "html", "carried out", "refused", "blocked"],
)
async def test_tries_have_an_end(
    sandbox: Sandbox, retrying: Bot, answer: Answer, error: type[AiogramError], tries: int
) -> None:
    sandbox.plan("sendMessage", answer, times=None)
    with pytest.raises(error):
        await retrying.send_message(ADA, "hello")

    assert len(await sandbox.called("sendMessage")) == tries


@pytest.mark.parametrize("code", [301, 302, 307, 308])
async def test_a_redirect_is_not_followed(sandbox: Sandbox, retrying: Bot, code: int) -> None:
    async with Sandbox() as other:
        location = f"{other.url}/bot{other.token}/getMe"
        sandbox.plan("getMe", faults.answers("", code, Location=location), times=None)
        with pytest.raises(TelegramNetworkError, match="RedirectRefused"):
            await retrying.get_me()

    assert other.calls == []


async def test_the_model_of_an_answer_is_not_built_anew_for_each(retrying: Bot) -> None:
    await retrying.send_message(ADA, "hello")
    model = weakref.ref(Response[Message])
    gc.collect()

    assert model() is not None


async def test_admins_are_told_the_next_thing_after_one_that_failed(
    sandbox: Sandbox, retrying: Bot, database: Path
) -> None:
    admin = sandbox.person(ADA)
    queue: asyncio.Queue[Notice] = asyncio.Queue()
    queue.put_nowait(BackupFails())
    queue.put_nowait(DatabaseSetAside(Path("set-aside")))
    sandbox.plan("sendMessage", faults.answers("<html>", 502), times=ATTEMPTS)
    async with AnalyticsService.open(database) as analytics:
        notices = Notifier(retrying, analytics.alert_state, {ADA}, utc_now)
        telling = asyncio.create_task(notices.pass_on(queue))
        told = (await admin.answer()).text
        telling.cancel()

    assert "was damaged" in told
