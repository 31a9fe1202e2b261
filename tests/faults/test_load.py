"""Under load everyone is answered, each update is recorded once, and memory is bounded."""

import asyncio
from pathlib import Path
from unittest.mock import patch

import pytest
from aiohttp import web

from analytics.telegram import webhook as webhook_handler
from bot import app, polling
from bot.sandbox import Sandbox, faults
from bot.sandbox.faults import Answer
from bot.session import ANSWERS_AT_ONCE, WAITING_PER_CHAT, RetryAnswers
from tests.faults.database import Story
from tests.faults.load import FAULTS
from tests.faults.table import Fault, few_and_often
from tests.support.running import running_bot
from tests.support.stored import remembered
from tests.support.webhooks import webhook_settings

FEW = 20


@pytest.mark.parametrize(("fault", "times"), few_and_often(FAULTS))
async def test_everything_is_answered_and_recorded_once(fault: Fault, times: int) -> None:
    row = await fault.inject(times)

    assert row.acknowledged >= times
    assert (row.lost, row.counted_twice) == (0, 0)
    assert row.recorded == row.acknowledged


def floods_only(chat_id: int) -> Answer:
    """Too much was written to this chat; the others get what they are to get."""

    async def answer(fault: faults.Fault, request: web.Request) -> web.StreamResponse | None:
        if (await request.post()).get("chat_id") != str(chat_id):
            return None
        return await faults.floods(30)(fault, request)

    return answer


class Pause:
    """All pauses between tries last until it is over."""

    def __init__(self) -> None:
        self.over = asyncio.Event()
        self.most = 0  # pauses at once
        self._now = 0

    async def __call__(self, seconds: float) -> None:
        self._now += 1
        self.most = max(self.most, self._now)
        await self.over.wait()
        self._now -= 1


@pytest.mark.parametrize("webhook", [False, True], ids=["polling", "webhook"])
async def test_one_person_whom_telegram_slows_down_is_in_nobodys_way(
    database: Path, webhook: bool
) -> None:
    pause = Pause()
    with (
        patch.object(app, "RetryAnswers", lambda: RetryAnswers(pause)),
        patch.object(polling, "UPDATES_IN_FLIGHT", FEW),
        patch.object(webhook_handler, "UPDATES_IN_FLIGHT", FEW),
    ):
        async with Sandbox() as sandbox:
            tale = Story(sandbox, database)
            greedy = sandbox.person()
            async with running_bot(sandbox, tale.database, **webhook_settings(webhook=webhook)):
                slowed = sandbox.plan("sendMessage", floods_only(greedy.user["id"]), times=None)
                for _ in range(3 * FEW):
                    await greedy.says("good morning")
                await tale.talk()
                # Each message was answered once before any answer is tried again.
                await sandbox.called("sendMessage", 3 * FEW + len(tale.said))
                slowed.lift()
                pause.over.set()
                for _ in range(WAITING_PER_CHAT):
                    await greedy.answer()
                await sandbox.settled()

    assert pause.most == WAITING_PER_CHAT
    assert len(remembered(tale.database)) == 3 * FEW + len(tale.said)


async def test_polling_goes_on_while_as_many_answers_hang_as_can(
    sandbox: Sandbox, database: Path
) -> None:
    people = [sandbox.person() for _ in range(ANSWERS_AT_ONCE + 1)]
    async with running_bot(sandbox, database):
        hanging = sandbox.plan("sendMessage", faults.hangs(), times=None)
        for person in people:
            await person.says("good morning")
        await sandbox.called("sendMessage", ANSWERS_AT_ONCE)
        newest = await sandbox.person().says("good morning")
        polls = await sandbox.called("getUpdates")
        while polls[-1].parameters.get("offset") != str((newest or 0) + 1):
            polls = await sandbox.called("getUpdates", len(polls) + 1)
        recorded = len(remembered(database))
        hanging.lift()
        for person in people:
            await person.answer()
        await sandbox.settled()

    assert recorded == len(people) + 1


@pytest.mark.parametrize("webhook", [False, True], ids=["polling", "webhook"])
async def test_updates_wait_at_telegrams_while_answers_do(database: Path, webhook: bool) -> None:
    pause = Pause()
    with (
        patch.object(app, "RetryAnswers", lambda: RetryAnswers(pause)),
        patch.object(polling, "UPDATES_IN_FLIGHT", FEW),
        patch.object(webhook_handler, "UPDATES_IN_FLIGHT", FEW),
    ):
        async with Sandbox() as sandbox:
            people = [sandbox.person() for _ in range(20 * FEW)]
            async with running_bot(sandbox, database, **webhook_settings(webhook=webhook)):
                slowed = sandbox.plan("sendMessage", faults.floods(30), times=None)
                for person in people:
                    await person.says("good morning")
                await sandbox.called("sendMessage", FEW)
                # A bot without a bound asks for all of them within this time.
                with pytest.raises(TimeoutError):
                    await sandbox.called("sendMessage", FEW + 1, within=1.0)
                delivered = len(sandbox.updates.deliveries)
                slowed.lift()
                pause.over.set()
                for person in people:
                    await person.answer()
                await sandbox.settled()

    # Those at work, and a batch, or the connections of a webhook.
    assert delivered <= FEW + 100
    assert len(remembered(database)) == len(people)
