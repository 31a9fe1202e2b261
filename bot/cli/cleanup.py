"""`cleanup`: delete interactions past retention, or older than a number of days."""

import asyncio
from typing import Annotated

import typer

from analytics import MAX_RETENTION_DAYS, MIN_RETENTION_DAYS, Access, Action
from bot import terminal
from bot.cli.errors import WrongUse, user_errors, whole_number
from bot.settings import DataSettings, load


def cleanup(
    days: Annotated[
        str | None,
        typer.Option(
            metavar="N",
            help="Delete interactions older than N days (default: RETENTION_DAYS).",
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count.")] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Delete even if the clock may be wrong.")
    ] = False,
) -> None:
    """Delete old interactions now.

    Example: python main.py cleanup --days 30 --dry-run
    """
    with user_errors():
        settings = load(DataSettings)
        than = settings.retention_days
        if days is not None:
            than = whole_number("--days", days, MIN_RETENTION_DAYS, MAX_RETENTION_DAYS)
        count, compacted = asyncio.run(_cleanup(settings, than, dry_run, force))
    what = "would be deleted" if dry_run else "deleted"
    typer.echo(f"{count:,} interactions older than {than} {'day' if than == 1 else 'days'} {what}")
    if not compacted:
        typer.echo("the running bot will remove what is left of them on the disk", err=True)


async def _cleanup(
    settings: DataSettings, days: int, dry_run: bool, force: bool
) -> tuple[int, bool]:
    """Return the number of interactions, and whether their traces have left the disk.

    Raises WrongUse if the clock may be wrong, unless `force` or `dry_run`.
    """
    access = Access.READ if dry_run else Access.SHARE
    async with settings.open(access) as analytics:
        doubt = None if force else await analytics.maintenance.clock_doubt()
        if doubt and not dry_run:
            raise WrongUse(
                f"{doubt}: nothing is deleted. Set the clock, or add --force if it is right"
            )
        total = await analytics.cleanup_old_interactions(days, dry_run=True)
        if dry_run:
            if doubt:
                typer.echo(f"{doubt}: set the clock", err=True)
            return total, True
        with terminal.progress() as progress:
            task = progress.add_task("deleting", total=total)
            deleted = await analytics.cleanup_old_interactions(
                days, progress=lambda done: progress.update(task, completed=done)
            )
        await analytics.audit_log.note(Action.CLEANUP)
        return deleted, await analytics.maintenance.compact_if_due(large_too=True)
