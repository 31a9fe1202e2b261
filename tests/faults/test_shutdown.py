"""What a bot that is asked to stop does with the handlers that run."""

import signal
from pathlib import Path

import pytest

from analytics.telegram.texts import rights
from bot.sandbox import Sandbox
from bot.sandbox.faults import hangs
from tests.faults.kills import MAX_SHUTDOWN
from tests.support.conversation import ask
from tests.support.processes import bot_process
from tests.support.stored import remembered
from tests.support.webhooks import webhook_environment


@pytest.mark.parametrize("webhook", [False, True], ids=["polling", "webhook"])
async def test_a_handler_that_runs_when_the_bot_is_stopped_finishes(
    sandbox: Sandbox, database: Path, webhook: bool
) -> None:
    settings = webhook_environment(webhook=webhook)
    person = sandbox.person()
    async with bot_process(sandbox, database, **settings) as bot:
        await ask(person, "good morning")
        toast = sandbox.plan("answerCallbackQuery", hangs())
        clicked = await person.clicks(rights.SEE_PRIVACY)
        await sandbox.called("answerCallbackQuery")
        bot.send(signal.SIGTERM)
        # A bot that waits for no handler ends well within this time.
        with pytest.raises(TimeoutError):
            await bot.ended(within=1.0)
        toast.lift()
        await person.answer()  # asked for only now
        status, _, errors = await bot.ended()

    assert (status, "did not finish" in errors) == (0, False)
    assert clicked in remembered(database)


@pytest.mark.waits
async def test_a_handler_that_hangs_is_cancelled_and_the_bot_ends(
    sandbox: Sandbox, database: Path
) -> None:
    person = sandbox.person()
    async with bot_process(sandbox, database) as bot:
        sandbox.plan("sendMessage", hangs())
        said = await person.says("good morning")
        await sandbox.called("sendMessage")
        bot.send(signal.SIGTERM)
        status, _, errors = await bot.ended(MAX_SHUTDOWN)

    # Whoever only waits is ended by the watchdog, with another status.
    assert status == 0
    assert "1 handlers did not finish in 10 s" in errors
    assert remembered(database) == {said}


async def test_a_second_signal_ends_the_bot_at_once(sandbox: Sandbox, database: Path) -> None:
    person = sandbox.person()
    async with bot_process(sandbox, database) as bot:
        sandbox.plan("sendMessage", hangs())
        said = await person.says("good morning")
        await sandbox.called("sendMessage")
        # Two of the same could become one before they are seen.
        bot.send(signal.SIGTERM)
        bot.send(signal.SIGINT)
        status, _, errors = await bot.ended(MAX_SHUTDOWN)

    # Whoever waits for the handler says so, and ends with status 0.
    assert status == 1
    assert "did not finish" not in errors
    assert remembered(database) == {said}
