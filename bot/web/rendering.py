"""Templates, in the language of whoever looks."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from analytics.telegram import (
    SOURCE_LOCALE,
    _,
    current_locale,
    format_date,
    format_datetime,
    format_number,
    format_percent,
    languages,
    translations,
)

STATIC = files("bot.web") / "static"


class Templates:
    """The templates of the page; every value in them is escaped."""

    def __init__(self) -> None:
        self._environment = Environment(
            loader=PackageLoader("bot.web"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.globals |= {"_": _, "language": current_locale}
        self._environment.filters |= {
            "date": format_date,
            "datetime": format_datetime,
            "number": format_number,
            "percent": format_percent,
        }

    def render(self, name: str, **values: Any) -> str:
        """Return a template as HTML, in the current language."""
        return self._environment.get_template(f"{name}.html").render(values)


def static(name: str) -> bytes:
    """Return a file that is the same for everyone."""
    return (STATIC / name).read_bytes()


@contextmanager
def speaking(accepted: str) -> Iterator[None]:
    """Speak the first language of an Accept-Language header that the bot has, or else English."""
    with translations().use_locale(choose_language(accepted)):
        yield


def choose_language(accepted: str) -> str:
    """Return the code of the language with the most weight in an Accept-Language header."""
    best, most = SOURCE_LOCALE, 0.0
    for part in accepted.split(","):
        name, _semicolon, weight = part.partition(";q=")
        code = name.strip().partition("-")[0].lower()
        try:
            weighs = float(weight or 1)
        except ValueError:
            continue
        if code in languages() and weighs > most:
            best, most = code, weighs
    return best
