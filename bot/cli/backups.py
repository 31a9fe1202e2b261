"""`backup` and `restore`: copy the database, and put a copy in its place."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from analytics import Access, backup_into, key_file, restore, utc_now
from analytics import backup as copy_database
from bot.cli.errors import shown, user_errors
from bot.settings import DataSettings, load


def backup(
    path: Annotated[Path, typer.Argument(help="A file that does not exist; with --keep a folder.")],
    keep: Annotated[
        int | None,
        typer.Option(min=1, help="PATH is a folder: keep this many backups in it, delete older."),
    ] = None,
) -> None:
    """Copy the database while the bot runs. Example: python main.py backup backups --keep 7"""
    with user_errors():
        settings = load(DataSettings)
        to = asyncio.run(_backup(settings, path, keep))
    typer.echo(f"{shown(to)} written, {to.stat().st_size / 1024:,.0f} KiB")
    if settings.pseudonymise_user_ids and not settings.user_id_key:
        kept = key_file(settings.database_path)
        typer.echo(f"the key is not in it: keep {kept}, in another place", err=True)


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
    path: Annotated[Path, typer.Argument(help="A backup.")],
    force: Annotated[
        bool, typer.Option("--force", help="Overwrite the database that is there.")
    ] = False,
) -> None:
    """Put a backup in the place of the database. Example: python main.py restore a.sqlite3"""
    with user_errors():
        settings = load(DataSettings)
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
        typer.echo(f"people erased since then were erased again: {restored.erased_again:,}")
    if not restored.all_known:
        typer.echo(
            "the list of erased people is lost with the database before: whoever was erased since "
            "the backup is in it again, and has to be erased again",
            err=True,
        )
