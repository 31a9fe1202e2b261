"""`move`: copy the database from a file to a PostgreSQL server, or back."""

import asyncio
import re
from pathlib import Path
from typing import Annotated

import typer

from analytics import Moved, key_file
from analytics import move as move_database
from bot import terminal
from bot.cli.errors import WrongUse, shown, user_errors
from bot.settings import DataSettings, load

URL = re.compile(r"postgres(ql)?://", re.IGNORECASE)


def move(
    to: Annotated[
        str,
        typer.Option(
            metavar="PLACE",
            help="The URL of an empty PostgreSQL database, or, from DATABASE_URL, a new file.",
        ),
    ],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count.")] = False,
) -> None:
    """Copy the database to a PostgreSQL server, or back to a file. Stop the bot first.

    Example: python main.py move --to postgresql://bot@db.example.org/bot
    """
    with user_errors():
        settings = load(DataSettings)
        to_server = URL.match(to) is not None
        if to_server and settings.server_url:
            raise WrongUse("unset DATABASE_URL first: what is moved to a server is a file")
        if not to_server and not settings.server_url:
            raise WrongUse(
                "give a URL, --to postgresql://...; to move from a server, set DATABASE_URL to it"
            )
        moved = asyncio.run(_move(settings, to if to_server else Path(to), dry_run))
    terminal.print_table(
        ("table", "rows"), [(table.name, f"{table.rows:,}") for table in moved.tables]
    )
    if dry_run:
        typer.echo(f"{moved.source} would be copied to {moved.target}")
        return
    typer.echo(f"{moved.source} was copied to {moved.target}. Next:")
    for step in _next_steps(settings, moved):
        typer.echo(f"- {step}")


async def _move(settings: DataSettings, to: Path | str, dry_run: bool) -> Moved:
    with terminal.progress() as progress:
        task = progress.add_task("moving", total=None)
        return await move_database(
            settings.server_url or settings.database_path,
            to,
            beside=settings.database_path,
            database_key=settings.database_key_bytes,
            dry_run=dry_run,
            progress=lambda done, total: progress.update(task, completed=done, total=total),
        )


def _next_steps(settings: DataSettings, moved: Moved) -> list[str]:
    if settings.server_url:
        return [
            f"unset DATABASE_URL, set DATABASE_PATH to {moved.target}, and start the bot",
            f"once it runs, delete what {moved.source} has: DROP SCHEMA bot_analytics CASCADE",
        ]
    steps = ["set DATABASE_URL to the address that you gave here, and unset BACKUP_DIR"]
    if settings.pseudonymise_user_ids and not settings.user_id_key:
        kept = shown(key_file(settings.database_path))
        steps.append(
            f"set USER_ID_KEY to what is in {kept}: processes on several machines share it"
        )
    return [
        *steps,
        "start the bot",
        "once it runs, delete the file, its key file and its backups: with DATABASE_URL unset, "
        "python main.py erase --everyone",
    ]
