"""An update counts once, however often and under whatever number it comes, and stops no other."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest
from aiohttp import web
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics import AnalyticsService, Interaction, InteractionType
from analytics.telegram.recording import PAUSE
from analytics.telegram.webhook import SECRET_HEADER
from bot.sandbox import Sandbox, faults
from bot.sandbox.faults import Answer, answers, refuses
from tests.faults.redelivery import FAULTS, SECRET
from tests.faults.table import Fault
from tests.support.conversation import ask
from tests.support.examples import examples
from tests.support.recount import counts, inconsistencies
from tests.support.running import running_bot
from tests.support.second_connection import total
from tests.support.stored import remembered
from tests.support.webhooks import webhook_settings

NOW = datetime(2026, 6, 1, tzinfo=UTC)
BEGIN = int(NOW.timestamp()) - 3600


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
async def test_each_update_is_recorded_once(
    fault: Fault, capsys: pytest.CaptureFixture[str]
) -> None:
    row = await fault.inject(fault.short)
    log = capsys.readouterr().err

    assert row.acknowledged > 0
    assert (row.lost, row.counted_twice) == (0, 0)
    assert row.recorded == row.acknowledged
    assert ("cannot be decoded" in log) == ("undecodable" in fault.name)
    assert SECRET not in log


async def test_an_update_without_a_number_stops_no_other(sandbox: Sandbox, database: Path) -> None:
    person = sandbox.person()
    numbered = {"update_id": 7, "thought": {"from": person.user}}
    without = {"message": {"text": "good morning"}}
    body = json.dumps({"ok": True, "result": [without, numbered, without]})
    sandbox.plan("getUpdates", answers(body))
    async with running_bot(sandbox, database):
        said = await person.says("good morning")
        await person.answer()

    assert remembered(database) == {7, said}


DEEP = '{"message":' * 100_000 + "1" + "}" * 100_000


@pytest.mark.parametrize("webhook", [False, True])
@pytest.mark.parametrize(
    ("update_id", "odd"),
    [
        (2**63, "1"),
        (2**64 + 7, "1"),
        (10**90, "1"),
        (8, DEEP),
        (8, "[" * 100_000 + "]" * 100_000),
        (8, "9" * 5_000),
        (8, f'"{"9" * 5_000}"'),
        (8, '"\\ud800"'),
        (8, '"\xff"'),
        (8, "NaN"),
        (8, "1e999"),
    ],
)
async def test_what_cannot_be_digested_is_recorded_once_and_stops_no_other(
    sandbox: Sandbox, webhook: bool, update_id: int, odd: str, database: Path
) -> None:
    """As bytes, each in several places: sent once, and then the bot goes on."""
    person, other = sandbox.person(), sandbox.person()
    user = json.dumps(person.user)
    now = int(datetime.now(UTC).timestamp())
    event = f'{{"from": {user}, "date": {now}, "text": {odd}, "later": [{odd}], "chat": {odd}}}'
    update = f'{{"update_id": {update_id}, "message": {event}}}'
    neighbour = f'{{"update_id": 7, "callback_query": {{"from": {json.dumps(other.user)}}}}}'
    settings = webhook_settings(webhook=webhook)
    if not webhook:
        body = f'{{"ok": true, "result": [{neighbour}, {update}]}}'.encode("latin-1")
        sandbox.plan("getUpdates", answers_bytes(body))
    async with running_bot(sandbox, database, **settings):
        if webhook:
            for each in (neighbour, update, update):
                assert await post(settings, each.encode("latin-1")) == 200
        await ask(other, "good morning")
        await ask(other, "good evening")
        polls = len(sandbox.updates.acknowledged)

    assert polls == 2
    assert sum(counts(database).values()) == 4


async def test_an_offset_that_telegram_refuses_is_reset(sandbox: Sandbox, database: Path) -> None:
    person = sandbox.person()
    update = {"update_id": 2**64, "thought": {"from": person.user}}
    refuse = refuses(400, "Bad Request: offset is too large")

    async def refuse_large(fault: faults.Fault, request: web.Request) -> web.StreamResponse | None:
        return await refuse(fault, request) if offsets(sandbox)[-1] >= 2**63 else None

    sandbox.plan("getUpdates", answers(json.dumps({"ok": True, "result": [update]})))
    sandbox.plan("getUpdates", refuse_large, times=None)
    async with running_bot(sandbox, database):
        await ask(person, "good morning")

    assert max(offsets(sandbox)) == 2**64 + 1
    assert sum(counts(database).values()) == 2


async def test_negative_update_ids_are_skipped_and_acknowledge_nothing(
    sandbox: Sandbox, database: Path
) -> None:
    person = sandbox.person()
    numbers = ([-5, 7], [-(2**70), -1], [-5])
    for ids in numbers:
        batch = [{"update_id": each, "thought": {"from": person.user}} for each in ids]
        sandbox.plan("getUpdates", answers(json.dumps({"ok": True, "result": batch})))
    async with running_bot(sandbox, database):
        said = await person.says("good morning")
        await person.answer()
    polls = [call.at for call in sandbox.calls if call.method == "getUpdates"]

    assert remembered(database) == {7, said}
    assert offsets(sandbox)[:4] == [0, 8, 8, 8]
    # What nobody can acknowledge comes again at once: it is not asked for as often.
    assert polls[2] - polls[1] >= PAUSE
    assert polls[3] - polls[2] >= PAUSE


def offsets(sandbox: Sandbox) -> list[int]:
    """Of each getUpdates; 0 for none."""
    return [call.integer("offset") for call in sandbox.calls if call.method == "getUpdates"]


async def post(settings: dict[str, Any], body: bytes) -> int:
    headers = {SECRET_HEADER: settings["webhook_secret"]}
    url = f"http://127.0.0.1:{settings['webhook_port']}{urlsplit(settings['webhook_url']).path}"
    async with (
        aiohttp.ClientSession() as session,
        session.post(url, data=BytesIO(body), headers=headers) as response,
    ):
        return response.status


def answers_bytes(body: bytes) -> Answer:
    async def answer(fault: object, request: web.Request) -> web.StreamResponse:
        return web.Response(body=body, content_type="application/json", charset="utf-8")

    return answer


def second(update_id: int) -> int:
    """When it occurred, so that each can be found again."""
    return BEGIN + update_id


async def record(path: Path, lives: list[list[list[int]]]) -> None:
    """The batches of update ids that each life of the service records."""
    for batches in lives:
        async with AnalyticsService.open(
            path, pseudonym_key=bytes(32), timestamp_precision=1, clock=lambda: NOW
        ) as analytics:
            for ids in batches:
                interactions = [
                    Interaction(
                        6_000_000_001 + number % 3,
                        InteractionType.MESSAGE,
                        datetime.fromtimestamp(second(number), UTC),
                    )
                    for number in ids
                ]
                assert await analytics.record(interactions, ids)


@settings(max_examples=examples(40))
@given(st.lists(st.lists(st.lists(st.integers(0, 20), max_size=12), max_size=6), max_size=4))
def test_any_repetition_order_and_batching_records_the_set_of_updates(
    lives: list[list[list[int]]],
) -> None:
    sent = {number for batches in lives for batch in batches for number in batch}
    with TemporaryDirectory() as folder:
        path = Path(folder) / "analytics.sqlite3"
        asyncio.run(record(path, [*lives, []]))

        assert remembered(path) == sent
        assert counts(path) == dict.fromkeys(map(second, sent), 1)
        assert inconsistencies(path) == []


async def test_a_number_that_comes_again_after_a_week_is_another_update(database: Path) -> None:
    path = database
    now = NOW
    an_interaction = Interaction(6_000_000_001, InteractionType.MESSAGE, NOW)
    async with AnalyticsService.open(path, clock=lambda: now) as analytics:
        await analytics.record([an_interaction], [5])
        await analytics.cleanup_old_interactions()
        await analytics.record([an_interaction], [5])
        now += timedelta(days=7)
        await analytics.cleanup_old_interactions()
        await analytics.record([an_interaction], [5])

    assert total(path) == 2
