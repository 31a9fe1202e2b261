"""Translations through gettext, and the formats of numbers and dates, in the person's language.

The language is that of the person's client, chosen for each update and never stored.
"""

from datetime import UTC, date, datetime
from functools import cache
from gettext import GNUTranslations
from io import BytesIO
from pathlib import Path
from typing import Any

from aiogram.types import TelegramObject, User
from aiogram.utils.i18n import I18n, I18nMiddleware
from babel import dates, numbers
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from analytics.marking import N_ as N_  # for those who translate, beside `_`

# The language of the sentences in the code; each folder in LOCALES is another one.
SOURCE_LOCALE = "en"
LOCALES = Path(__file__).parent / "locales"


class Translations(I18n):
    """Compile the catalogs when they are loaded: no compiled file can be out of date."""

    def find_locales(self) -> dict[str, GNUTranslations]:
        found = {}
        for file in sorted(self.path.glob(f"*/LC_MESSAGES/{self.domain}.po")):
            compiled = BytesIO()
            with file.open("rb") as text:
                write_mo(compiled, read_po(text))
            compiled.seek(0)
            found[file.parts[-3]] = GNUTranslations(compiled)
        return found


class LocaleMiddleware(I18nMiddleware):
    """Set the language of the person's client for the handlers of an update.

    English if there is no translation into it.
    """

    async def get_locale(self, event: TelegramObject, data: dict[str, Any]) -> str:
        person: User | None = data.get("event_from_user")
        # Telegram sends "de", "pt-br", "zh-hans", and what a client makes up.
        code = ((person and person.language_code) or "").partition("-")[0].lower()
        return code if code in self.i18n.available_locales else SOURCE_LOCALE


@cache
def translations() -> Translations:
    """Return the catalogs of all languages, which are loaded at the first call."""
    return Translations(path=LOCALES, default_locale=SOURCE_LOCALE)


def _(sentence: str, plural: str | None = None, n: int = 1) -> str:
    """Translate a sentence into the current language; with `plural`, into the form for `n`."""
    return translations().gettext(sentence, plural, n)


def languages() -> list[str]:
    """Return the codes of all languages, that of the source first."""
    return [SOURCE_LOCALE, *translations().available_locales]


def preload() -> None:
    """Load Babel's data of each language, so that the first answer does not wait for it.

    This takes 20 ms in all.
    """
    for each in languages():
        with translations().use_locale(each):
            format_datetime(datetime.now(UTC))
            format_percent(0.5)


def set_locale(language: str) -> None:
    """Set the language of the current task, and of tasks that it creates later."""
    translations().current_locale = language


def current_locale() -> str:
    return translations().current_locale


def format_number(count: int) -> str:
    return numbers.format_decimal(count, locale=current_locale())


def list_separator() -> str:
    """Return the separator that spreadsheets in the current language expect in a CSV file.

    That is a comma, or a semicolon where the comma is the decimal sign: with the wrong one, each
    row lands in one cell.
    """
    return ";" if numbers.get_decimal_symbol(current_locale()) == "," else ","


def format_percent(part: float) -> str:
    """Format a fraction as a percentage in the current language: 0.123 as 12%."""
    return numbers.format_percent(part, locale=current_locale())


def format_datetime(when: datetime) -> str:
    """Format a time, which has to be in UTC, in the current language."""
    return f"{format_date(when)}, {dates.format_skeleton('Hm', when, locale=current_locale())} UTC"


def format_date(which: date) -> str:
    return dates.format_skeleton("yMMMd", which, locale=current_locale())
