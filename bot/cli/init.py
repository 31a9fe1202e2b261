"""`init`: write a first `.env`."""

import asyncio
import os
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.errors import user_errors
from bot.cli.telegram import Me, Unreachable, ask
from bot.environment import ENV_FILE, env_file
from bot.errors import Remark, WrongSettings
from bot.settings import Settings, load


def init(
    token: Annotated[
        str | None, typer.Option(help="From @BotFather; asked for, if not given.")
    ] = None,
    admin_id: Annotated[
        str | None, typer.Option(help="Your Telegram ID; asked for, if not given.")
    ] = None,
) -> None:
    """Write a first .env. Example: python main.py init --admin-id 4242"""
    path = ENV_FILE
    with user_errors():
        # A new file would take the place of one that is read already.
        if (there := env_file() or path).exists():
            raise WrongSettings(Remark(f"{there} exists already", "edit it, or move it away"))
        # Neither echoed nor printed, since a terminal remembers its output.
        token = token or typer.prompt("Token from @BotFather (it is not shown)", hide_input=True)
        if admin_id is None:
            admin_id = typer.prompt("Your Telegram ID, for /stats; nothing for no admin", "")
        settings = load(Settings, bot_token=token.strip(), admin_ids=admin_id)
        name = asyncio.run(_check(settings))
        _write(path, settings)
    typer.echo(f"@{name} can start: python main.py")


async def _check(settings: Settings) -> str:
    """Return the username of the token's bot.

    Raises WrongSettings if Telegram does not answer, or refuses the token.
    """
    try:
        me = await ask(settings, "getMe", Me)
    except Unreachable as error:
        raise WrongSettings(
            Remark(f"Telegram does not answer ({error})", "check the network and BOT_API_URL")
        ) from None
    if me.result is None:
        raise WrongSettings(
            Remark("BOT_TOKEN is refused by Telegram", "give the token that @BotFather gave you")
        )
    return me.result.username


def _write(path: Path, settings: Settings) -> None:
    admins = ",".join(map(str, sorted(settings.admin_ids)))
    text = f"BOT_TOKEN={settings.bot_token.get_secret_value()}\nADMIN_IDS={admins}\n"
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise WrongSettings(
            Remark(f"{path} cannot be written ({error.strerror})", "run this where you may write")
        ) from None
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
