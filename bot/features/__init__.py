"""The features of the bot, each a module to copy: CONTRIBUTING.md says what belongs to one."""

from bot.feature import Feature
from bot.features import (
    reminder,
)

FEATURES: list[Feature] = [
    reminder.FEATURE,
]
