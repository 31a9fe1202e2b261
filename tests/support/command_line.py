"""The command line in this process."""

from typer.testing import CliRunner, Result

from bot.cli.app import app

COMMANDS = {
    command.name or command.callback.__name__
    for command in app.registered_commands
    if command.callback
}


def invoke(*arguments: str, answer: str | None = None, **environment: str) -> Result:
    """Return what a command has said; `answer` is what is typed when it asks."""
    return CliRunner().invoke(app, arguments, input=answer, env=environment)
