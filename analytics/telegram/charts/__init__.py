"""Charts of a history: drawn in a thread, one at a time, and cached until there is new data."""

import asyncio
import gc
import os
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import replace
from functools import cache

from analytics.statistics.report_models import History
from analytics.telegram.charts.series import nothing_to_draw
from analytics.telegram.charts.themes import THEMES
from analytics.telegram.i18n import current_locale

__all__ = ["Charts", "ChartsNotInstalled", "nothing_to_draw"]

# Cached pictures: a few periods in each language. One takes less than 100 kB.
KEPT = 16


class ChartsNotInstalled(Exception):
    """Raised if matplotlib cannot be imported: `pip install matplotlib` installs it."""


class Charts:
    """Draw charts, and cache the newest, in one thread: matplotlib keeps its fonts by thread."""

    def __init__(self, theme: str = "light") -> None:
        """Create the charts of a bot; `theme` is "light" or "dark"."""
        self._theme = THEMES[theme]
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="charts")
        self._kept: deque[tuple[History, str, bytes]] = deque(maxlen=KEPT)

    async def draw(self, history: History) -> bytes:
        """Return the chart of a history, a PNG of 1080 x 1350 pixels in the current language.

        Ask `nothing_to_draw` first. Raises ChartsNotInstalled if matplotlib cannot be imported.
        """
        loop = asyncio.get_running_loop()
        # The language is in the context, which another thread does not share by itself.
        return await loop.run_in_executor(self._thread, copy_context().run, self._picture, history)

    def _picture(self, history: History) -> bytes:
        # Of the time of the request, the picture shows only what is complete.
        as_of = history.as_of - (history.as_of - history.since) % history.step
        shown = replace(history, as_of=as_of)
        for kept, language, picture in self._kept:
            if (kept, language) == (shown, current_locale()):
                return picture
        _spare_the_collector()
        # The backend of a notebook, or a misspelt one, would make the import fail.
        os.environ["MPLBACKEND"] = "agg"
        try:
            # Imported only now: it takes half a second and 60 MB, which not every bot needs.
            from analytics.telegram.charts import drawing
        # A `matplotlibrc` that is no text makes the import fail, too.
        except (ImportError, OSError, ValueError) as error:
            raise ChartsNotInstalled from error
        with drawing.own_style():
            picture = drawing.png(drawing.figure(shown, self._theme))
        # A figure holds itself, and 10 MB until the next collection.
        gc.collect()
        self._kept.append((shown, current_locale(), picture))
        return picture


@cache
def _spare_the_collector() -> None:
    """Exclude the objects that exist now from garbage collection, once.

    matplotlib makes so many objects that the collector would go through all there are, a third of a
    second in which no thread runs and the bot answers nobody.
    """
    gc.freeze()
