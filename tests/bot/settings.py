"""Settings for tests, with a made-up token and nobody real."""

from typing import Any

from bot.settings import Settings

TOKEN = "123456789:" + "A" * 35


def some_settings(**values: Any) -> Settings:
    """Valid settings that read neither the environment nor a file."""
    return Settings.model_validate({"bot_token": TOKEN} | values)
