"""The list of commands, in the groups and the order of `--help`; without one, the bot runs.

The commands import aiogram only where they talk to Telegram: it takes seconds and 170 MB.
"""

from collections.abc import Callable
from typing import Annotated

import typer

from bot import __version__
from bot.cli import backups, demo, doctor, encrypt, health, init, privacy, stats, web
from bot.cli.cleanup import cleanup
from bot.cli.erasures import erasures
from bot.cli.help import Command, Group
from bot.cli.move import move
from bot.cli.new_feature import new_feature
from bot.cli.records import records
from bot.cli.running import run_bot

app = typer.Typer(
    cls=Group,
    help="A Telegram bot with privacy-preserving analytics.\n\n"
    "Without a command, the bot runs until it is stopped. Example: python main.py",
    subcommand_metavar="[COMMAND]",
    add_completion=False,
    pretty_exceptions_enable=False,
)


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
        run_bot()


COMMANDS: dict[str, dict[str, Callable[..., None]]] = {
    "First steps": {
        "init": init.init,
        "demo": demo.demo,
    },
    "Statistics": {
        "stats": stats.stats,
        "records": records,
        "web": web.web,
    },
    "Privacy": {
        "export": privacy.export,
        "erase": privacy.erase,
        "erasures": erasures,
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
        "move": move,
    },
    "Development": {
        "new-feature": new_feature,
    },
}
for group, commands in COMMANDS.items():
    for name, command in commands.items():
        app.command(name, cls=Command, rich_help_panel=group)(command)
