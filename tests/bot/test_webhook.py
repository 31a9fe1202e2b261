"""Updates sent by Telegram: committed before the 200, answered after it."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import aiohttp
import pytest

from analytics import recording
from analytics.backlog import Backlog, Entry
from analytics.sqlite.queries.recording import RecordingQueries
from analytics.store_types import Batch
from analytics.telegram.decode import ALL_UPDATES
from bot.errors import Unavailable, WrongSettings
from bot.sandbox import Sandbox
from bot.sandbox.condition import Waiting
from bot.settings import Settings, load
from tests.support.conversation import ask
from tests.support.processes import PATIENCE
from tests.support.running import running_bot
from tests.support.second_connection import locked, total
from tests.support.webhooks import SECRET

HEADER = "X-Telegram-Bot-Api-Secret-Token"


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.mark.parametrize(
    "path",
    ["", "/тайна", "/a{b}/{}", "/%61%7E%2fb|c^d", "/a b//c;d=1", "/hook?key={x}&y=ü", "/%zz"],
)
async def test_an_address_with_escapes_braces_or_other_letters_works(
    sandbox: Sandbox, webhook: dict[str, Any], tmp_path: Path, path: str
) -> None:
    webhook["webhook_url"] = webhook["webhook_url"].replace("/telegram", path)
    async with running_bot(sandbox, tmp_path / "a.sqlite3", **webhook):
        person = sandbox.person()
        await ask(person, "/start")


def an_update(update_id: int) -> dict[str, Any]:
    return {
        "update_id": update_id,
        "poll_answer": {
            "poll_id": "1",
            "user": {"id": 6_000_000_001, "is_bot": False, "first_name": "Ada"},
            "option_ids": [1],
            "option_persistent_ids": ["1"],
        },
    }


async def test_an_update_is_in_the_file_before_telegram_gets_its_200(
    sandbox: Sandbox, database: Path, webhook: dict[str, Any], http: aiohttp.ClientSession
) -> None:
    async with running_bot(sandbox, database, **webhook):
        for number in range(1, 4):
            async with http.post(
                webhook["webhook_url"], json=an_update(number), headers={HEADER: SECRET}
            ) as answer:
                at_answer = total(database)
                assert (answer.status, at_answer) == (200, number)


async def test_what_arrives_during_a_commit_is_committed_together_before_its_200s(
    sandbox: Sandbox, database: Path, webhook: dict[str, Any], http: aiohttp.ClientSession
) -> None:
    commits: list[int] = []
    waiting = Waiting()
    may_commit = asyncio.Event()
    record, put = RecordingQueries.record, Backlog.put
    received = 0

    async def held(self: RecordingQueries, batch: Batch) -> None:
        commits.append(len(batch.updates))
        waiting.changed()
        await may_commit.wait()
        await record(self, batch)

    def noted(self: Backlog, *arguments: Any) -> Entry:
        nonlocal received
        received += 1
        waiting.changed()
        return put(self, *arguments)

    async def send(update: dict[str, Any]) -> tuple[int, int]:
        async with http.post(
            webhook["webhook_url"], json=update, headers={HEADER: SECRET}
        ) as answer:
            return answer.status, total(database)

    async with running_bot(sandbox, database, **webhook):
        with (
            patch.object(RecordingQueries, "record", held),
            patch.object(Backlog, "put", noted),
            patch.object(recording, "COMMIT_TIMEOUT", PATIENCE),
        ):
            first = asyncio.create_task(send(an_update(1)))
            await waiting.until(lambda: commits == [1], PATIENCE, "the first commit")
            others = [asyncio.create_task(send(an_update(number))) for number in range(2, 7)]
            nobodys = an_update(7)
            nobodys["poll_answer"]["user"]["id"] = 2**80
            odd = [await send(update) for update in ({"update_id": 8}, nobodys)]
            await waiting.until(lambda: received == 6, PATIENCE, "the other updates")
            early = [each.done() for each in (first, *others)]
            may_commit.set()
            answers = await asyncio.gather(first, *others)

    assert odd == [(200, 0), (200, 0)]
    assert early == [False] * 6
    assert commits == [1, 5]
    assert [status for status, _ in answers] == [200] * 6
    assert [stored for _, stored in answers[1:]] == [6] * 5


async def test_people_are_answered(
    sandbox: Sandbox, database: Path, webhook: dict[str, Any]
) -> None:
    person = sandbox.person()
    async with running_bot(sandbox, database, **webhook):
        answer = await ask(person, "/start")

    assert "/privacy" in answer
    assert total(database) == 1


async def test_every_kind_of_update_is_asked_for(
    sandbox: Sandbox, database: Path, webhook: dict[str, Any]
) -> None:
    async with running_bot(sandbox, database, **webhook):
        [call] = await sandbox.called("setWebhook")

    assert call.structure("allowed_updates") == ALL_UPDATES
    assert call.text("secret_token") == SECRET


@pytest.mark.parametrize(
    "headers", [{}, {HEADER: ""}, {HEADER: SECRET + "x"}, {HEADER: "gehe\u00efm"}]
)
async def test_a_wrong_secret_gets_401_before_the_body_is_read(
    sandbox: Sandbox,
    database: Path,
    webhook: dict[str, Any],
    headers: dict[str, str],
    http: aiohttp.ClientSession,
) -> None:
    async def never_ending() -> AsyncIterator[bytes]:
        yield b"{"
        # Were the body read, the answer would wait for the rest of it, which never comes.
        await sandbox.called("a method that nobody calls", within=60)

    async with (
        running_bot(sandbox, database, **webhook),
        http.post(webhook["webhook_url"], data=never_ending(), headers=headers) as answer,
    ):
        assert answer.status == 401

    assert total(database) == 0


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"\xff", b"[]", b'"text"', b"{}", b'{"update_id": 5, "message": {"text": 1}}'],
)
async def test_what_cannot_be_decoded_is_not_sent_again(
    sandbox: Sandbox,
    database: Path,
    webhook: dict[str, Any],
    body: bytes,
    http: aiohttp.ClientSession,
) -> None:
    async with running_bot(sandbox, database, **webhook):
        for content in (body, json.dumps(an_update(1)).encode()):
            async with http.post(
                webhook["webhook_url"], data=content, headers={HEADER: SECRET}
            ) as answer:
                assert answer.status == 200

    assert total(database) == 1


async def test_health_is_200_only_while_updates_are_recorded(
    sandbox: Sandbox, database: Path, webhook: dict[str, Any], http: aiohttp.ClientSession
) -> None:
    address = webhook["webhook_url"].replace("/telegram", "/healthz")

    async def health() -> tuple[int, Any]:
        async with http.get(address) as answer:
            return answer.status, await answer.json()

    async with running_bot(sandbox, database, **webhook):
        person = sandbox.person()
        await ask(person, "one")
        while (before := await health())[0] != 200:  # until the answer to setWebhook is there
            pass
        with locked(database):
            await ask(person, "two")
            while (unhealthy := await health())[0] == 200:  # until SQLite gives up waiting
                pass
        while (after := await health())[0] != 200:  # until the next try, a second later
            pass

    assert before == (
        200,
        {"receiving": True, "standby": False, "recording": True, "backlog": 0, "dropped": 0},
    )
    assert unhealthy == (
        503,
        {"receiving": True, "standby": False, "recording": False, "backlog": 1, "dropped": 0},
    )
    assert after == before
    assert total(database) == 2


async def test_going_back_to_polling_removes_the_webhook(
    sandbox: Sandbox, database: Path, webhook: dict[str, Any]
) -> None:
    person = sandbox.person()
    async with running_bot(sandbox, database, **webhook):
        await ask(person, "one")
    async with running_bot(sandbox, database):
        await ask(person, "two")

    assert total(database) == 2


async def test_a_port_in_use_is_one_sentence(
    sandbox: Sandbox, database: Path, webhook: dict[str, Any]
) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        webhook["webhook_port"] = other.getsockname()[1]
        with pytest.raises(Unavailable, match="where the bot cannot listen"):
            async with running_bot(sandbox, database, **webhook):
                pass


def test_a_webhook_without_a_secret_is_refused(
    monkeypatch: pytest.MonkeyPatch, webhook: dict[str, Any]
) -> None:
    monkeypatch.setenv("WEBHOOK_URL", webhook["webhook_url"])
    monkeypatch.setenv("BOT_TOKEN", "123456789:" + "A" * 35)
    with pytest.raises(WrongSettings, match="WEBHOOK_SECRET is invalid: give 16 to 256"):
        load(Settings)
