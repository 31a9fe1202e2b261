"""The languages that there are catalogs of, known without loading them or aiogram."""

from pathlib import Path

# The language of the sentences in the code.
SOURCE_LOCALE = "en"
# Each folder in it is another language.
LOCALES = Path(__file__).parent / "telegram" / "locales"
DOMAIN = "messages"


def available_languages() -> list[str]:
    """Return the codes of the languages that have a catalog, after that of the source."""
    catalogs = LOCALES.glob(f"*/LC_MESSAGES/{DOMAIN}.po")
    return [SOURCE_LOCALE, *sorted(catalog.parts[-3] for catalog in catalogs)]
