"""The command line."""

import asyncio
import json
import logging
import os
import threading
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from analytics import Access, Action, AdminReport
from analytics.clock import GuardedClock
from analytics.maintenance.backups import DailyBackups
from analytics.privacy.retention import LONGEST_RETENTION_DAYS, SHORTEST_RETENTION_DAYS
from bot import terminal
from bot.cli import backups, doctor, health, init, privacy
from bot.cli.encrypt import encrypt
from bot.cli.errors import FAILED, WrongUse, sentences
from bot.cli.records import records
from bot.settings import DataSettings, Settings, load, remarks
from bot.signals import on_stop_signals

logger = logging.getLogger("bot")

# The commands import aiogram only where they talk to Telegram: it takes seconds and 170 MB.

app = typer.Typer(
    help="A Telegram bot with privacy-preserving analytics. Without a command it runs the bot.",
    add_completion=False,
    pretty_exceptions_enable=False,
)

# Seconds. Containers and systemd kill what does not stop; whoever waits 15 s for it never has to.
LONGEST_SHUTDOWN = 14.0


@app.callback(invoke_without_command=True)
def run(context: typer.Context) -> None:
    """Run the bot until it is stopped. Example: python main.py"""
    if context.invoked_subcommand is None:
        with sentences(remarking=False):  # the log has it
            asyncio.run(_run_until_signal(load(Settings)))


async def _run_until_signal(settings: Settings) -> None:
    stop = asyncio.Event()
    watchdog = threading.Timer(LONGEST_SHUTDOWN, os._exit, (FAILED,))
    watchdog.daemon = True

    def on_signal() -> None:
        if stop.is_set():
            os._exit(FAILED)  # asked twice: at once, whatever is going on
        stop.set()
        # A thread of its own: it works whatever the event loop is stuck in.
        watchdog.start()

    on_stop_signals(asyncio.get_running_loop(), on_signal)
    await serve(settings, stop, GuardedClock())


async def serve(settings: Settings, stop: asyncio.Event, clock: GuardedClock) -> None:
    """Build everything there is, once, and run it until `stop` is set.

    Raises WrongSettings and CannotOpen.
    """
    from bot import logs
    from bot.alerts import Alerts
    from bot.app import build_bot, build_dispatcher, commands_of
    from bot.intake import receive
    from bot.language import learn, speak
    from bot.middleware import RecordOnReceipt
    from bot.notices import Notices
    from scheduler.jobs import MONDAY, add_daily, add_hourly, build_scheduler, next_planned

    logs.set_up(settings.log_level, settings.log_format)
    for remark in remarks():
        logger.warning("%s", remark)
    learn()
    speak(settings.bot_language)
    async with settings.open(
        Access.OWN, timestamp_precision=settings.timestamp_precision, clock=clock
    ) as analytics:

        def next_cleanup() -> datetime:
            return next_planned(clock(), settings.cleanup_at)

        dispatcher = build_dispatcher(settings, analytics, clock, next_cleanup)
        commands = commands_of(dispatcher)
        record = RecordOnReceipt(analytics, clock, commands, settings.uncounted)
        serving_metrics: AbstractAsyncContextManager[None] = nullcontext()
        if settings.metrics_port is not None:
            from bot.metrics import Metrics

            metrics = Metrics(analytics, clock, commands, settings.uncounted)
            record = metrics.record
            serving_metrics = metrics.serving(settings.metrics_host, settings.metrics_port)
        scheduler = build_scheduler(
            cleanup=analytics.cleanup_old_interactions,
            last_cleanup=analytics.last_cleanup,
            maintain=analytics.maintain,
            is_postponed=lambda: not clock.is_confirmed,
            at=settings.cleanup_at,
            clock=clock,
        )
        daily_backups = DailyBackups(
            settings.database_path,
            settings.backup_dir,
            settings.file_key,
            keep=settings.backup_keep,
            retention_days=settings.retention_days,
            clock=clock,
            note=analytics.note_backup,
            tell=analytics.notices.put_nowait,
        )
        add_daily(
            scheduler,
            daily_backups.run,
            last=daily_backups.last,
            is_postponed=lambda: not clock.is_confirmed,
            at=settings.backup_at,
            clock=clock,
        )
        async with serving_metrics, build_bot(settings, record, clock) as bot:
            await analytics.alert_state.keep_only(settings.admin_ids)
            notices = Notices(bot, analytics.alert_state, settings.admin_ids, clock)
            alerts = Alerts(
                notices,
                analytics,
                dispatcher["options"],
                clock,
                last_received=lambda: record.last_received,
                next_cleanup=next_cleanup,
                charts=dispatcher["charts"],
            )
            add_hourly(scheduler, alerts.check)
            if settings.digest != "off":
                add_daily(
                    scheduler,
                    alerts.digest,
                    last=alerts.last_digest,
                    is_postponed=lambda: not clock.is_confirmed,
                    at=settings.digest_at,
                    clock=clock,
                    weekday=MONDAY if settings.digest == "weekly" else None,
                )
            scheduler.start()
            telling = asyncio.create_task(notices.pass_on(analytics.notices))
            try:
                await receive(bot, dispatcher, settings, analytics, record, stop)
            finally:
                telling.cancel()
                scheduler.shutdown(wait=False)


@app.command()
def stats(
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the fields of the report.")
    ] = False,
) -> None:
    """Print the report that admins get. Example: python main.py stats --json"""
    with sentences():
        report = asyncio.run(_report(load(DataSettings)))
    if as_json:
        typer.echo(json.dumps(asdict(report), default=datetime.isoformat, indent=2))
    else:
        typer.echo("\n".join(_lines(report)))


async def _report(settings: DataSettings) -> AdminReport:
    async with settings.open(Access.READ) as analytics:
        return await analytics.get_admin_analytics_report()


def _lines(report: AdminReport) -> Iterator[str]:
    """The report as aligned lines, a name and a value each."""
    for name, value in asdict(report).items():
        label = name.replace("_", " ")
        if isinstance(value, dict):
            yield f"{label}:"
            yield from (f"  {kind:<24} {count:>13,}" for kind, count in value.items())
        else:
            shown = f"{value:,}" if type(value) is int else _shown(name, value)
            yield f"{label:<26} {shown:>13}"


def _shown(name: str, value: object) -> str:
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M UTC")
    if value is None and name not in ("oldest_interaction", "last_cleanup"):
        return "not shown"
    return {None: "never", True: "yes", False: "no"}[value]  # type: ignore[index]


@app.command()
def cleanup(
    days: Annotated[
        int | None,
        typer.Option(
            min=SHORTEST_RETENTION_DAYS,
            max=LONGEST_RETENTION_DAYS,
            help="Delete what is older than this; the default is RETENTION_DAYS.",
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count only, delete nothing.")] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Delete also where the clock may be wrong.")
    ] = False,
) -> None:
    """Delete old interactions now. Example: python main.py cleanup --days 30 --dry-run"""
    with sentences():
        settings = load(DataSettings)
        days = settings.retention_days if days is None else days
        count, compacted = asyncio.run(_cleanup(settings, days, dry_run, force))
    what = "would be deleted" if dry_run else "deleted"
    typer.echo(f"{count:,} interactions older than {days} {'day' if days == 1 else 'days'} {what}")
    if not compacted:
        typer.echo("the running bot will remove their traces from the disk", err=True)


async def _cleanup(
    settings: DataSettings, days: int, dry_run: bool, force: bool
) -> tuple[int, bool]:
    """How many, and whether their traces have left the disk."""
    access = Access.READ if dry_run else Access.SHARE
    async with settings.open(access) as analytics:
        doubt = None if force else await analytics.clock_doubt()
        if doubt and not dry_run:
            raise WrongUse(
                f"{doubt}: nothing is deleted. Set the clock, or add --force if it is right"
            )
        total = await analytics.cleanup_old_interactions(days, dry_run=True)
        if dry_run:
            if doubt:
                typer.echo(f"{doubt}: set the clock", err=True)
            return total, True
        with Progress(console=Console(stderr=True), transient=True) as progress:
            task = progress.add_task("deleting", total=total)
            deleted = await analytics.cleanup_old_interactions(
                days, progress=lambda done: progress.update(task, completed=done)
            )
        await analytics.note_access(Action.CLEANUP)
        return deleted, await analytics.compact_if_due(large_too=True)


@app.command()
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

    raise typer.Exit(asyncio.run(play(Path(__file__), keep, pictures)))


# In the order of --help.
app.command()(init.init)
app.command()(doctor.doctor)
app.command()(health.health)
app.command()(records)
app.command()(backups.backup)
app.command("restore")(backups.restore_backup)
app.command()(privacy.export)
app.command()(privacy.erase)
app.command("rotate-key")(privacy.rotate_key)
app.command()(encrypt)
app.command()(privacy.audit)


if __name__ == "__main__":
    terminal.prepare()
    app()
