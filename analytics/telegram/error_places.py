"""Name an error by its class and its place in the bot's own code, never by its text."""

import sysconfig
from collections.abc import Callable, Sequence
from datetime import date, datetime
from pathlib import PurePath
from traceback import walk_tb
from typing import NamedTuple

import analytics
from analytics.events import Event, EventKind
from analytics.events.outcome_words import error_at
from analytics.models import InteractionType

# The different errors of a day.
MAX_ERRORS = 200
# Characters of the class, and of the end of the file's name.
MAX_CLASS, MAX_FILE = 40, 60
OTHER = InteractionType.OTHER.value
LIBRARIES = {"site-packages", "dist-packages"}
STANDARD_LIBRARY = [PurePath(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib")]
OURS = PurePath(analytics.__file__).parent
# The module of aiogram that calls handlers.
CALLS_HANDLERS = "aiogram.dispatcher.event.handler"


class Frame(NamedTuple):
    """A line of a traceback."""

    file: PurePath
    line: int
    module: str
    package: str

    @property
    def top(self) -> str:
        return self.module.partition(".")[0]

    @property
    def is_of_python(self) -> bool:
        is_installed = not LIBRARIES.isdisjoint(self.file.parts)
        return not is_installed and any(map(self.file.is_relative_to, STANDARD_LIBRARY))

    @property
    def is_own(self) -> bool:
        """True for code of the bot's developer that is not installed as a distribution."""
        is_library = self.file.is_relative_to(OURS) or not LIBRARIES.isdisjoint(self.file.parts)
        return not is_library and not self.is_of_python

    @property
    def place(self) -> str:
        """The file and line, from the folder of the outermost package on."""
        depth = self.package.count(".") + 2 if self.package else 1
        parts = [part for part in self.file.parts if part != self.file.anchor]
        return f"{'/'.join(parts[-depth:])[-MAX_FILE:]}:{self.line}"


class ErrorEvents:
    """Name errors, at most 200 different ones a day as this process sees them, then `other`."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._day: date | None = None
        self._words: set[str] = set()

    def of(self, error: BaseException) -> Event:
        """Return the event of an exception of a handler: `KeyError at shop/orders.py:12`."""
        if (day := self._clock().date()) != self._day:
            self._day, self._words = day, set()
        word = error_word(error)
        if word not in self._words and len(self._words) >= MAX_ERRORS:
            word = OTHER
        self._words.add(word)
        return Event(EventKind.ERROR, word)


def error_word(error: BaseException) -> str:
    """Return the class and place of an error.

    The place is the innermost one outside of the standard library and installed distributions; for
    a bot that is itself installed, the innermost one in the package of its handler.
    """
    name = type(error).__name__
    name = name[:MAX_CLASS] if name.isidentifier() else "Exception"
    frames = [
        Frame(
            PurePath(frame.f_code.co_filename),
            line,
            str(frame.f_globals.get("__name__") or ""),
            str(frame.f_globals.get("__package__") or ""),
        )
        for frame, line in walk_tb(error.__traceback__)
        # Code that was made at runtime may have any name.
        if frame.f_code.co_filename.endswith(".py")
    ]
    own = [each for each in frames if each.is_own] or _of_handler(frames)
    return error_at(name, own[-1].place if own else None)


def _of_handler(frames: Sequence[Frame]) -> Sequence[Frame]:
    """Return the frames of the package of the handler, or else all."""
    called = [at for at, each in enumerate(frames) if each.module == CALLS_HANDLERS]
    handlers = (
        [each for each in frames[called[-1] + 1 :] if not each.is_of_python] if called else []
    )
    return [each for each in frames if each.top == handlers[0].top] if handlers else frames
