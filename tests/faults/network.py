"""Telegram cannot be reached, or answers with errors: polling and answers go on after it."""

import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from typing import Any
from unittest.mock import patch

from analytics.telegram.texts import rights
from bot import session
from bot.sandbox import Person, Sandbox, faults
from bot.sandbox.faults import EVERY_METHOD, Answer
from bot.session import ATTEMPTS
from tests.faults.database import Story, folder
from tests.faults.table import Fault, Row
from tests.support.pauses import SHORT_TIMEOUT, Impatient, Pauses, in_no_time
from tests.support.running import running_bot
from tests.support.webhooks import free_port, webhook_settings

# Telegram asks for it, in seconds.
RETRY_AFTER = 7
# The bot tries so often, before the server is back.
TRIES_WHILE_GONE = 5

ANSWERS: dict[str, Callable[[str], Answer]] = {
    "429 with retry_after": lambda elsewhere: faults.floods(RETRY_AFTER),
    "5xx": lambda elsewhere: faults.refuses(502, "Bad Gateway"),
    "timeout": lambda elsewhere: faults.hangs(),
    "connection reset": lambda elsewhere: faults.resets(),
    "invalid JSON": lambda elsewhere: faults.answers("<html>", 502),
    "redirect": lambda elsewhere: faults.answers("", 307, Location=elsewhere),
}


@asynccontextmanager
async def network_story(port: int = 0) -> AsyncIterator[tuple[Story, Pauses]]:
    """Before the bot is started; its pauses take no time."""
    with in_no_time() as pauses, folder() as path:
        async with Sandbox(port=port) as sandbox:
            yield Story(sandbox, path / "analytics.sqlite3"), pauses


def row(tale: Story, injected: int) -> Row:
    """How long people waited says nothing, for the pauses took no time."""
    return replace(tale.row(injected), longest_wait=None)


def plan(
    sandbox: Sandbox, method: str, kind: str, elsewhere: str = "", times: int = 1
) -> faults.Fault:
    fault = sandbox.plan(method, ANSWERS[kind](elsewhere), times=times)
    Impatient.hanging = fault if kind == "timeout" else None
    return fault


async def says(tale: Story, person: Person) -> None:
    update_id = await person.says("good morning")
    assert update_id is not None
    tale.said.append(update_id)


async def clicks(tale: Story, person: Person) -> None:
    update_id = await person.clicks(rights.SEE_PRIVACY)
    assert update_id is not None
    tale.said.append(update_id)
    tale.of_rights += 1
    await person.toast()
    await person.answer()


async def telegram_fails(times: int, *, kind: str) -> Row:
    """In turn for getUpdates, for the text that answers, and for the answer to a click."""
    injected = 0
    async with network_story() as (tale, pauses), Sandbox() as other:
        sandbox = tale.sandbox
        elsewhere = f"{other.url}/bot{other.token}/getMe"
        async with running_bot(sandbox, tale.database, log_level="DEBUG"):
            # A hanging call is given up in so short a time that a busy machine may need one more.
            tries = 1 if kind == "timeout" else ATTEMPTS - 1
            for _ in range(times):
                person = sandbox.person()
                poll = plan(sandbox, "getUpdates", kind, elsewhere)
                # The first is brought by the poll that waits already, the second after the fault.
                await says(tale, person)
                await person.answer()
                await says(tale, person)
                await person.answer()
                text = plan(sandbox, "sendMessage", kind, elsewhere, times=tries)
                await says(tale, person)
                await person.answer()
                toast = plan(sandbox, "answerCallbackQuery", kind, elsewhere, times=tries)
                await clicks(tale, person)
                assert (poll.times, text.times, toast.times) == (0, 0, 0)
                injected += 1 + 2 * tries
                # Each was said once, whatever the tries.
                assert len(person.transcript) == 3 * 2 + 3
            await sandbox.settled()
        assert len(pauses.of_polling) == times
        assert other.calls == []
        return row(tale, injected)


async def gone_for_a_while(times: int) -> Row:
    """The server refuses connections, while people write to it."""
    async with (
        network_story(free_port()) as (tale, pauses),
        running_bot(tale.sandbox, tale.database),
    ):
        for _ in range(times):
            await tale.talk()
            person = tale.sandbox.person()
            async with tale.sandbox.gone():
                await says(tale, person)
                await pauses.more_polls(TRIES_WHILE_GONE)
                await says(tale, person)
            await person.answer()
            await person.answer()
        await tale.sandbox.settled()
        return row(tale, times)


async def fails_at_start(times: int, *, webhook: bool) -> Row:
    """Whatever the bot calls first, and what tells Telegram how to deliver."""
    chance = random.Random(times)
    settings: dict[str, Any] = webhook_settings(webhook=webhook)
    intake = "setWebhook" if webhook else "deleteWebhook"
    injected = 0
    async with network_story() as (tale, pauses):
        for _ in range(times):
            before = len(pauses.of_polling)
            for method in (EVERY_METHOD, intake):
                # More than one try of a call: the whole signing in begins again.
                kind = chance.choice([kind for kind in ANSWERS if kind != "timeout"])
                plan(tale.sandbox, method, kind, tale.sandbox.url, times=ATTEMPTS + 1)
                injected += ATTEMPTS + 1
            async with running_bot(tale.sandbox, tale.database, **settings):
                await tale.talk()
                await tale.sandbox.settled()
            assert len(pauses.of_polling) > before
        return row(tale, injected)


async def unanswerable(times: int) -> Row:
    """Answering a click fails with every try: whatever the button is for is done all the same."""
    answers = [make("") for kind, make in ANSWERS.items() if kind != "redirect"]
    answers += [
        faults.refuses(403, "Forbidden: bot was blocked by the user"),
        faults.refuses(400, "Bad Request: query is too old and response timeout expired"),
    ]
    async with network_story() as (tale, _), running_bot(tale.sandbox, tale.database):
        with patch.object(session, "CLICK_TIMEOUT", SHORT_TIMEOUT):
            for _ in range(times):
                for answer in answers:
                    fault = tale.sandbox.plan("answerCallbackQuery", answer, times=None)
                    person = tale.sandbox.person()
                    await says(tale, person)
                    await person.answer()
                    tale.said.append(await person.clicks(rights.SEE_PRIVACY) or 0)
                    tale.of_rights += 1
                    assert (await person.answer()).text.startswith("🔒")
                    fault.lift()
        await tale.sandbox.settled()
        return row(tale, times * len(answers))


async def blocked(times: int) -> Row:
    """The person blocks the bot while it answers: said once, and not again."""
    async with (
        network_story() as (tale, pauses),
        running_bot(tale.sandbox, tale.database, log_level="DEBUG"),
    ):
        sandbox, person = tale.sandbox, tale.sandbox.person()
        for _ in range(times):
            before = len(await sandbox.called("sendMessage", 0))
            answer = sandbox.plan("sendMessage", faults.hangs())
            await says(tale, person)
            await sandbox.called("sendMessage", before + 1)
            tale.said.append(await person.blocks_bot() or 0)
            answer.lift()
            # Whoever tries again does so before all these are answered.
            await tale.talk()
            tale.said.append(await person.unblocks_bot() or 0)
            await sandbox.settled()
            assert len(await sandbox.called("sendMessage")) == before + 1 + 10
        assert pauses.of_answers == []
        return row(tale, times)


FAULTS = [
    *(
        Fault(f"Telegram fails: {kind}", partial(telegram_fails, kind=kind), short=2, long=20)
        for kind in ANSWERS
    ),
    Fault("Telegram gone for a while", gone_for_a_while, short=2, long=20),
    Fault("Telegram fails at start, polling", partial(fails_at_start, webhook=False), 2, 20),
    Fault("Telegram fails at start, webhook", partial(fails_at_start, webhook=True), 2, 20),
    Fault("click that cannot be answered", unanswerable, short=1, long=20),
    Fault("bot blocked by the person", blocked, short=2, long=20),
]
