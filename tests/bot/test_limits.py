"""Nobody gets so many expensive answers that others have to wait for theirs."""

from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest

from analytics.telegram import limits, own_router
from analytics.telegram.limits import BURST, SECONDS_EACH, SLOW_DOWN, LimitPerPerson
from analytics.telegram.texts import rights
from bot.sandbox import Sandbox
from tests.support.conversation import ask
from tests.support.running import running_bot

ADMIN = 6_000_000_001
ANOTHER_ADMIN = 6_000_000_002


class Seconds:
    """A monotonic clock that stands still until it is moved."""

    now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def seconds(monkeypatch: pytest.MonkeyPatch) -> Seconds:
    seconds = Seconds()
    monkeypatch.setattr(own_router, "LimitPerPerson", partial(LimitPerPerson, seconds))
    return seconds


@pytest.fixture(autouse=True)
async def _bot(sandbox: Sandbox, database: Path, seconds: Seconds) -> AsyncIterator[None]:
    async with running_bot(sandbox, database, admin_ids={ADMIN, ANOTHER_ADMIN}):
        yield


def is_report(text: str) -> bool:
    return "Interactions" in text


async def test_the_last_answer_allowed_is_given_then_it_is_said_once_then_silence(
    sandbox: Sandbox, seconds: Seconds
) -> None:
    admin = sandbox.person(ADMIN)
    allowed = [await ask(admin, "/stats") for _ in range(BURST)]
    told = await ask(admin, "/stats")
    for _ in range(5):
        await admin.says("/stats")
    # An answer to any of the five would come first, or second.
    after = [await ask(admin, "/help"), await ask(admin, "/help")]

    assert all(is_report(text) for text in allowed)
    assert told == SLOW_DOWN
    assert all("/privacy" in text for text in after)


async def test_after_some_seconds_there_is_another_answer_and_after_more_all_of_them(
    sandbox: Sandbox, seconds: Seconds
) -> None:
    admin = sandbox.person(ADMIN)
    for _ in range(BURST):
        await ask(admin, "/stats")
    seconds.now += SECONDS_EACH - 0.1
    too_early = await ask(admin, "/stats")
    seconds.now += 0.1
    again = [await ask(admin, "/stats"), await ask(admin, "/stats")]
    seconds.now += BURST * SECONDS_EACH
    all_again = [await ask(admin, "/stats") for _ in range(BURST + 1)]

    assert too_early == SLOW_DOWN
    assert (is_report(again[0]), again[1]) == (True, SLOW_DOWN)
    assert [is_report(text) for text in all_again] == [True] * BURST + [False]


async def test_others_get_theirs(sandbox: Sandbox, seconds: Seconds) -> None:
    admin, another = sandbox.person(ADMIN), sandbox.person(ANOTHER_ADMIN)
    for _ in range(BURST + 1):
        await ask(admin, "/stats")

    assert is_report(await ask(another, "/stats"))


async def test_clicks_count_too_and_are_told_in_a_toast(sandbox: Sandbox, seconds: Seconds) -> None:
    person = sandbox.person()
    await ask(person, "/start")
    toasts = []
    for _ in range(BURST + 1):
        await person.clicks(rights.SEE_PRIVACY)
        toasts.append((await person.toast()).text)

    assert toasts == [""] * BURST + [SLOW_DOWN]


async def test_an_admin_looks_at_every_period_as_often_as_they_like(
    sandbox: Sandbox, seconds: Seconds
) -> None:
    admin = sandbox.person(ADMIN)
    await ask(admin, "/stats")
    for label in ("24 h", "30 d", "90 d", "7 d") * BURST:
        await admin.clicks(label)
        await admin.sees_edit()
    for _ in range(BURST - 1):
        await admin.clicks("⬇️ Export")
        assert [(await admin.answer()).text[:9] for _ in range(2)] == ["[document"] * 2
    await admin.clicks("⬇️ Export")
    toasts = [(await admin.toast()).text for _ in range(5 * BURST)]

    assert toasts == [""] * (5 * BURST - 1) + [SLOW_DOWN]


async def test_what_is_cheap_has_no_limit(sandbox: Sandbox, seconds: Seconds) -> None:
    person = sandbox.person()
    answers = [await ask(person, "/help") for _ in range(3 * BURST)]

    assert SLOW_DOWN not in answers


async def test_only_so_many_people_are_remembered(
    sandbox: Sandbox, seconds: Seconds, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "PEOPLE", 3)
    people = [sandbox.person() for _ in range(4)]
    for person in people[:3]:
        told = [await ask(person, "/privacy") for _ in range(BURST + 1)]
        assert told.index(SLOW_DOWN) == BURST
    await ask(people[3], "/privacy")
    # The first was forgotten; the third is remembered, and is told nothing once more.
    await people[2].says("/privacy")

    assert await ask(people[0], "/privacy") != SLOW_DOWN
    assert "/privacy" in await ask(people[2], "/help")
