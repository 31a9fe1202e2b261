from pathlib import Path

from aiogram import Dispatcher
from aiogram.utils.i18n import I18n, SimpleI18nMiddleware

LOCALES = Path(__file__).parent / "locales"


def setup_i18n(dp: Dispatcher) -> None:
    i18n = I18n(path=LOCALES, default_locale="en", domain="survey")
    SimpleI18nMiddleware(i18n).setup(dp)
