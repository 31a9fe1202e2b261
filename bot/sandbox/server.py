"""The HTTP server of the sandbox: the Bot API for one bot, on the loopback interface."""

import inspect
import itertools
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from email.utils import format_datetime
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from bot.sandbox.calls import Call, Refused, read_parameters
from bot.sandbox.chats import Chat
from bot.sandbox.condition import Waiting
from bot.sandbox.faults import Answer, Fault
from bot.sandbox.menus import Menus
from bot.sandbox.messages import Messages
from bot.sandbox.people import FIRST_USER_ID, NAMES, Group, Person
from bot.sandbox.updates import Updates
from bot.sandbox.webhook import Webhook
from bot.sandbox.world import Telegram

# Formed like a real token, but not one.
TOKEN = "123456789:AAsandbox-sandbox-sandbox-sandbox-0"
FIRST_UPDATE_ID = 731_204_518
MAX_UPLOAD_BYTES = 50 * 1024 * 1024
# Seconds.
CALL_TIMEOUT = 60.0

GETUPDATES_WITH_WEBHOOK = (
    "Conflict: can't use getUpdates method while webhook is active; "
    "use deleteWebhook to delete the webhook first"
)

# Methods that do nothing here and return true.
MERELY_TRUE = (
    "close logOut setMyName setMyDescription setMyShortDescription setChatMenuButton "
    "setMyDefaultAdministratorRights setMessageReaction"
)


def utc_now() -> datetime:
    return datetime.now(UTC)


class Sandbox:
    """A Bot API server for a bot that runs with `sandbox.url` and `sandbox.token`.

    Use it as `async with Sandbox() as sandbox:`. `calls` are all calls of the bot, in order.
    `clock` dates messages and lets clicks and unacknowledged updates expire. `webhook_retry` is the
    first wait after a failed delivery, in seconds. A `port` is only needed for `gone`: one that the
    kernel gives to connections may be taken meanwhile.
    """

    def __init__(
        self,
        *,
        token: str = TOKEN,
        first_update_id: int = FIRST_UPDATE_ID,
        clock: Callable[[], datetime] = utc_now,
        webhook_retry: float = 0.05,
        port: int = 0,
    ) -> None:
        self.token = token
        self._port = port
        self.url = ""
        self.calls: list[Call] = []
        self.bot = {
            "id": int(token.split(":")[0]),
            "is_bot": True,
            "first_name": "Sandbox bot",
            "username": "sandbox_bot",
        }
        self._telegram = Telegram(self.bot, first_update_id, clock)
        self._people = itertools.count()
        self._groups = itertools.count(1)
        self._messages = Messages(self._telegram)
        self._menus = Menus(self._telegram)
        self._webhook = Webhook(self._telegram, self._note_and_carry_out, webhook_retry)
        self._methods: dict[str, Callable[[Call], Any]] = {
            "getme": self._get_me,
            "getupdates": self._get_updates,
            **dict.fromkeys(MERELY_TRUE.lower().split(), lambda call: True),
            **self._messages.methods,
            **self._menus.methods,
            **self._webhook.methods,
        }
        self._faults: list[Fault] = []
        self._calls_of: defaultdict[str, list[Call]] = defaultdict(list)
        self._called = Waiting()
        application = web.Application(client_max_size=MAX_UPLOAD_BYTES)
        application.router.add_get("/file/bot{token}/{path}", self._download)
        application.router.add_route("*", "/bot{token}/{method}", self._answer)
        # The poll of a bot that dies ends with it, and shutdown does not wait for one; to aiohttp,
        # a timeout of zero is no timeout.
        self._runner = web.AppRunner(
            application, handler_cancellation=True, access_log=None, shutdown_timeout=0.001
        )

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        await self._listen()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._webhook.stop()
        await self._runner.cleanup()

    @property
    def updates(self) -> Updates:
        """The updates that wait, that were delivered, and that the bot acknowledged."""
        return self._telegram.updates

    def person(self, telegram_id: int | None = None, **facts: Any) -> Person:
        """Return an invented person who has not written to the bot yet.

        `telegram_id` is theirs, `facts` are fields of Telegram's User.
        """
        number = next(self._people)
        name = NAMES[number % len(NAMES)]
        user = {
            "id": FIRST_USER_ID + number if telegram_id is None else telegram_id,
            "is_bot": False,
            "first_name": name,
            "username": f"{name.lower()}_{number}",
            "language_code": "en",
        }
        return Person(self._telegram, user | facts)

    def group(self, title: str = "Neighbours") -> Group:
        """Return a new supergroup that the bot is a member of."""
        chat = Chat(
            {"id": -1_000_000_000_000 - next(self._groups), "type": "supergroup", "title": title}
        )
        self._telegram.chats[chat.id] = chat
        return Group(chat)

    def chat(self, chat_id: int) -> Chat:
        """Return a chat by its id. Raises KeyError if the bot does not know it."""
        return self._telegram.chats[chat_id]

    def menu(self, person: Person, chat: Group | None = None) -> dict[str, str]:
        """Return the commands in a person's menu, with their descriptions.

        It is that of the private chat, or of a group.
        """
        chat_id = person.user["id"] if chat is None else chat.facts["id"]
        shown = self._menus.shown_to(person.user, chat_id)
        return {command["command"]: command["description"] for command in shown}

    def content(self, message: Mapping[str, Any]) -> bytes:
        """Return the file of a message, which is its document or its photo."""
        file = message["document"] if "document" in message else message["photo"][-1]
        return self._messages.files[file["file_id"]]

    async def inject(self, update: Mapping[str, Any], *, forced: bool = False) -> int | None:
        """Queue an update of any content, also a broken one, and return its id.

        An update with an `update_id` keeps it. Returns None if the bot did not ask for its kind,
        unless `forced`, which queues it all the same.
        """
        return await self._telegram.happens(update, forced=forced)

    def plan(
        self, method: str, answer: Answer, *, times: int | None = 1, after: bool = False
    ) -> Fault:
        """Plan a fault for the next `times` calls of a method (None: all), and return it.

        `method` may be `EVERY_METHOD`. `after` carries out the call first, so that only its answer
        is lost. Faults that were planned earlier are used up first.
        """
        fault = Fault(method, answer, times, after)
        self._faults.append(fault)
        return fault

    async def called(
        self, method: str, times: int = 1, *, within: float = CALL_TIMEOUT
    ) -> list[Call]:
        """Wait until a method was called so many times, and return all calls of it.

        Raises TimeoutError after `within` seconds.
        """
        calls = self._calls_of[method.lower()]
        what = f"{times} calls of {method} ({len(calls)} before waiting)"
        await self._called.until(lambda: len(calls) >= times, within, what)
        return list(calls)

    @asynccontextmanager
    async def gone(self) -> AsyncIterator[None]:
        """End all connections, and refuse new ones in this block."""
        for site in list(self._runner.sites):
            await site.stop()
        assert self._runner.server is not None
        for connection in self._runner.server.connections:
            if connection.transport is not None:
                connection.transport.abort()
        yield
        await self._listen()

    async def settled(self, *, within: float = CALL_TIMEOUT) -> None:
        """Wait until the bot has acknowledged all updates; its answers may still be on their way.

        Raises TimeoutError after `within` seconds.
        """
        what = f"acknowledgement of {len(self.updates)} updates"
        await self.updates.waiting.until(lambda: not len(self.updates), within, what)

    async def _listen(self) -> None:
        await web.TCPSite(self._runner, "127.0.0.1", self._port).start()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        if request.match_info["token"] != self.token:
            return _refusal(Refused(401, "Unauthorized"))
        try:
            parameters, files = await read_parameters(request)
        except Refused as refused:
            return _refusal(refused)
        parameters = {**request.query, **parameters}
        call = Call(request.match_info["method"], parameters, files, time.monotonic())
        self._note(call)
        fault = next((fault for fault in self._faults if fault.meets(call.method)), None)
        response = None
        if fault is not None and not fault.after:
            response = await fault.answer(fault, request)
        if response is None:
            response = await self._telegrams_answer(call)
            if fault is not None and fault.after:
                response = await fault.answer(fault, request) or response
        now = self._telegram.clock().astimezone(UTC)
        response.headers.setdefault("Date", format_datetime(now, usegmt=True))
        return response

    async def _telegrams_answer(self, call: Call) -> web.StreamResponse:
        try:
            return web.json_response({"ok": True, "result": await self._carry_out(call)})
        except Refused as refused:
            return _refusal(refused)

    async def _carry_out(self, call: Call) -> Any:
        method = self._methods.get(call.method.lower())
        if method is None:
            raise Refused(404, "Not Found: method not found")
        result = method(call)
        return await result if inspect.isawaitable(result) else result

    async def _note_and_carry_out(self, call: Call) -> Any:
        self._note(call)
        return await self._carry_out(call)

    def _note(self, call: Call) -> None:
        self.calls.append(call)
        self._calls_of[call.method.lower()].append(call)
        self._called.changed()

    def _get_me(self, call: Call) -> dict[str, Any]:
        return {
            **self.bot,
            "can_join_groups": True,
            "can_read_all_group_messages": False,
            "supports_inline_queries": False,
        }

    async def _get_updates(self, call: Call) -> list[dict[str, Any]]:
        if self._webhook.url:
            raise Refused(409, GETUPDATES_WITH_WEBHOOK)
        return await self.updates.poll(call)

    async def _download(self, request: web.Request) -> web.Response:
        if request.match_info["token"] != self.token:
            return _refusal(Refused(401, "Unauthorized"))
        content = self._messages.files.get(request.match_info["path"])
        if content is None:
            return _refusal(Refused(404, "Not Found"))
        return web.Response(body=content)


def _refusal(refused: Refused) -> web.Response:
    return web.json_response(refused.body(), status=refused.code)
