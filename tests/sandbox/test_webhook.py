"""Updates brought to the bot, as Telegram's own server does it."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiogram import Bot, Dispatcher
from aiogram.methods import SendDocument, SendMessage
from aiogram.types import BufferedInputFile, Message
from aiogram.webhook.aiohttp_server import SimpleRequestHandler, setup_application
from aiohttp import web
from aiohttp.test_utils import TestServer, unused_port

from bot.sandbox import Sandbox
from bot.sandbox.condition import Waiting
from tests.support.client import Client

SECRET = "s3cret_-"


class Receiver:
    """The bot's end: keeps what arrives, and answers 200 unless told otherwise."""

    def __init__(self) -> None:
        self.url = ""
        self.requests: list[web.Request] = []
        self.updates: list[dict[str, Any]] = []
        self.open = asyncio.Event()
        self.open.set()
        self.arrival = Waiting()
        self.under_way: Counter[int] = Counter()
        self.most_under_way = 0
        self.answers: list[web.Response] = []

    async def receive(self, request: web.Request) -> web.Response:
        update = await request.json()
        chat_id = update["message"]["chat"]["id"] if "message" in update else update["update_id"]
        self.requests.append(request)
        self.updates.append(update)
        self.under_way[chat_id] += 1
        self.most_under_way = max(self.most_under_way, self.under_way.total())
        self.arrival.changed()
        assert self.under_way[chat_id] == 1
        await self.open.wait()
        self.under_way[chat_id] -= 1
        return self.answers.pop(0) if self.answers else web.Response()

    @property
    def texts(self) -> list[str]:
        return [update["message"]["text"] for update in self.updates]


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    application = web.Application()
    application.router.add_post("/", receiver.receive)
    async with TestServer(application) as server:
        receiver.url = str(server.make_url("/"))
        yield receiver


async def test_updates_are_brought_with_the_secret_and_a_200_acknowledges_them(
    sandbox: Sandbox, client: Client, receiver: Receiver
) -> None:
    await client.result("setWebhook", url=receiver.url, secret_token=SECRET)
    await sandbox.person().says("hello")
    await sandbox.settled()

    [request] = receiver.requests
    assert request.headers["X-Telegram-Bot-Api-Secret-Token"] == SECRET
    assert receiver.texts == ["hello"]
    assert sandbox.updates.acknowledged == {1000}


async def test_what_waits_is_brought_once_the_webhook_is_set(
    sandbox: Sandbox, client: Client, receiver: Receiver
) -> None:
    await sandbox.person().says("before")
    await client.result("setWebhook", url=receiver.url)
    await sandbox.settled()

    assert receiver.texts == ["before"]


async def test_an_update_is_brought_again_until_the_answer_is_good(
    sandbox: Sandbox, client: Client, receiver: Receiver
) -> None:
    receiver.answers = [web.Response(status=500), web.Response(status=302), web.Response()]
    await client.result("setWebhook", url=receiver.url)
    await sandbox.person().says("hello")
    await sandbox.settled()

    assert receiver.texts == ["hello"] * 3
    assert sandbox.updates.deliveries == {1000: 3}


async def test_webhook_info_says_what_went_wrong(
    sandbox: Sandbox, client: Client, receiver: Receiver
) -> None:
    receiver.answers = [web.Response(status=500)]
    await client.result("setWebhook", url=receiver.url, allowed_updates=["message"])
    await sandbox.person().says("hello")
    await sandbox.settled()

    assert await client.result("getWebhookInfo") == {
        "url": receiver.url,
        "has_custom_certificate": False,
        "pending_update_count": 0,
        "max_connections": 40,
        "last_error_date": int(sandbox.chat(5_000_000_001).messages[1]["date"]),
        "last_error_message": "Wrong response from the webhook: 500 Internal Server Error",
        "allowed_updates": ["message"],
    }


async def test_a_bot_that_is_down_gets_its_updates_later(sandbox: Sandbox, client: Client) -> None:
    port = unused_port()
    receiver = Receiver()
    application = web.Application()
    application.router.add_post("/", receiver.receive)
    await client.result("setWebhook", url=f"http://127.0.0.1:{port}/")
    await sandbox.person().says("hello")
    while "last_error_message" not in (info := await client.result("getWebhookInfo")):
        pass

    assert info["last_error_message"] == "Connection refused"
    assert info["pending_update_count"] == 1
    async with TestServer(application, port=port):
        await sandbox.settled()
    assert receiver.texts == ["hello"]


async def test_one_chats_updates_come_in_order_and_different_chats_at_once(
    sandbox: Sandbox, client: Client, receiver: Receiver
) -> None:
    people = [sandbox.person() for _ in range(10)]
    await client.result("setWebhook", url=receiver.url, max_connections=4)
    receiver.answers = [web.Response(status=503) for _ in range(3)]
    receiver.open.clear()
    for number in range(5):
        for person in people:
            await person.says(f"{person.user['id']} {number}")
    await receiver.arrival.until(lambda: receiver.most_under_way == 4, 10, "four at once")
    await client.result("getMe")
    receiver.open.set()
    await sandbox.settled()

    for person in people:
        own = [text for text in receiver.texts if text.startswith(str(person.user["id"]))]
        assert own == sorted(own)
    assert receiver.most_under_way == 4


async def test_outside_chats_only_updates_of_one_person_wait_for_each_other(
    sandbox: Sandbox, client: Client, receiver: Receiver
) -> None:
    receiver.open.clear()
    await client.result("setWebhook", url=receiver.url)
    for person in (1, 2, 2):
        await sandbox.inject({"inline_query": {"from": {"id": person}}})
    await sandbox.inject({"poll": {}})
    await sandbox.inject({"poll": {}})
    await receiver.arrival.until(lambda: receiver.most_under_way == 4, 10, "four at once")
    await client.result("getMe")
    receiver.open.set()
    await sandbox.settled()

    assert receiver.most_under_way == 4


async def test_polling_and_a_webhook_exclude_each_other(
    sandbox: Sandbox, client: Client, receiver: Receiver
) -> None:
    poll = asyncio.create_task(client.refusal("getUpdates", timeout=30))
    await sandbox.called("getUpdates")
    await client.result("setWebhook", url=receiver.url)

    assert await poll == "Conflict: terminated by setWebhook request"
    assert (await client.call("getUpdates"))["error_code"] == 409


async def test_polling_gets_what_the_webhook_did_not_take(
    sandbox: Sandbox, client: Client, receiver: Receiver
) -> None:
    receiver.open.clear()
    await client.result("setWebhook", url=receiver.url)
    await sandbox.person().says("hello")
    await client.result("deleteWebhook")
    receiver.open.set()

    assert await client.poll() == [1000]
    assert (await client.result("getWebhookInfo"))["url"] == ""


@pytest.mark.parametrize("method", ["setWebhook", "deleteWebhook"])
async def test_pending_updates_can_be_dropped(
    sandbox: Sandbox, client: Client, method: str
) -> None:
    await sandbox.person().says("hello")
    await client.result(method, drop_pending_updates=True)

    assert await client.poll() == []
    assert sandbox.updates.dropped == {1000}


async def test_setting_the_same_webhook_again_disturbs_no_delivery(
    sandbox: Sandbox, client: Client, receiver: Receiver
) -> None:
    receiver.open.clear()
    await client.result("setWebhook", url=receiver.url)
    await sandbox.person().says("hello")
    await client.result("setWebhook", url=receiver.url, allowed_updates=["message"])
    receiver.open.set()
    await sandbox.settled()

    assert receiver.texts == ["hello"]
    assert sandbox.updates.allowed == frozenset({"message"})


@pytest.mark.parametrize(
    "wrong", [{"url": "https://example.org/"}, {"url": "http://127.0.0.1/", "secret_token": "ä"}]
)
async def test_only_this_machine_is_reached_and_only_with_a_valid_secret(
    client: Client, wrong: dict[str, str]
) -> None:
    assert (await client.refusal("setWebhook", **wrong)).startswith("Bad Request")
    assert (await client.result("getWebhookInfo"))["url"] == ""


async def test_a_call_in_the_answer_is_carried_out(
    sandbox: Sandbox, client: Client, receiver: Receiver
) -> None:
    ada = sandbox.person()
    receiver.answers = [
        web.json_response({"method": "sendMessage", "chat_id": ada.user["id"], "text": "hi"}),
        web.json_response({"method": "sendMessage", "chat_id": 5, "text": "hi"}),
        web.json_response({"method": "deleteWebhook"}),
        web.json_response({"method": "getMe"}),
        web.Response(text="{", content_type="application/json"),
    ]
    await client.result("setWebhook", url=receiver.url)
    for _ in range(5):
        await ada.says("hello")
    await sandbox.settled()

    assert (await ada.answer()).text == "hi"
    assert [call.method for call in sandbox.calls] == ["setWebhook", "sendMessage", "sendMessage"]


async def test_aiograms_own_webhook_works(sandbox: Sandbox, bot: Bot) -> None:
    async def answer(message: Message) -> SendMessage | SendDocument:
        if message.text == "file":
            return message.answer_document(BufferedInputFile(b"content", "file.txt"))
        return message.answer("hello")

    dispatcher = Dispatcher()
    dispatcher.message.register(answer)
    application = web.Application()
    handler = SimpleRequestHandler(dispatcher, bot, handle_in_background=False, secret_token=SECRET)
    handler.register(application, path="/")
    setup_application(application, dispatcher)
    ada = sandbox.person()
    async with TestServer(application) as server:
        await bot.set_webhook(str(server.make_url("/")), secret_token=SECRET)
        await ada.says("hi")
        await ada.says("file")

        assert (await ada.answer()).text == "hello"
        assert (await ada.answer()).text == "[document file.txt]"
        await sandbox.settled()
        await bot.delete_webhook()
