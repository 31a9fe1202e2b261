"""Calls of Bot API methods, read from HTTP requests."""

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import BodyPartReader, ClientResponse, MultipartReader
from aiohttp.web import Request


class Refused(Exception):
    """Raised to refuse a call, as Telegram would.

    `code` is the HTTP status; `parameters` are those of Telegram's answer, such as `retry_after`.
    """

    def __init__(self, code: int, description: str, **parameters: int) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.parameters = parameters

    def body(self) -> dict[str, Any]:
        answer = {"ok": False, "error_code": self.code, "description": self.description}
        return {**answer, "parameters": self.parameters} if self.parameters else answer


def bad_request(description: str) -> Refused:
    return Refused(400, f"Bad Request: {description}")


@dataclass(frozen=True, slots=True)
class File:
    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a method by the bot.

    `at` is when it came, in seconds of the monotonic clock; `files` are by the name of their part.
    """

    method: str
    parameters: dict[str, Any]
    files: dict[str, File]
    at: float

    def text(self, name: str) -> str:
        value = self.parameters.get(name, "")
        return value if isinstance(value, str) else json.dumps(value)

    def integer(self, name: str, default: int = 0) -> int:
        try:
            return int(self.parameters.get(name, default))
        except (TypeError, ValueError):
            return default

    def flag(self, name: str) -> bool:
        return str(self.parameters.get(name, "")).lower() in {"true", "yes", "1"}

    def structure(self, name: str) -> Any:
        """Return a parameter that is an object or a list, which a form holds as JSON.

        Raises Refused if it is not JSON.
        """
        value = self.parameters.get(name)
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value)
        except ValueError:
            raise bad_request(f"can't parse {name} JSON object") from None

    def file(self, name: str) -> File | None:
        """Return the upload that a parameter is, or points to with `attach://`, None for none."""
        return self.files.get(self.text(name).removeprefix("attach://")) or self.files.get(name)


async def read_parameters(
    body: Request | ClientResponse,
) -> tuple[dict[str, Any], dict[str, File]]:
    """Return the parameters and files of a request, or of a webhook's answer.

    Both are empty if the body is neither JSON nor a form. Raises Refused for broken JSON.
    """
    if body.content_type == "application/json":
        try:
            parameters = json.loads(await body.read() or b"{}")
        except ValueError:
            raise bad_request("can't parse JSON object") from None
        if not isinstance(parameters, dict):
            raise bad_request("object expected as JSON body")
        return parameters, {}
    if body.content_type == "application/x-www-form-urlencoded":
        return dict(parse_qsl((await body.read()).decode(), keep_blank_values=True)), {}
    if body.content_type.startswith("multipart/"):
        return await _read_multipart(MultipartReader(body.headers, body.content))
    return {}, {}


async def _read_multipart(reader: MultipartReader) -> tuple[dict[str, Any], dict[str, File]]:
    parameters: dict[str, Any] = {}
    files: dict[str, File] = {}
    async for part in reader:
        if not isinstance(part, BodyPartReader) or part.name is None:
            continue
        content = bytes(await part.read(decode=True))
        if part.filename is None:
            parameters[part.name] = content.decode()
        else:
            files[part.name] = File(part.filename, content)
    return parameters, files
