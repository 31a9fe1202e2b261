"""The webhook of the sandbox, and the deliveries of updates to it."""

import asyncio
import re
import time
from collections import deque
from collections.abc import Awaitable, Callable, Hashable
from contextlib import suppress
from typing import Any

from aiohttp import ClientConnectorError, ClientError, ClientSession, ClientTimeout, TCPConnector
from yarl import URL

from bot.sandbox.calls import Call, Refused, bad_request, read_parameters
from bot.sandbox.updates import Pending
from bot.sandbox.world import Telegram

SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"
DEFAULT_CONNECTIONS = 40
MAX_CONNECTIONS = 100
DELIVERY_TIMEOUT = ClientTimeout(total=60)
# The wait before a delivery is tried again doubles up to this many times the first.
MAX_RETRY_FACTOR = 32

NOT_IN_AN_ANSWER = frozenset({"setwebhook", "deletewebhook", "close", "logout"})

Carry = Callable[[Call], Awaitable[Any]]


class Webhook:
    """The bot's webhook, which is off while `url` is empty.

    `retry` is the first wait after a failed delivery, in seconds.
    """

    def __init__(self, telegram: Telegram, carry_out: Carry, retry: float) -> None:
        self._telegram = telegram
        self._updates = telegram.updates
        self._carry_out = carry_out
        self._retry = retry
        self._secret = ""
        self._max_connections = DEFAULT_CONNECTIONS
        self._last_error: dict[str, Any] = {}
        self._lanes: dict[Hashable, deque[Pending]] = {}
        self._deliveries: set[asyncio.Task[None]] = set()
        self._session: ClientSession | None = None
        self.url = ""
        self.methods: dict[str, Callable[[Call], Any]] = {
            "setwebhook": self.set,
            "deletewebhook": self.delete,
            "getwebhookinfo": self.info,
        }

    async def set(self, call: Call) -> bool:
        url = call.text("url")
        if not url:
            return await self.delete(call)
        # The sandbox sends requests to this machine only.
        if URL(url).host not in ("127.0.0.1", "localhost", "::1"):
            raise bad_request("bad webhook: Failed to resolve host: Name or service not known")
        secret = call.text("secret_token")
        if not re.fullmatch(r"[A-Za-z0-9_-]{0,256}", secret):
            raise bad_request("secret token contains unallowed characters")
        connections = min(
            max(call.integer("max_connections", DEFAULT_CONNECTIONS), 1), MAX_CONNECTIONS
        )
        self._updates.allow(call)
        as_it_is = (url, secret, connections) == (self.url, self._secret, self._max_connections)
        if as_it_is and not call.flag("drop_pending_updates"):
            return True
        await self.delete(call)
        self._updates.end_poll("Conflict: terminated by setWebhook request")
        self.url, self._secret, self._max_connections = url, secret, connections
        self._connections = asyncio.Semaphore(connections)
        self._session = ClientSession(connector=TCPConnector(limit=0), timeout=DELIVERY_TIMEOUT)
        self._updates.on_created = self._offer
        for pending in self._updates.pending:
            self._offer(pending)
        return True

    async def delete(self, call: Call) -> bool:
        await self.stop()
        if call.flag("drop_pending_updates"):
            self._updates.drop()
        return True

    def info(self, call: Call) -> dict[str, Any]:
        facts = {
            "url": self.url,
            "has_custom_certificate": False,
            "pending_update_count": len(self._updates),
        }
        if self.url:
            facts |= {"max_connections": self._max_connections, **self._last_error}
        if self._updates.allowed is not None:
            facts["allowed_updates"] = sorted(self._updates.allowed)
        return facts

    async def stop(self) -> None:
        self.url = ""
        self._updates.on_created = None
        for delivery in self._deliveries:
            delivery.cancel()
        await asyncio.gather(*self._deliveries, return_exceptions=True)
        self._lanes.clear()
        self._last_error = {}
        if self._session is not None:
            await self._session.close()

    def _offer(self, pending: Pending) -> None:
        if pending.lane in self._lanes:
            self._lanes[pending.lane].append(pending)
            return
        self._lanes[pending.lane] = deque([pending])
        delivery = asyncio.create_task(self._empty(pending.lane))
        self._deliveries.add(delivery)
        delivery.add_done_callback(self._deliveries.discard)

    async def _empty(self, lane: Hashable) -> None:
        queue = self._lanes[lane]
        wait = self._retry
        while queue:
            async with self._connections:
                error = await self._deliver(queue[0])
            if not error:
                self._updates.acknowledge(queue.popleft())
                wait = self._retry
                continue
            self._last_error = {
                "last_error_date": self._telegram.now(),
                "last_error_message": error,
            }
            await asyncio.sleep(wait)
            wait = min(wait * 2, self._retry * MAX_RETRY_FACTOR)
        del self._lanes[lane]

    async def _deliver(self, pending: Pending) -> str:
        """Deliver an update; return "" if the bot took it, else Telegram's words for the error."""
        assert self._session is not None
        if pending not in self._updates:
            return ""
        update = self._updates.deliver(pending)
        headers = {SECRET_HEADER: self._secret} if self._secret else {}
        try:
            async with self._session.post(
                self.url, json=update, headers=headers, allow_redirects=False
            ) as response:
                if not 200 <= response.status <= 299:
                    return f"Wrong response from the webhook: {response.status} {response.reason}"
                parameters, files = await read_parameters(response)
        except (Refused, ValueError):
            return ""
        except TimeoutError:
            return "Read timeout expired"
        except ClientConnectorError:
            return "Connection refused"
        except ClientError:
            return "Webhook connection closed"
        await self._answer_in(parameters, files)
        return ""

    async def _answer_in(self, parameters: dict[str, Any], files: dict[str, Any]) -> None:
        """Carry out the call that the bot put into its response, if any."""
        method = str(parameters.pop("method", ""))
        if not method or method.lower() in NOT_IN_AN_ANSWER or method.lower().startswith("get"):
            return
        with suppress(Refused):
            await self._carry_out(Call(method, parameters, files, time.monotonic()))
