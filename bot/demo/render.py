"""Draw a conversation as a chat: the bot on the left, the person on the right."""

from collections.abc import Iterable, Iterator
from io import StringIO
from typing import Any

from rich import box
from rich.align import Align
from rich.console import Console, RenderableType
from rich.panel import Panel
from rich.text import Text

from bot.sandbox.chats import BOT, Line

MAX_WIDTH = 72

# The format of rich's SVG, without the frame of a terminal and without fonts from elsewhere.
PICTURE = """\
<svg viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{
    font-family: ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace;
    font-size: {char_height}px;
    line-height: {line_height}px;
}}
{styles}
</style>
<defs>{lines}</defs>
<rect width="100%" height="100%" rx="12" fill="#17212b"/>
<g transform="translate(24, 12)">
{backgrounds}
<g class="{unique_id}-matrix">{matrix}</g>
</g>
</svg>
"""
STYLES = {
    "bold": "bold",
    "italic": "italic",
    "code": "cyan",
    "pre": "cyan",
    "bot_command": "blue",
    "text_link": "blue underline",
}


def bubbles(transcript: Iterable[Line]) -> Iterator[RenderableType]:
    for line in transcript:
        if line.event == "click":
            yield Align.right(Text(f"taps [ {line.text} ]", style="magenta"))
        elif line.event == "toast":
            if line.text:
                yield Align.left(Text(f"({line.text})", style="dim"))
        elif line.who == BOT:
            yield Align.left(_panel(line))
            for row in line.buttons:
                yield Text("  " + "  ".join(f"[ {label} ]" for label in row), style="magenta")
        else:
            yield Align.right(Text(f"{line.who}: {line.text}", style="blue"))


def picture(line: Line) -> str:
    """Return a message as SVG, as wide as it is."""
    console = Console(record=True, file=StringIO(), width=MAX_WIDTH)
    shown = list(bubbles([line]))
    console.width = max(console.measure(each).maximum for each in shown)
    console.print(*shown, sep="\n")
    return console.export_svg(code_format=PICTURE)


def _panel(line: Line) -> Panel:
    text = _styled(line.text, line.message.get("entities", ()))
    longest = max(len(part) for part in (*text.plain.split("\n"), line.who))
    return Panel(
        text,
        box=box.ROUNDED,
        border_style="green",
        title=line.who,
        title_align="left",
        width=min(longest + 6, MAX_WIDTH),
    )


def _styled(text: str, entities: Iterable[dict[str, Any]]) -> Text:
    styled = Text(text)
    units = text.encode("utf-16-le")
    for entity in entities:
        start = len(units[: 2 * entity["offset"]].decode("utf-16-le"))
        end = len(units[: 2 * (entity["offset"] + entity["length"])].decode("utf-16-le"))
        styled.stylize(STYLES.get(entity["type"], ""), start, end)
    return styled
