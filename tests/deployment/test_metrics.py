"""What Prometheus collects: true numbers, and nobody in them."""

import asyncio
import json
import logging
import re
import socket
import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiogram.methods import GetMe, GetUpdates
from aiogram.types import Message
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from analytics import AnalyticsService, InteractionType
from analytics.clock import GuardedClock
from analytics.telegram.recording import RecordOnReceipt
from analytics.telegram.texts import rights
from bot.errors import Unavailable
from bot.handlers import everyone
from bot.metrics import CountUpdates, Labels, Metrics
from bot.receiving import MAX_SILENCE, Receiving
from bot.sandbox import Sandbox
from tests.support.clock import Clock
from tests.support.conversation import ask, tap
from tests.support.processes import PATIENCE
from tests.support.running import running_bot
from tests.support.second_connection import select
from tests.support.webhooks import webhook_settings

CLEANED = "bot_last_cleanup_timestamp_seconds"
UPDATES = "bot_updates_total"
HANDLER_TIME = "bot_handler_seconds"
PEOPLE = "bot_people_of_last_day"
CANARY = "canary Ada 5000000001"


async def get(port: int, path: str) -> tuple[int, str]:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://127.0.0.1:{port}/{path}") as response,
    ):
        return response.status, await response.text()


def samples(text: str) -> dict[tuple[str, ...], float]:
    """Value by name and the values of the labels, in the order of their names."""
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def test_metrics_count_what_happened(sandbox: Sandbox, database: Path, port: int) -> None:
    person = sandbox.person(first_name="Ada", username="canary_ada")
    async with running_bot(sandbox, database, metrics_port=port):
        await ask(person, CANARY)
        await ask(person, "/start")
        await person.clicks(rights.SEE_PRIVACY)
        await person.toast()
        logging.getLogger("asyncio").error(CANARY)
        async with asyncio.timeout(PATIENCE):  # for the cleanup that runs at start
            while not (values := samples((await get(port, "metrics"))[1]))[CLEANED,]:
                pass
        health = await get(port, "healthz")

    assert values[UPDATES, "", "message"] == 1
    assert values[UPDATES, "start", "command"] == 1
    assert values[UPDATES, "help", "command"] == 0
    assert values[UPDATES, "", "button_click"] == 1
    assert values["bot_recording_seconds_count",] == 3
    assert values["bot_recording_seconds_sum",] > 0
    assert values["bot_log_records_total", "ERROR"] == 1
    assert values["bot_log_records_total", "CRITICAL"] == 0
    assert values[CLEANED,] > 1.7e9
    assert (values["bot_backlog",], values["bot_dropped",]) == (0, 0)
    assert values["bot_compaction_pending",] == 0
    assert values["bot_standby",] == 0
    assert values["bot_database_bytes",] >= database.stat().st_size > 0
    well = {"receiving": True, "standby": False, "recording": True, "backlog": 0, "dropped": 0}
    assert (health[0], json.loads(health[1])) == (200, well)


async def test_what_becomes_of_updates_is_counted_and_handling_them_is_timed(
    sandbox: Sandbox, database: Path, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(message: Message) -> None:
        raise KeyError(CANARY)

    monkeypatch.setattr(everyone, "anything_else", fail)
    person, group = sandbox.person(), sandbox.group()
    async with running_bot(sandbox, database, metrics_port=port):
        for text in ("/help", "/help", "/never_made", "/privacy"):
            await ask(person, text)
        await person.says("hello everybody", chat=group)
        await sandbox.settled()
        values = samples((await get(port, "metrics"))[1])

    outcomes = {key[1:]: n for key, n in values.items() if key[0] == "bot_outcomes_total" and n}
    assert outcomes == {
        ("help", "command", "handled"): 2,
        ("other", "command", "failed"): 1,
        ("", "message", "unanswered"): 1,
    }
    assert values["bot_outcomes_total", "start", "command", "failed"] == 0
    timed = {key[1:]: n for key, n in values.items() if key[0] == f"{HANDLER_TIME}_count" and n}
    assert timed == {("help", "command"): 2}
    bounds = [key[3] for key in values if key[:3] == (f"{HANDLER_TIME}_bucket", "help", "command")]
    assert bounds == ["0.01", "0.03", "0.1", "0.3", "1.0", "3.0", "10.0", "+Inf"]
    assert 0 < values[f"{HANDLER_TIME}_sum", "help", "command"] < PATIENCE


def labels_in(text: str) -> set[tuple[str, str]]:
    """Name and value of each label, except the bounds of histograms."""
    return {
        (name, value)
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        for name, value in sample.labels.items()
        if name != "le"
    }


async def test_no_label_holds_a_person(sandbox: Sandbox, database: Path, port: int) -> None:
    person = sandbox.person(first_name="Ada", username="canary_ada")
    async with running_bot(sandbox, database, metrics_port=port):
        await ask(person, f"/{CANARY}")
        await sandbox.inject({"kind_of_tomorrow": {"from": person.user}}, forced=True)
        await sandbox.settled()
        _, text = await get(port, "metrics")

    allowed = {("interaction_type", interaction_type.value) for interaction_type in InteractionType}
    allowed |= {("outcome", outcome) for outcome in ("handled", "failed", "unanswered")}
    allowed |= {("level", level) for level in ("WARNING", "ERROR", "CRITICAL")}
    allowed |= {
        ("command", command) for command in ("", "start", "help", "cancel", "remind", "other")
    }
    assert labels_in(text) == allowed
    assert not re.search(f"canary|Ada|{person.user['id']}", text)
    [(reference,)] = select(database, "SELECT reference FROM users")
    assert str(reference) not in text


async def test_commands_that_the_bot_does_not_register_and_those_about_ones_data_are_other(
    sandbox: Sandbox, database: Path, port: int
) -> None:
    person = sandbox.person()
    said = ["/help", "/HELP@Sandbox_Bot", "/help@other_bot", "/never_made", "/optout", "/privacy"]
    async with running_bot(sandbox, database, metrics_port=port):
        for text in said:
            await ask(person, text)
        values = samples((await get(port, "metrics"))[1])

    counts = {key[1]: count for key, count in values.items() if key[::2] == (UPDATES, "command")}
    assert counts == {"cancel": 0, "help": 2, "other": 4, "remind": 0, "start": 0}


@pytest.mark.parametrize("limit", [{"breakdown_min_users": 2}, {"report_interval": 1}])
async def test_where_reports_are_limited_no_label_tells_updates_apart(
    sandbox: Sandbox, database: Path, port: int, limit: dict[str, Any]
) -> None:
    person = sandbox.person()
    async with running_bot(sandbox, database, metrics_port=port, **limit):
        for text in ("/help", "/start", "good morning"):
            await ask(person, text)
        _, text = await get(port, "metrics")

    assert samples(text)[UPDATES, "", "hidden"] == 3
    told = {label for label in labels_in(text) if label[0] not in ("level", "outcome")}
    assert told == {("interaction_type", "hidden"), ("command", "")}


async def test_nothing_tells_when_the_first_update_of_a_kind_came(
    sandbox: Sandbox, database: Path, port: int
) -> None:
    person = sandbox.person()
    async with running_bot(sandbox, database, metrics_port=port):
        _, before = await get(port, "metrics")
        await ask(person, "/help")
        _, after = await get(port, "metrics")

    assert "_created" not in after
    assert samples(before).keys() == samples(after).keys()


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Auckland"])
async def test_people_are_counted_of_whole_days_only(
    sandbox: Sandbox, database: Path, port: int, clock: Clock, zone: str
) -> None:
    people = [sandbox.person() for _ in range(3)]
    numbers = []

    async def count() -> None:
        numbers.append(samples((await get(port, "metrics"))[1])[PEOPLE,])

    async with running_bot(sandbox, database, clock, metrics_port=port, timezone=zone):
        await count()
        for person in people:
            await ask(person, "good morning")
        await count()
        clock.move(days=1)
        await ask(people[0], "good morning")
        await count()
        await ask(people[1], "/forgetme")
        await tap(people[1], rights.CONFIRM)
        clock.move(hours=1)
        await ask(people[2], "good evening")
        await count()
        clock.move(days=1)
        await count()

    assert str(numbers[:2]) == "[nan, nan]"
    assert numbers[2:] == [3, 3, 2]


async def test_without_a_port_nothing_is_measured(
    sandbox: Sandbox, database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("not asked for")

    monkeypatch.setattr(Metrics, "__init__", refuse)
    async with running_bot(sandbox, database):
        pass


async def test_metrics_listen_on_the_loopback_unless_told_otherwise(
    sandbox: Sandbox, database: Path, port: int
) -> None:
    async with running_bot(sandbox, database, metrics_port=port):
        with closing(socket.socket()) as other:
            # Taken on every address, this would fail for the port of another loopback address, too.
            other.bind(("127.0.0.2", port))


async def test_a_port_that_is_taken_is_a_sentence(
    sandbox: Sandbox, database: Path, port: int
) -> None:
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        with pytest.raises(Unavailable, match=f"METRICS_PORT are 127.0.0.1 and {port}"):
            async with running_bot(sandbox, database, metrics_port=port):
                pass


async def test_while_the_database_fails_the_metrics_say_so(
    sandbox: Sandbox, database: Path, port: int
) -> None:
    person = sandbox.person()
    async with running_bot(sandbox, database, metrics_port=port):
        await ask(person, "good morning")
        with closing(sqlite3.connect(database, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            await person.says("good evening")
            # Whoever waits is answered, perhaps before it is known that the database fails.
            await person.answer()
            async with asyncio.timeout(PATIENCE):
                while (health := await get(port, "healthz"))[0] == 200:
                    pass
            values = samples((await get(port, "metrics"))[1])
            connection.execute("ROLLBACK")

    assert values["bot_backlog",] == 1
    ill = {"receiving": True, "standby": False, "recording": False, "backlog": 1, "dropped": 0}
    assert (health[0], json.loads(health[1])) == (503, ill)


async def test_with_a_webhook_the_bot_is_well_once_telegram_knows_of_it(
    sandbox: Sandbox, database: Path, port: int
) -> None:
    webhook = webhook_settings()
    person = sandbox.person()
    async with running_bot(sandbox, database, metrics_port=port, **webhook):
        await ask(person, "good morning")
        status, _ = await get(port, "healthz")

    assert status == 200


async def test_an_empty_poll_is_no_recording(sandbox: Sandbox, database: Path) -> None:
    registry = CollectorRegistry()
    async with AnalyticsService.open(database) as analytics:
        recording = RecordOnReceipt(analytics, GuardedClock())
        recording.on_recorded = CountUpdates(registry, Labels(recording, detailed=True))
        await recording.record([])

    assert registry.get_sample_value("bot_recording_seconds_count") == 0


async def test_a_bot_that_does_not_hear_from_telegram_is_not_well() -> None:
    now = 1_000_000.0
    receiving = Receiving(monotonic=lambda: now)

    async def answer(*_: object) -> Any:
        return []

    async def fail(*_: object) -> Any:
        raise ConnectionError

    assert not receiving.is_receiving
    await receiving(answer, None, GetMe())  # type: ignore[arg-type]
    assert not receiving.is_receiving
    await receiving(answer, None, GetUpdates())  # type: ignore[arg-type]
    now += MAX_SILENCE - 1
    with suppress(ConnectionError):
        await receiving(fail, None, GetUpdates())  # type: ignore[arg-type]
    assert receiving.is_receiving
    now += 1
    assert not receiving.is_receiving
