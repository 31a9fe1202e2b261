"""Settings for tests, with a made-up token and nobody real."""

from typing import Any

from analytics.telegram.options import Options
from bot.app import options_of
from bot.settings import Settings

TOKEN = "123456789:" + "A" * 35


def some_settings(**values: Any) -> Settings:
    """Valid settings that read neither the environment nor a file."""
    return Settings.model_validate({"bot_token": TOKEN} | values)


def some_options(**values: Any) -> Options:
    """What the analytics know of such settings."""
    return options_of(some_settings(**values))
