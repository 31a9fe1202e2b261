"""Events of the bot's own: words that its developer declares, and `AnalyticsService.count` counts.

What is not declared is refused, so that no word of a person is ever counted.
"""

import re
from collections.abc import Iterable
from difflib import SequenceMatcher

WORD = re.compile(r"[a-z][a-z0-9_]{0,31}")
# More at once would be a mistake, such as an amount of money.
MAX_TIMES = 1_000_000


def declared(words: Iterable[str]) -> tuple[str, ...]:
    """Return the declared words, in alphabetical order.

    Raises TypeError for one string in place of several, and ValueError for a word that is declared
    twice or is not [a-z][a-z0-9_]{0,31}.
    """
    if isinstance(words, str):
        raise TypeError(f"events is one string: give several in brackets, such as ({words!r},)")
    known: set[str] = set()
    for word in words:
        if not isinstance(word, str) or not WORD.fullmatch(word):
            raise ValueError(
                f"{word!r} cannot be an event: begin with a letter, and use up to 32 small letters "
                "a to z, digits and _"
            )
        if word in known:
            raise ValueError(f"the event {word!r} is declared twice: give one of them another name")
        known.add(word)
    return tuple(sorted(known))


def check(word: str, times: int, words: tuple[str, ...]) -> None:
    """Raise ValueError if a word is not declared, or `times` is not 0 to 1,000,000.

    The sentence lists the declared words, the most similar first; it does not repeat the word,
    which may be a person's. Raises TypeError for `times` that are no whole number.
    """
    if word not in words:
        alike = sorted(words, key=lambda each: -SequenceMatcher(None, str(word), each).ratio())
        known = f"the declared ones are {', '.join(alike)}" if alike else "none is declared"
        raise ValueError(f"the event is not declared when the bot is built: {known}")
    if not isinstance(times, int):
        raise TypeError("times has to be a whole number")
    if not 0 <= times <= MAX_TIMES:
        raise ValueError(f"times has to be 0 to {MAX_TIMES:,}")
