"""The command line."""

import sys
from collections.abc import Callable

from bot import terminal

# What the command line needs to begin with, of the extra `bot`.
NEEDED = {"dotenv", "pydantic_settings", "rich", "typer"}


def main() -> None:
    """Run the command in the arguments of this process.

    A bot that only has the analytics was installed without what this needs: one line says so.
    """
    terminal.prepare()
    run: Callable[[], object]
    try:
        # Each way loads only its own: the bot has no use for what prints help and tables.
        if sys.argv[1:]:
            from bot.cli.app import app as run
        else:
            from bot.cli.running import run_bot as run
    except ModuleNotFoundError as error:
        if error.name not in NEEDED:
            raise
        print(
            f"{error.name} is not installed: run pip install -e '.[bot]' in the folder of this bot",
            file=sys.stderr,
        )
        sys.exit(2)
    run()
