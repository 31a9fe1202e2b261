"""The list of commands, in the groups and the order of `--help`; without one, the bot runs.

The commands import aiogram only where they talk to Telegram: it takes seconds and 170 MB.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Annotated

import typer

from analytics import GuardedClock
from bot import __version__, logs, terminal
from bot.cli import backups, demo, doctor, encrypt, health, init, privacy, stats
from bot.cli.cleanup import cleanup
from bot.cli.errors import user_errors
from bot.cli.help import Command, Group
from bot.cli.new_feature import new_feature
from bot.cli.records import records
from bot.cli.signals import stop_on_signals
from bot.settings import Settings, load

logger = logging.getLogger(__name__)
app = typer.Typer(
    cls=Group,
    help="A Telegram bot with privacy-preserving analytics.\n\n"
    "Without a command, the bot runs until it is stopped. Example: python main.py",
    subcommand_metavar="[COMMAND]",
    add_completion=False,
    pretty_exceptions_enable=False,
)


def main() -> None:
    """Run the command in the arguments of this process."""
    terminal.prepare()
    app()


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


@app.callback(invoke_without_command=True)
def run(
    context: typer.Context,
    _version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and exit."
        ),
    ] = False,
) -> None:
    """Run the bot until it is stopped, if there is no command."""
    if context.invoked_subcommand is None:
        with user_errors(remarking=False):  # the bot logs the remarks
            settings = load(Settings)
            logs.set_up(settings.log_level, settings.log_format, development=settings.development)
            logger.info("starting version %s, which takes a few seconds", __version__)
            asyncio.run(_run(settings))
            logger.info("stopped")


async def _run(settings: Settings) -> None:
    stop = stop_on_signals(asyncio.get_running_loop())
    from bot.run import serve  # takes seconds, in which the bot may be asked to stop

    await serve(settings, stop, GuardedClock())


COMMANDS: dict[str, dict[str, Callable[..., None]]] = {
    "First steps": {
        "init": init.init,
        "demo": demo.demo,
    },
    "Statistics": {
        "stats": stats.stats,
        "records": records,
    },
    "Privacy": {
        "export": privacy.export,
        "erase": privacy.erase,
        "audit": privacy.audit,
        "rotate-key": privacy.rotate_key,
    },
    "Maintenance": {
        "doctor": doctor.doctor,
        "health": health.health,
        "cleanup": cleanup,
        "backup": backups.backup,
        "restore": backups.restore_backup,
        "encrypt": encrypt.encrypt,
    },
    "Development": {
        "new-feature": new_feature,
    },
}
for group, commands in COMMANDS.items():
    for name, command in commands.items():
        app.command(name, cls=Command, rich_help_panel=group)(command)
