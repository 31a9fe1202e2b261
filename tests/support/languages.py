"""The languages whose translations the tests hold: those that the bot ships."""

from analytics import SOURCE_LOCALE
from bot.settings import Settings

TRANSLATED = sorted({*Settings.model_fields["languages"].default} - {SOURCE_LOCALE})
SHIPPED = [SOURCE_LOCALE, *TRANSLATED]
