"""The blocks of code in the documents."""

import re
from typing import NamedTuple

from tests.support import ROOT

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
HEADING_OR_BLOCK = re.compile(
    r"^#+ (?P<heading>[^\n]*)$"
    r"|^(?: *<!-- (?P<comment>[^\n]*) -->\n)?(?P<indent> *)```(?P<language>\w*)\n"
    r"(?P<code>.*?)^(?P=indent)```$",
    re.MULTILINE | re.DOTALL,
)


class Block(NamedTuple):
    """A block of code, with the heading and the comment above it."""

    page: str
    heading: str
    comment: str
    language: str
    code: str


def blocks(page: str) -> list[Block]:
    """Return the blocks of a page, which is named by its path below the root."""
    found, heading = [], ""
    for match in HEADING_OR_BLOCK.finditer((ROOT / page).read_text("utf-8")):
        if match["language"] is None:
            heading = match["heading"]
        else:
            comment, language, code = match.group("comment", "language", "code")
            found.append(Block(page, heading, comment or "", language, code))
    return found


def code(page: str, heading: str, language: str) -> str:
    """Return the only block of a language below a heading.

    Call it with three texts: the block then counts as run by the calling module.
    """
    [found] = [
        block.code
        for block in blocks(page)
        if (block.heading, block.language) == (heading, language)
    ]
    return found
