"""Settings for tests, with a made-up token and nobody real."""

from dataclasses import fields
from typing import Any

from analytics.telegram.options import Options
from bot.settings import Settings

TOKEN = "123456789:" + "A" * 35


def some_settings(**values: Any) -> Settings:
    """Valid settings that read neither the environment nor a file."""
    return Settings.model_validate({"bot_token": TOKEN} | values)


def some_options(**values: Any) -> Options:
    """What the analytics know of such settings."""
    settings = some_settings(**values)
    of_attach = settings.attaching
    names = {field.name for field in fields(Options)} & of_attach.keys()
    return Options(
        **{name: of_attach[name] for name in names - {"owner_ids", "keep_trends"}},
        also_stored=(),
        owner_ids=settings.owners,
        keep_trends=settings.keep_trends,
        daily_backups=settings.backup_keep if settings.backup_dir else None,
        pseudonymise_user_ids=settings.pseudonymise_user_ids,
    )
