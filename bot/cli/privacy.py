"""`export`, `erase`, `rotate-key`, `audit`: the operator's commands for privacy."""

import asyncio
from typing import Annotated

import typer

from analytics import (
    ACTION_NAMES,
    FORMATS,
    FORMER_ADMIN,
    MAX_TELEGRAM_ID,
    Access,
    Action,
    Aggregates,
    AuditEntry,
    DatabaseUnavailable,
    Period,
    personal_data_as_json,
    refuse_missing,
    utc_now,
    wipe,
)
from bot import terminal
from bot.cli.errors import FAILED, WrongUse, one_of, shown, user_errors, whole_number
from bot.settings import AdminSettings, DataSettings, load, refuse_server

TELEGRAM_ID = typer.Option(metavar="ID", help="Telegram ID of the person.", show_default=False)
EVERYONE = "erase everyone"


def _telegram_id(text: str) -> int:
    """Return a Telegram ID; raises WrongUse, which does not name it, if it is none."""
    try:
        return whole_number("--user", text, 1, MAX_TELEGRAM_ID)
    except WrongUse:
        raise WrongUse("--user is invalid: give a Telegram ID, such as 1234567890") from None


def export(
    user: Annotated[str | None, TELEGRAM_ID] = None,
    aggregates: Annotated[
        bool, typer.Option("--aggregates", help="Export aggregate statistics for a period.")
    ] = False,
    period: Annotated[
        str | None, typer.Option(metavar="P", help="24h, 7d (default), 30d or 90d.")
    ] = None,
    style: Annotated[
        str | None, typer.Option("--format", metavar="F", help="csv or json (default).")
    ] = None,
) -> None:
    """Print everything about one person, or aggregate statistics.

    Example: python main.py export --user 1234567890
    """
    with user_errors():
        if aggregates == (user is not None):
            raise WrongUse("give either --user ID or --aggregates")
        if user is not None:
            if period is not None or style is not None:
                raise WrongUse("--period and --format go with --aggregates, not with --user")
            telegram_id = _telegram_id(user)
            typer.echo(asyncio.run(_export(load(DataSettings), telegram_id)))
            return
        wanted = Period(one_of("--period", period or Period.WEEK, Period))
        write = FORMATS[one_of("--format", style or "json", FORMATS)]
        typer.echo(write(asyncio.run(_aggregates(load(DataSettings), wanted))), nl=False)


async def _aggregates(settings: DataSettings, period: Period) -> Aggregates:
    async with settings.open(Access.READ) as analytics:
        return await analytics.reports.aggregates(period)


async def _export(settings: DataSettings, telegram_id: int) -> str:
    async with settings.open(Access.SHARE) as analytics:
        data = await analytics.people.personal_data(telegram_id)
        await analytics.audit_log.note(Action.EXPORT)
        return personal_data_as_json(data, utc_now())


def erase(
    user: Annotated[str | None, TELEGRAM_ID] = None,
    everyone: Annotated[
        bool, typer.Option("--everyone", help="Delete the database, its backups and its key.")
    ] = False,
) -> None:
    """Erase everything about one person, or about everyone.

    Example: python main.py erase --user 1234567890
    """
    with user_errors():
        if everyone == (user is not None):
            raise WrongUse("give either --user ID or --everyone")
        telegram_id = None if user is None else _telegram_id(user)
        settings = load(DataSettings)
        asyncio.run(
            _erase_everyone(settings) if telegram_id is None else _erase_one(settings, telegram_id)
        )


async def _erase_one(settings: DataSettings, telegram_id: int) -> None:
    """Erase a person, and print what was erased and what stays.

    Raises DatabaseUnavailable if another program has locked the database.
    """
    async with settings.open(Access.SHARE) as analytics:
        erasure = await analytics.people.erase(telegram_id)
        if erasure is None:
            raise DatabaseUnavailable(
                f"{analytics.database_name} is locked by another program", "try again"
            )
        await analytics.audit_log.note(Action.ERASE)
        compacted = await analytics.maintenance.compact_if_due(large_too=True)
    typer.echo(f"{erasure.interactions:,} interactions erased")
    if erasure.in_audit_log:
        days = settings.retention_days
        typer.echo(f"their entries as an admin stay in the audit log for {days} days", err=True)
    if not compacted:
        typer.echo("the running bot will remove what is left of them on the disk", err=True)


async def _erase_everyone(settings: DataSettings) -> None:
    """Print what is deleted and what stays, and delete it if the operator confirms."""
    refuse_server(
        settings,
        "erase --everyone",
        "stop every bot, run DROP SCHEMA bot_analytics CASCADE in psql, and delete the server's "
        "backups",
    )
    async with wipe(
        settings.database_path, settings.backup_dir, settings.database_key_bytes
    ) as wiping:
        typer.echo("This permanently deletes:")
        for path in wiping.files:
            link = " (a link: what it leads to stays)" if path.is_symlink() else ""
            typer.echo(f"  {shown(path)}{link}")
        for path in wiping.backups_of_others:
            typer.echo(f"not deleted, as another database may need it: {shown(path)}", err=True)
        for path in wiping.sharing_key_file:
            typer.echo(
                f"the key file is not deleted, as it is also the key of {shown(path)}", err=True
            )
        if typer.prompt(f'Type "{EVERYONE}" to go on', default="", show_default=False) != EVERYONE:
            typer.echo("nothing was erased", err=True)
            raise typer.Exit(FAILED)
        for path in wiping.delete_files():
            typer.echo(f"{shown(path)} deleted")
    for name, key, file in (
        ("USER_ID_KEY", settings.pseudonym_key, settings.user_id_key_file),
        ("DATABASE_KEY", settings.database_key_bytes, settings.database_key_file),
    ):
        if file:
            typer.echo(f"also delete {file}, which holds {name}", err=True)
        elif key:
            typer.echo(f"also remove {name} from .env or the environment", err=True)


def rotate_key(
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")] = False,
) -> None:
    """Replace the pseudonym key. Stop the bot first.

    Example: python main.py rotate-key
    """
    with user_errors():
        settings = load(DataSettings)
        refuse_server(settings, "rotate-key", "move to a file, replace the key there, move back")
        refuse_missing(settings.database_path)
        typer.echo(
            "Existing records can no longer be linked to any Telegram ID, so they can no longer be "
            "exported or erased per person.\nCounts and opt-outs are kept. Active users start "
            "again at 0, and everyone who returns counts as new.\nStop the bot first.",
            err=True,
        )
        if not yes and not typer.confirm("Replace the key?", err=True):
            typer.echo("the key was not replaced", err=True)
            raise typer.Exit(FAILED)
        key = asyncio.run(_rotate(settings))
    typer.echo("the key was replaced", err=True)
    if settings.user_id_key_file:
        typer.echo(f"store this in {settings.user_id_key_file}, and nowhere else:", err=True)
        typer.echo(key.hex())
    elif settings.user_id_key:
        typer.echo("replace the old USER_ID_KEY with this, and store it nowhere else:", err=True)
        typer.echo(f"USER_ID_KEY={key.hex()}")


async def _rotate(settings: DataSettings) -> bytes:
    async with settings.open(Access.SHARE) as analytics:
        key = await analytics.maintenance.rotate_key()
        await analytics.audit_log.note(Action.ROTATE_KEY)
        await analytics.maintenance.compact_if_due(large_too=True)
        return key


def audit() -> None:
    """Print who viewed or deleted what, newest first.

    Example: python main.py audit
    """
    with user_errors():
        entries, zone = asyncio.run(_audit(load(AdminSettings)))
    if not entries:
        typer.echo("nothing has been viewed or deleted yet", err=True)
        return
    rows = []
    for entry in entries:
        who = {None: "command line", FORMER_ADMIN: "former admin"}.get(
            entry.telegram_id, str(entry.telegram_id)
        )
        what = ACTION_NAMES.get(entry.action, entry.action)
        rows.append((entry.timestamp.strftime("%Y-%m-%d %H:%M"), who, what))
    terminal.print_table((f"when ({zone})", "admin", "what"), rows)


async def _audit(settings: AdminSettings) -> tuple[list[AuditEntry], str]:
    """Return the entries, and the time zone that their times are in."""
    async with settings.open(Access.READ) as analytics:
        entries = await analytics.audit_log.entries(settings.admin_ids)
        return entries, analytics.calendar.zone.key
