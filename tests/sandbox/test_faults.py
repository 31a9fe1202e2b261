"""What a test can let go wrong between the bot and Telegram."""

import asyncio

import aiohttp
import pytest
from aiogram import Bot
from aiogram.exceptions import (
    ClientDecodeError,
    TelegramNetworkError,
    TelegramRetryAfter,
    TelegramServerError,
)

from bot.sandbox import Sandbox, faults
from tests.support.client import Client
from tests.support.webhooks import free_port


async def test_flooding_names_the_seconds_to_wait(sandbox: Sandbox, bot: Bot) -> None:
    sandbox.plan("getMe", faults.floods(7))

    with pytest.raises(TelegramRetryAfter) as flood:
        await bot.get_me()
    assert flood.value.retry_after == 7


async def test_a_server_error_is_one(sandbox: Sandbox, bot: Bot) -> None:
    sandbox.plan("getMe", faults.refuses(502, "Bad Gateway"))

    with pytest.raises(TelegramServerError, match="Bad Gateway"):
        await bot.get_me()


async def test_invalid_json_cannot_be_decoded(sandbox: Sandbox, bot: Bot) -> None:
    sandbox.plan("getMe", faults.answers("<html>"))

    with pytest.raises(ClientDecodeError):
        await bot.get_me()


async def test_a_reset_connection_is_a_network_error(sandbox: Sandbox, bot: Bot) -> None:
    sandbox.plan("getMe", faults.resets())

    with pytest.raises(TelegramNetworkError, match="reset by peer"):
        await bot.get_me()


async def test_a_redirect_leads_elsewhere(sandbox: Sandbox, client: Client) -> None:
    elsewhere = f"{sandbox.url}/elsewhere"
    sandbox.plan("getMe", faults.answers("", 302, Location=elsewhere))
    url = f"{sandbox.url}/bot{sandbox.token}/getMe"
    async with client.http.get(url, allow_redirects=False) as response:
        assert (response.status, response.headers["Location"]) == (302, elsewhere)


async def test_a_hanging_call_goes_on_once_the_fault_is_lifted(
    sandbox: Sandbox, client: Client
) -> None:
    ada = sandbox.person()
    await ada.says("hello")
    hanging = sandbox.plan("sendMessage", faults.hangs())
    answer = asyncio.create_task(client.result("sendMessage", chat_id=ada.user["id"], text="hi"))
    await sandbox.called("sendMessage")
    assert len(ada.transcript) == 1
    hanging.lift()

    assert (await answer)["text"] == "hi"


async def test_a_hanging_call_lasts_until_the_bot_gives_up(sandbox: Sandbox, bot: Bot) -> None:
    sandbox.plan("getMe", faults.hangs())
    bot.session.timeout = 0.01

    with pytest.raises(TelegramNetworkError, match="timeout"):
        await bot.get_me()


async def test_a_delayed_call_is_carried_out_in_the_end(sandbox: Sandbox, client: Client) -> None:
    sandbox.plan("getMe", faults.delays(0.001))

    assert (await client.result("getMe"))["is_bot"]


async def test_an_answer_can_be_lost_after_the_call_was_carried_out(
    sandbox: Sandbox, client: Client
) -> None:
    ada = sandbox.person()
    await ada.says("hello")
    sandbox.plan("sendMessage", faults.resets(), after=True)
    with pytest.raises(aiohttp.ClientError):
        await client.result("sendMessage", chat_id=ada.user["id"], text="hi")

    assert (await ada.answer()).text == "hi"


async def test_a_lost_delivery_is_not_an_acknowledgement(sandbox: Sandbox, client: Client) -> None:
    await sandbox.person().says("hello")
    sandbox.plan("getUpdates", faults.answers("", 504), after=True)
    with pytest.raises(aiohttp.ContentTypeError):
        await client.poll()

    assert await client.poll() == [1000]
    assert sandbox.updates.deliveries == {1000: 2}


async def test_faults_are_met_so_many_times_and_in_turn(sandbox: Sandbox, client: Client) -> None:
    sandbox.plan("getMe", faults.refuses(500, "first"), times=2)
    sandbox.plan("getMe", faults.refuses(500, "second"))
    refusals = [await client.refusal("getMe") for _ in range(3)]

    assert refusals == ["first", "first", "second"]
    assert await client.result("getMe")


async def test_a_fault_without_a_number_of_times_stays_until_lifted(
    sandbox: Sandbox, client: Client
) -> None:
    fault = sandbox.plan(faults.EVERY_METHOD, faults.refuses(500, "down"), times=None)
    for method in ("getMe", "getUpdates", "getMe"):
        assert await client.refusal(method) == "down"
    fault.lift()

    assert await client.result("getMe")


async def test_a_call_that_meets_a_fault_is_kept_too(sandbox: Sandbox, client: Client) -> None:
    sandbox.plan("getMe", faults.refuses(500, "down"))
    await client.refusal("getMe")

    assert len(await sandbox.called("getMe")) == 1


async def test_while_it_is_gone_connections_are_refused_and_then_it_is_as_before() -> None:
    async with aiohttp.ClientSession() as http, Sandbox(port=free_port()) as sandbox:
        client = Client(sandbox, http)
        waiting = asyncio.create_task(client.call("getUpdates", timeout=50))
        await sandbox.called("getUpdates")
        async with sandbox.gone():
            with pytest.raises(aiohttp.ClientError):
                await waiting
            with pytest.raises(aiohttp.ClientConnectorError):
                await client.call("getMe")

        assert await client.result("getMe")


async def test_at_the_end_nobody_hangs_or_waits() -> None:
    async with aiohttp.ClientSession() as http, asyncio.timeout(5):
        async with Sandbox() as sandbox:
            client = Client(sandbox, http)
            sandbox.plan("getMe", faults.hangs())
            hanging = asyncio.create_task(client.call("getMe"))
            waiting = asyncio.create_task(client.call("getUpdates", timeout=50))
            await sandbox.called("getMe")
            await sandbox.called("getUpdates")
        await asyncio.gather(hanging, waiting, return_exceptions=True)
