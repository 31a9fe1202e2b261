"""The example of a feature: a dialogue, a button, a setting, a job, and nothing kept for long."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from analytics import utc_now
from analytics.telegram.texts import rights
from bot import run
from bot.features import reminder
from bot.sandbox import Sandbox
from scheduler.jobs import build_scheduler
from tests.support.bytes_on_disk import found_in
from tests.support.conversation import ask, tap
from tests.support.running import running_bot

TEXT = "water the plants & <b>the cat</b>"


@pytest.fixture
def _already(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every reminder is due at once."""

    def long_ago() -> datetime:
        return utc_now() - timedelta(days=30)

    monkeypatch.setattr(reminder, "utc_now", long_ago)


@pytest.mark.usefixtures("_already")
async def test_a_reminder_comes_and_again_after_a_click_that_is_answered_with_a_text(
    sandbox: Sandbox, database: Path
) -> None:
    person = sandbox.person(language_code="de")
    async with running_bot(sandbox, database):
        asked = [await ask(person, text) for text in ("/remind", TEXT, "0", "1441", "soon")]
        is_set = await ask(person, "2")
        first = await person.answer()
        button = first.message["reply_markup"]["inline_keyboard"][0][0]["text"]
        await person.clicks(button)
        toast = await person.toast()
        second = await person.answer()

    assert asked[1:] == [asked[1]] * 4
    assert "1.440" in asked[1]
    assert "2 Minuten" in is_set
    assert [each.text for each in (first, second)] == [f"⏰ {TEXT}"] * 2
    assert "10 Minuten" in toast.text
    assert button == "In 10 Minuten"


async def test_a_command_is_no_answer_and_cancel_ends_the_dialogue(
    sandbox: Sandbox, database: Path
) -> None:
    person = sandbox.person()
    async with running_bot(sandbox, database):
        await ask(person, "/remind")
        privacy = await ask(person, "/privacy")
        helped = await ask(person, "/help")
        when = await ask(person, TEXT)
        cancelled = [await ask(person, "/cancel") for _ in range(2)]
        afterwards = await ask(person, "5")

    assert "Also stored: texts of reminders, in memory" in privacy
    assert "/remind - Remind me of something" in helped
    assert when.startswith("In how many minutes?")
    assert cancelled == ["Cancelled.", "There is nothing to cancel."]
    assert afterwards.startswith("I did not understand that.")


async def test_who_erases_their_data_is_not_reminded_and_asked_no_more(
    sandbox: Sandbox, database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And nobody else's reminders are lost."""
    schedulers: list[Any] = []

    def build() -> Any:
        schedulers.append(build_scheduler())
        return schedulers[0]

    monkeypatch.setattr(run, "build_scheduler", build)
    people = [sandbox.person(), sandbox.person()]
    async with running_bot(sandbox, database):
        for person in people:
            for text in ("/remind", TEXT, "60", "/remind"):
                await ask(person, text)
        await ask(people[0], "/forgetme")
        await tap(people[0], rights.CONFIRM)
        jobs = [job for job in schedulers[0].get_jobs() if job.func is reminder.send]
        answers = [await ask(person, TEXT) for person in people]

    assert [job.args[1] for job in jobs] == [people[1].user["id"]]
    assert answers[0].startswith("I did not understand that.")
    assert answers[1].startswith("In how many minutes?")


async def test_no_text_of_a_reminder_reaches_the_disk(sandbox: Sandbox, database: Path) -> None:
    person = sandbox.person()
    async with running_bot(sandbox, database):
        for text in ("/remind", "a-text-to-look-for", "60"):
            await ask(person, text)
        held = found_in(database.parent, {b"a-text-to-look-for"})

    assert held == {}
