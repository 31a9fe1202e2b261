"""Pictures of a history: drawn beside the loop, one at a time, and kept until there is new data."""

import asyncio
import gc
import os
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import replace
from functools import cache

from analytics.statistics.periods import History
from analytics.telegram.i18n import current_locale

# A few periods in each language. A picture takes less than 100 kB.
KEPT = 16


class ChartsNotInstalled(Exception):
    """Raised where no matplotlib works: `pip install matplotlib` brings it."""


class Charts:
    """The newest pictures, and the thread that draws them: matplotlib keeps its fonts by thread."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="charts")
        self._kept: deque[tuple[History, str, bytes]] = deque(maxlen=KEPT)

    async def draw(self, history: History) -> bytes:
        """A PNG of 1080 x 1350 pixels, in the language of the moment.

        Raises ChartsNotInstalled.
        """
        loop = asyncio.get_running_loop()
        # The language is in the context, which another thread does not have by itself.
        return await loop.run_in_executor(self._thread, copy_context().run, self._picture, history)

    def _picture(self, history: History) -> bytes:
        # The moment of asking is not in the picture.
        shown = replace(history, as_of=history.since)
        for kept, language, picture in self._kept:
            if (kept, language) == (shown, current_locale()):
                return picture
        _spare_the_collector()
        # That of a notebook, or one with a typing error, would stop the import.
        os.environ["MPLBACKEND"] = "agg"
        try:
            # Only now: it takes half a second and 60 MB, which not every bot ever needs.
            from analytics.telegram.charts import drawing
        # A `matplotlibrc` that is no text stops the import, too.
        except (ImportError, OSError, ValueError) as error:
            raise ChartsNotInstalled from error
        with drawing.own_style():
            picture = drawing.png(drawing.figure(shown))
        self._kept.append((shown, current_locale(), picture))
        return picture


@cache
def _spare_the_collector() -> None:
    """Once: what the program has by now is never looked through again.

    matplotlib makes so many objects that all would be, for a third of a second in which no thread
    goes on and the bot answers nobody.
    """
    gc.freeze()
