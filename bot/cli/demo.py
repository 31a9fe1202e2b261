"""`demo`: run the real bot against a Bot API server on this machine."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from bot import terminal


def demo(
    keep: Annotated[
        Path | None, typer.Option(metavar="PATH", help="Keep the demo's database as this file.")
    ] = None,
    pictures: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Save /stats and a chart as pictures in this folder."),
    ] = None,
    web: Annotated[
        bool, typer.Option("--web", help="Then show the admin page until Ctrl+C.")
    ] = False,
) -> None:
    """Watch the bot at work on this machine, without a bot token.

    Example: python main.py demo
    """
    with terminal.status("preparing the demo") as status:
        from bot.demo.story import play  # takes a second

        ended = asyncio.run(play(status, keep, pictures, web=web))
    raise typer.Exit(ended)
