"""`encrypt`: encrypt a database that was written before DATABASE_KEY was set."""

import asyncio

import typer
from rich.console import Console

from analytics import encrypt as encrypt_file
from analytics import plain_leftovers
from bot.cli.errors import shown, user_errors
from bot.settings import DataSettings, load, missing


def encrypt() -> None:
    """Encrypt a plain database with DATABASE_KEY. Example: python main.py encrypt"""
    with user_errors():
        settings = load(DataSettings)
        if settings.database_key_bytes is None:
            raise missing(DataSettings, "database_key")
        with Console(stderr=True).status("encrypting"):
            done = asyncio.run(encrypt_file(settings.database_path, settings.database_key_bytes))
    typer.echo(f"{shown(settings.database_path)} is encrypted{'' if done else ' already'}")
    path = settings.database_path
    for aside in plain_leftovers(path):
        typer.echo(f"{aside} stays as it is: delete it when you need it no more", err=True)
