"""Parse Telegram's HTML, as far as bots use it, into text and entities."""

import html
import re
from typing import Any

from bot.sandbox.calls import bad_request

ENTITY_TYPES = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "span": "spoiler",
    "tg-spoiler": "spoiler",
    "a": "text_link",
    "code": "code",
    "pre": "pre",
    "blockquote": "blockquote",
}

_TOKEN = re.compile(r"<(?P<end>/?)(?P<tag>[a-zA-Z0-9-]*)(?P<attributes>[^<>]*)>?|[^<]+")
_LINK = re.compile(r"""href\s*=\s*["']?([^"'>\s]+)""")

# Like Telegram's apps, it matches commands neither inside a word nor inside a path.
_COMMAND = re.compile(r"(?<![\w/<>])/[a-zA-Z0-9_]{1,64}(?:@[a-zA-Z0-9_]{3,32})?(?![\w/<>])")


def length(text: str) -> int:
    """Return the length of a text in UTF-16 code units, which entities count."""
    return len(text.encode("utf-16-le")) // 2


def commands(text: str) -> list[dict[str, Any]]:
    return [
        {
            "type": "bot_command",
            "offset": length(text[: found.start()]),
            "length": length(found.group()),
        }
        for found in _COMMAND.finditer(text)
    ]


def parse(text: str, parse_mode: str) -> tuple[str, list[dict[str, Any]]]:
    """Return a text without markup, and its entities.

    Only HTML is parsed; in other modes the text keeps its markup. Raises Refused for HTML that
    Telegram refuses, such as a `<` that was not escaped.
    """
    if parse_mode.lower() != "html":
        return text.strip(), commands(text.strip())
    plain = ""
    open_tags: list[tuple[str, dict[str, Any]]] = []
    entities: list[dict[str, Any]] = []
    for token in _TOKEN.finditer(text.strip()):
        if token["tag"] is None:
            plain += html.unescape(token[0])
            continue
        tag = token["tag"].lower()
        if tag not in ENTITY_TYPES or not token[0].endswith(">"):
            raise bad_request(f'can\'t parse entities: Unsupported start tag "{tag}"')
        if not token["end"]:
            entity: dict[str, Any] = {"type": ENTITY_TYPES[tag], "offset": length(plain)}
            if tag == "a" and (link := _LINK.search(token["attributes"])):
                entity["url"] = html.unescape(link[1])
            open_tags.append((tag, entity))
            continue
        if not open_tags or open_tags[-1][0] != tag:
            raise bad_request(f'can\'t parse entities: Unexpected end tag "{tag}"')
        _, entity = open_tags.pop()
        entity["length"] = length(plain) - entity["offset"]
        if entity["length"]:
            entities.append(entity)
    if open_tags:
        raise bad_request(f"can't parse entities: Can't find end tag for \"{open_tags[-1][0]}\"")
    entities += commands(plain)
    return plain, sorted(entities, key=lambda entity: (entity["offset"], -entity["length"]))
