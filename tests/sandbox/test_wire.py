"""Calls over HTTP, in every form that Telegram takes."""

import json
from collections.abc import Callable
from typing import Any

import aiohttp
import pytest
from aiogram import Bot
from aiogram.exceptions import TelegramNotFound, TelegramUnauthorizedError
from aiogram.methods import SendDice

from bot.sandbox import Sandbox
from tests.support.client import Client

TEXT = "ä & 'ö' = 100 % + <b>"


async def test_a_wrong_token_is_refused(sandbox: Sandbox, bot: Bot) -> None:
    stranger = Bot("987654321:AAsomebody-elses-token-somebody-els", session=bot.session)

    with pytest.raises(TelegramUnauthorizedError):
        await stranger.get_me()
    assert sandbox.calls == []


async def test_an_unknown_method_is_not_found(bot: Bot) -> None:
    with pytest.raises(TelegramNotFound):
        await bot(SendDice(chat_id=1))


async def test_the_bot_knows_itself(bot: Bot) -> None:
    me = await bot.get_me()

    assert (me.id, me.is_bot, me.username) == (bot.id, True, "sandbox_bot")


async def test_method_names_ignore_case(client: Client) -> None:
    assert (await client.result("GETme"))["is_bot"] is True


def multipart(fields: dict[str, str]) -> aiohttp.MultipartWriter:
    writer = aiohttp.MultipartWriter("form-data")
    for name, value in fields.items():
        writer.append(value).set_content_disposition("form-data", name=name)
    return writer


@pytest.mark.parametrize(
    "form",
    [
        lambda fields: {"params": fields},
        lambda fields: {"json": fields},
        lambda fields: {"data": aiohttp.FormData(fields)},
        lambda fields: {"data": multipart(fields)},
    ],
    ids=["query", "json", "urlencoded", "multipart"],
)
async def test_parameters_arrive_in_every_form(
    sandbox: Sandbox, client: Client, form: Callable[[dict[str, str]], dict[str, Any]]
) -> None:
    ada = sandbox.person()
    await ada.says("hello")
    fields = {"chat_id": str(ada.user["id"]), "text": TEXT}
    url = f"{sandbox.url}/bot{sandbox.token}/sendMessage"
    async with client.http.post(url, **form(fields)) as response:
        answer = await response.json()

    assert answer["result"]["text"] == TEXT
    assert sandbox.calls[-1].parameters == fields


@pytest.mark.parametrize("body", ["{", "[]", "\udcff"])
async def test_a_body_that_is_no_json_object_is_refused(
    sandbox: Sandbox, client: Client, body: str
) -> None:
    url = f"{sandbox.url}/bot{sandbox.token}/getMe"
    content = body.encode(errors="surrogateescape")
    headers = {"Content-Type": "application/json"}
    async with client.http.post(url, data=content, headers=headers) as response:
        answer = await response.json()

    assert (response.status, answer["ok"]) == (400, False)


async def test_structures_are_understood_in_a_form(sandbox: Sandbox, client: Client) -> None:
    url = f"{sandbox.url}/bot{sandbox.token}/getUpdates"
    async with client.http.post(url, data={"allowed_updates": json.dumps(["poll"])}) as response:
        assert response.status == 200

    assert sandbox.updates.allowed == frozenset({"poll"})


async def test_every_call_is_kept_with_its_time(sandbox: Sandbox, client: Client) -> None:
    await client.result("getMe")
    await client.refusal("sendMessage", chat_id=1, text="hello")
    await client.refusal("noSuchMethod")

    assert [call.method for call in sandbox.calls] == ["getMe", "sendMessage", "noSuchMethod"]
    assert sandbox.calls[1].parameters == {"chat_id": 1, "text": "hello"}
    assert sandbox.calls == sorted(sandbox.calls, key=lambda call: call.at)
    assert await sandbox.called("getMe") == sandbox.calls[:1]
