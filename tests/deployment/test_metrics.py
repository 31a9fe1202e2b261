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
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from analytics import AnalyticsService, InteractionType
from analytics.clock import GuardedClock
from analytics.telegram.recording import RecordOnReceipt
from analytics.telegram.texts import rights
from bot.errors import Unavailable
from bot.metrics import CountUpdates, Metrics
from bot.receiving import MAX_SILENCE, Receiving
from bot.sandbox import Sandbox
from tests.support.conversation import ask
from tests.support.processes import PATIENCE
from tests.support.running import running_bot
from tests.support.second_connection import select
from tests.support.webhooks import webhook_settings

CLEANED = "bot_last_cleanup_timestamp_seconds"
CANARY = "canary Ada 5000000001"


async def get(port: int, path: str) -> tuple[int, str]:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://127.0.0.1:{port}/{path}") as response,
    ):
        return response.status, await response.text()


def samples(text: str) -> dict[tuple[str, str], float]:
    """Value by name and by label value, of which there is one at most."""
    return {
        (sample.name, *sample.labels.values(), "")[:2]: sample.value  # type: ignore[misc]
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
            while not (values := samples((await get(port, "metrics"))[1]))[CLEANED, ""]:
                pass
        health = await get(port, "healthz")

    assert values["bot_updates_total", "message"] == 1
    assert values["bot_updates_total", "command"] == 1
    assert values["bot_updates_total", "button_click"] == 1
    assert values["bot_recording_seconds_count", ""] == 3
    assert values["bot_recording_seconds_sum", ""] > 0
    assert values["bot_log_records_total", "ERROR"] == 1
    assert values["bot_log_records_total", "CRITICAL"] == 0
    assert values[CLEANED, ""] > 1.7e9
    assert (values["bot_backlog", ""], values["bot_dropped", ""]) == (0, 0)
    assert values["bot_compaction_pending", ""] == 0
    well = {"receiving": True, "recording": True, "backlog": 0, "dropped": 0}
    assert (health[0], json.loads(health[1])) == (200, well)


async def test_no_label_holds_a_person(sandbox: Sandbox, database: Path, port: int) -> None:
    person = sandbox.person(first_name="Ada", username="canary_ada")
    async with running_bot(sandbox, database, metrics_port=port):
        await ask(person, f"/{CANARY}")
        await sandbox.inject({"kind_of_tomorrow": {"from": person.user}}, forced=True)
        await sandbox.settled()
        _, text = await get(port, "metrics")
    labels = {
        (name, value)
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        for name, value in sample.labels.items()
    }

    allowed = {("interaction_type", interaction_type.value) for interaction_type in InteractionType}
    allowed |= {("level", level) for level in ("WARNING", "ERROR", "CRITICAL")}
    assert ("interaction_type", "command") in labels
    assert {label for label in labels if label[0] != "le"} <= allowed
    assert not re.search(f"canary|Ada|{person.user['id']}", text)
    [(reference,)] = select(database, "SELECT reference FROM users")
    assert str(reference) not in text
    assert "active" not in text


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

    assert values["bot_backlog", ""] == 1
    ill = {"receiving": True, "recording": False, "backlog": 1, "dropped": 0}
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
        recording.on_recorded = CountUpdates(registry)
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
