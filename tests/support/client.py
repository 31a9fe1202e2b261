"""A bot reduced to its HTTP calls."""

from typing import Any

import aiohttp

from bot.sandbox import Sandbox


class Client:
    """A bot reduced to its HTTP calls."""

    def __init__(self, sandbox: Sandbox, http: aiohttp.ClientSession) -> None:
        self.sandbox = sandbox
        self.http = http

    async def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """The whole answer."""
        url = f"{self.sandbox.url}/bot{self.sandbox.token}/{method}"
        async with self.http.post(url, json=parameters) as response:
            answer: dict[str, Any] = await response.json()
        assert response.status == answer.get("error_code", 200)
        return answer

    async def result(self, method: str, **parameters: Any) -> Any:
        answer = await self.call(method, **parameters)
        assert answer["ok"], answer
        return answer["result"]

    async def refusal(self, method: str, **parameters: Any) -> str:
        answer = await self.call(method, **parameters)
        assert not answer["ok"], answer
        return str(answer["description"])

    async def poll(self, **parameters: Any) -> list[int]:
        """The ids of the updates that came."""
        return [update["update_id"] for update in await self.result("getUpdates", **parameters)]
