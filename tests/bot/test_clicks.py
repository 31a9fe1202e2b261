"""Whatever becomes of a click's answer, its handler runs: of every button, of every router."""

from pathlib import Path
from typing import Any

import pytest
from aiogram import Dispatcher, F, Router
from aiogram.types import CallbackQuery

import bot.app
from analytics.telegram.texts import rights
from bot import run, session
from bot.sandbox import Sandbox, faults
from bot.sandbox.faults import Answer
from bot.session import ATTEMPTS
from tests.support.conversation import ask
from tests.support.pauses import in_no_time
from tests.support.running import running_bot

REFUSED = {
    "500": faults.refuses(500, "Internal Server Error"),
    "403": faults.refuses(403, "Forbidden: bot was blocked by the user"),
    "reset": faults.resets(),
}


@pytest.mark.parametrize("answer", REFUSED.values(), ids=REFUSED)
async def test_a_confirmed_erasure_is_carried_out_though_the_click_cannot_be_answered(
    sandbox: Sandbox, database: Path, answer: Answer, capsys: pytest.CaptureFixture[str]
) -> None:
    person = sandbox.person()
    with in_no_time():
        async with running_bot(sandbox, database):
            await ask(person, "good morning")
            await ask(person, "/forgetme")
            sandbox.plan("answerCallbackQuery", answer, times=None)
            await person.clicks(rights.CONFIRM)
            told = (await person.answer()).text
    log = capsys.readouterr().err

    assert told.startswith("Erased from the database: ")
    assert "a click was not answered" in log
    assert "ERROR" not in log


async def test_a_handler_does_not_wait_for_a_click_that_telegram_takes_no_answer_to(
    sandbox: Sandbox, database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "CLICK_TIMEOUT", 0.1)
    person = sandbox.person()
    async with running_bot(sandbox, database):
        await ask(person, "good morning")
        await ask(person, "/forgetme")
        hanging = sandbox.plan("answerCallbackQuery", faults.hangs(), times=None)
        await person.clicks(rights.CONFIRM)
        told = (await person.answer()).text
        hanging.lift()

    assert told.startswith("Erased from the database: ")


async def test_a_features_button_is_answered_and_handled_as_well(
    sandbox: Sandbox, database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def roll_again(click: CallbackQuery) -> None:
        # A feature may answer with a text of its own: the click has been answered already.
        await click.answer("6")
        await click.bot.send_message(click.from_user.id, "rolled")  # type: ignore[union-attr]

    def with_feature(*arguments: Any, **values: Any) -> Dispatcher:
        dispatcher = build(*arguments, **values)
        feature = Router()
        feature.callback_query.register(roll_again, F.data == "roll")
        dispatcher.include_router(feature)
        dispatcher.sub_routers.reverse()  # catch-alls last
        return dispatcher

    build = bot.app.build_dispatcher
    monkeypatch.setattr(run, "build_dispatcher", with_feature)
    person = sandbox.person()
    with in_no_time():
        async with running_bot(sandbox, database):
            await person.says("/start")
            start = await person.answer()
            fault = sandbox.plan("answerCallbackQuery", REFUSED["500"], times=ATTEMPTS)
            for _ in range(2):
                start.message["reply_markup"]["inline_keyboard"][0][0]["callback_data"] = "roll"
                await person.clicks("roll")
                assert (await person.answer()).text == "rolled"
            toasts = [(await person.toast()).text for _ in range(2)]

    assert fault.times == 0
    assert toasts == ["6", ""]
