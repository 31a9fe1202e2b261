"""`web`: show the admin page on this machine."""

import asyncio
from datetime import datetime

import typer

from analytics import Access, last_backup
from bot import terminal
from bot.cli.errors import user_errors
from bot.settings import DataSettings, load


def web() -> None:
    """Show the admin page in a browser on this machine until Ctrl+C.

    Example: python main.py web
    """
    with user_errors():
        settings = load(DataSettings)
        asyncio.run(_show(settings))


async def _show(settings: DataSettings) -> None:
    async with settings.open(Access.READ) as analytics:
        with terminal.status("preparing the page"):
            # These take a second.
            from bot.web.findings import Doctor
            from bot.web.local import show_until_stopped
            from bot.web.upkeep import Upkeep

        async def newest() -> datetime | None:
            if settings.backup_dir is None:
                return None
            place = settings.database_path, settings.backup_dir, settings.database_key_bytes
            return await last_backup(*place, analytics.clock())

        upkeep = Upkeep(backup_dir=settings.backup_dir, last_backup=newest, doctor=Doctor())
        await show_until_stopped(analytics, _tell, upkeep=upkeep)


def _tell(link: str) -> None:
    typer.echo(link)
    typer.echo("The link works once, within five minutes. Press Ctrl+C to end.", err=True)
