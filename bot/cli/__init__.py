"""The command line."""

import sys

# What the command line needs to begin with, of the extra `bot`.
NEEDED = {"dotenv", "pydantic_settings", "rich", "typer"}


def main() -> None:
    """Run the command in the arguments of this process.

    A bot that only has the analytics was installed without what this needs: one line says so.
    """
    try:
        from bot.cli import app
    except ModuleNotFoundError as error:
        if error.name not in NEEDED:
            raise
        print(
            f"{error.name} is not installed: run pip install -e '.[bot]' in the folder of this bot",
            file=sys.stderr,
        )
        sys.exit(2)
    app.main()
