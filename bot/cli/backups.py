"""`backup` and `restore`: copy the database, and put a copy in its place."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from analytics import Access, backup_into, key_file, restore, utc_now
from analytics import backup as copy_database
from bot.cli.errors import shown, user_errors, whole_number
from bot.settings import DataSettings, load, refuse_server

# More than anybody keeps.
MAX_KEPT = 100_000


def backup(
    path: Annotated[
        Path, typer.Argument(metavar="PATH", help="The new file; with --keep, a folder.")
    ],
    keep: Annotated[
        str | None,
        typer.Option(metavar="N", help="Keep only the newest N backups, in the folder PATH."),
    ] = None,
) -> None:
    """Back up the database, also while the bot runs.

    Example: python main.py backup backups --keep 7
    """
    with user_errors():
        newest = None if keep is None else whole_number("--keep", keep, 1, MAX_KEPT)
        settings = load(DataSettings)
        refuse_server(settings, "backup", "use pg_dump --schema=bot_analytics, or base backups")
        to = asyncio.run(_backup(settings, path, newest))
    typer.echo(f"{shown(to)} written, {to.stat().st_size / 1024:,.0f} KiB")
    if settings.pseudonymise_user_ids and not settings.user_id_key:
        kept = key_file(settings.database_path)
        typer.echo(f"The backup does not contain the key. Back up {kept} separately.", err=True)


async def _backup(settings: DataSettings, path: Path, keep: int | None) -> Path:
    async with settings.open(Access.SHARE) as analytics:
        await analytics.maintenance.note_backup()
        doubt = await analytics.maintenance.clock_doubt()
    if keep is None:
        await copy_database(settings.database_path, path, settings.database_key_bytes)
        return path
    if doubt:
        typer.echo(f"{doubt}: backups past retention are kept until the clock is right", err=True)
    return await backup_into(
        settings.database_path,
        path,
        settings.database_key_bytes,
        keep,
        None if doubt else settings.retention_days,
        utc_now(),
    )


def restore_backup(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="The backup to restore.")],
    force: Annotated[bool, typer.Option("--force", help="Overwrite an existing database.")] = False,
) -> None:
    """Replace the database with a backup. Stop the bot first.

    Example: python main.py restore a.sqlite3
    """
    with user_errors():
        settings = load(DataSettings)
        refuse_server(settings, "restore", "use pg_restore, or what made the base backup")
        restored = asyncio.run(
            restore(
                path,
                settings.database_path,
                settings.pseudonym_key,
                settings.pseudonymise_user_ids,
                settings.database_key_bytes,
                force=force,
            )
        )
    typer.echo(f"{shown(settings.database_path)} restored from {shown(path)}")
    if restored.erased_again:
        typer.echo(f"Erasures since the backup, repeated: {restored.erased_again:,}")
    if not restored.all_known:
        typer.echo(
            "The list of erasures was lost with the previous database: erase again whoever was "
            "erased since the backup.",
            err=True,
        )
