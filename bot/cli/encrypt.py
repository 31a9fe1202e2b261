"""`encrypt`: encrypt a database that was written before DATABASE_KEY was set."""

import asyncio

import typer

from analytics import encrypt as encrypt_file
from analytics import plain_leftovers
from bot import terminal
from bot.cli.errors import shown, user_errors
from bot.errors import Remark, WrongSettings
from bot.settings import DataSettings, load, refuse_server


def encrypt() -> None:
    """Encrypt a plain database with DATABASE_KEY. Stop the bot first.

    Example: python main.py encrypt
    """
    with user_errors():
        settings = load(DataSettings)
        refuse_server(settings, "encrypt", "encrypt the server's disk")
        if settings.database_key_bytes is None:
            raise WrongSettings(
                Remark("DATABASE_KEY is missing", "set it to 64 hexadecimal digits first")
            )
        with terminal.status("encrypting"):
            done = asyncio.run(encrypt_file(settings.database_path, settings.database_key_bytes))
    typer.echo(f"{shown(settings.database_path)} is encrypted{'' if done else ' already'}")
    path = settings.database_path
    for aside in plain_leftovers(path):
        typer.echo(f"{aside} is not encrypted: delete it when you no longer need it", err=True)
