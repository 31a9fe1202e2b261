"""`demo`: run the real bot against a Bot API server on this machine."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer


def demo(
    keep: Annotated[
        Path | None, typer.Option(help="Keep the database of the demo at this path.")
    ] = None,
    pictures: Annotated[
        Path | None, typer.Option(help="Keep what the admin saw, as pictures, in this folder.")
    ] = None,
) -> None:
    """Play the whole story, without token or network. Example: python main.py demo"""
    from bot.demo.story import play

    raise typer.Exit(asyncio.run(play(keep, pictures)))
