"""Output that can be read on any terminal and in any file, also one that is not UTF-8.

rich is loaded where something is drawn with it: most commands print lines.
"""

import codecs
import sys
import unicodedata
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress
    from rich.status import Status

# Replacements of characters that have no decomposition into ASCII.
PLAIN = str.maketrans(
    {
        "—": "-", "–": "-", "−": "-", "…": "...", "→": "->", "←": "<-", "·": "*", "•": "*",
        "▲": "^", "▼": "v", "■": "#", "“": '"', "”": '"', "„": '"', "«": '"', "»": '"',
        "‘": "'", "’": "'", "│": "|", "─": "-", "━": "-", "┃": "|", "ß": "ss",
        "\u202f": " ", "\ufe0f": "",
    }
)  # fmt: skip
# Full and partial blocks, and shades.
BLOCKS = "█▉▊▋▌▐▓▒▇▆▅"
HANDLER = "plain"


def prepare() -> None:
    """Make stdout and stderr replace characters that their encoding lacks, instead of failing."""
    codecs.register_error(HANDLER, _plain)
    for stream in (sys.stdout, sys.stderr):
        # A test, or a program without a terminal, may have replaced them.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors=HANDLER)


def status(text: str) -> "Status":
    """Return a context manager that shows on a terminal what is going on."""
    from rich.console import Console

    return Console(stderr=True).status(text)


def progress() -> "Progress":
    """Return a context manager that shows bars on a terminal, and removes them at its end."""
    from rich.console import Console
    from rich.progress import Progress

    return Progress(console=Console(stderr=True), transient=True)


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(*columns, box=None)
    for row in rows:
        table.add_row(*map(str, row))
    Console(soft_wrap=True).print(table)


def _plain(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text = error.object[error.start : error.end]
    return "".join(map(_in_ascii, text)), error.end


def _in_ascii(character: str) -> str:
    if character in BLOCKS:
        return "#"
    if ord(character) in PLAIN:
        return character.translate(PLAIN)
    plain = unicodedata.normalize("NFKD", character).encode("ascii", "ignore").decode()
    return plain or ("" if unicodedata.combining(character) else "?")
