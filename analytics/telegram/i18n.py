"""Translations through gettext, and the formats of numbers and dates, in the person's language.

The language is that of the person's client, chosen for each update and never stored.
"""

from collections.abc import Collection
from datetime import date, datetime
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

from analytics.calendar import Calendar
from analytics.languages import DOMAIN, LOCALES, available_languages
from analytics.languages import SOURCE_LOCALE as SOURCE_LOCALE
from analytics.marking import N_ as N_  # for those who translate, beside `_`


class Translations(I18n):
    """Compile the catalogs when they are loaded: no compiled file can be out of date.

    A sentence without a translation, or without one of its forms, stays in English.
    """

    def __init__(self, languages: Collection[str], path: Path = LOCALES) -> None:
        self._languages = languages
        super().__init__(path=path, default_locale=SOURCE_LOCALE, domain=DOMAIN)

    def find_locales(self) -> dict[str, GNUTranslations]:
        names = [each for each in self._languages if each != SOURCE_LOCALE]
        return {
            each: _compiled(self.path / each / "LC_MESSAGES" / f"{self.domain}.po")
            for each in names
        }

    def choose(self, languages: Collection[str]) -> None:
        """Load the catalogs of these languages, and no others."""
        self._languages = languages
        self.reload()


@cache
def _compiled(file: Path) -> GNUTranslations:
    with file.open("rb") as text:
        catalog = read_po(text)
    for message in list(catalog):
        forms = message.string if isinstance(message.string, tuple) else [message.string]
        if message.id and not all(forms):
            # In part, it would get English in the forms of another language: "21 day".
            catalog.delete(message.id, message.context)
    compiled = BytesIO()
    write_mo(compiled, catalog)
    compiled.seek(0)
    return GNUTranslations(compiled)


class LocaleMiddleware(I18nMiddleware):
    """Set the language of the person's client for the handlers of an update.

    English if there is no translation into it.
    """

    async def get_locale(self, event: TelegramObject, data: dict[str, Any]) -> str:
        """Return the code of the language of the person's client, "en" without a catalog of it."""
        person: User | None = data.get("event_from_user")
        # Telegram sends "de", "pt-br", "zh-hans", and what a client makes up.
        code = ((person and person.language_code) or "").partition("-")[0].lower()
        return code if code in self.i18n.available_locales else SOURCE_LOCALE


@cache
def translations() -> Translations:
    """Return the catalogs, which are loaded at the first call: all, or those of `set_languages`."""
    return Translations(available_languages())


def set_languages(languages: Collection[str]) -> None:
    """Answer in these languages only, from here on: others, and missing sentences, are in English.

    Raises ValueError for a language without a catalog.
    """
    if missing := {*languages} - {*available_languages()}:
        raise ValueError(f"no catalog for {', '.join(sorted(missing))}")
    translations().choose(languages)


def _(sentence: str, plural: str | None = None, n: int = 1) -> str:
    """Translate a sentence into the current language; with `plural`, into the form for `n`."""
    return translations().gettext(sentence, plural, n)


def languages() -> list[str]:
    """Return the codes of the languages of the answers, that of the source first."""
    return [SOURCE_LOCALE, *translations().available_locales]


def set_locale(language: str) -> None:
    """Set the language of the current task, and of tasks that it creates later."""
    translations().current_locale = language


def current_locale() -> str:
    """Return the code of the language of the current task."""
    return translations().current_locale


def format_number(number: float) -> str:
    """Format a number in the current language: 1234 as 1,234, 2.5 as 2.5."""
    return numbers.format_decimal(number, locale=current_locale())


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
    """Format an aware time, with its offset from UTC, in the current language."""
    hour = dates.format_skeleton("Hm", when, locale=current_locale())
    return f"{format_date(when)}, {hour} {Calendar.offset_name(when)}"


def format_date(which: date) -> str:
    """Format a date in the current language: Nov 25, 2026."""
    return dates.format_skeleton("yMMMd", which, locale=current_locale())
