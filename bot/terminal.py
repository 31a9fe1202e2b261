"""Output that can be read on any terminal and in any file, also one that is not UTF-8."""

import codecs
import sys
import unicodedata

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
