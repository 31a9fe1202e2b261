"""Charts of a history: drawn one at a time by a process that ends, and cached."""

import asyncio
import logging
import os
import pickle
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections import deque
from pathlib import Path

from analytics.statistics.cohorts import Cohorts
from analytics.statistics.report_models import History
from analytics.telegram.charts.axis import time_ticks
from analytics.telegram.charts.request import ChartRequest, TriangleRequest
from analytics.telegram.charts.series import quantiles
from analytics.telegram.charts.themes import THEMES, type_color
from analytics.telegram.charts.triangle_wording import triangle_request
from analytics.telegram.charts.wording import chart_request, nothing_to_draw

__all__ = [
    "ChartRequest",
    "Charts",
    "NoChart",
    "TriangleRequest",
    "chart_request",
    "nothing_to_draw",
    "quantiles",
    "time_ticks",
    "triangle_request",
    "type_color",
]

logger = logging.getLogger(__name__)

Wanted = ChartRequest | TriangleRequest

WORKER = Path(__file__).with_name("worker.py")
# Neither the environment nor the user's site is looked at: `sys.path` is handed over.
OPTIONS = ("-I", "-S")
# What libraries are found by; no settings, which may be secrets.
INHERITED = ("DYLD_LIBRARY_PATH", "LD_LIBRARY_PATH", "SYSTEMROOT")
# Neither the user's taste nor fonts, and no more threads than draw.
ENVIRONMENT = {
    "MATPLOTLIBRC": os.devnull,
    "MPL_IGNORE_SYSTEM_FONTS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}
# Seconds that an admin waits at most, for those before them too: a Raspberry Pi takes some for one.
TIMEOUT = 120
# Cached pictures: a few periods in each language. One takes some 100 kB.
KEPT = 16
# The ends of a PNG.
PNG, IEND = b"\x89PNG", b"IEND\xaeB`\x82"


class NoChart(Exception):
    """Raised if a chart cannot be drawn: matplotlib is missing, or there is no memory or time."""


class Charts:
    """Draw charts, each in a process of its own, one at a time, and cache the newest.

    matplotlib would stay in the bot: 50 to 120 MB.
    """

    def __init__(self, theme: str = "light") -> None:
        """Create the charts of a bot; `theme` is "light" or "dark"."""
        self._theme = THEMES[theme]
        self._drawing = asyncio.Lock()
        self._kept: deque[tuple[Wanted, bytes]] = deque(maxlen=KEPT)

    async def draw(self, history: History) -> bytes:
        """Return the chart of a history, a PNG of 1080 x 1350 pixels in the current language.

        Ask `nothing_to_draw` first. Raises NoChart if it cannot be drawn within two minutes.
        """
        return await self._draw(chart_request(history, self._theme))

    async def draw_cohorts(self, cohorts: Cohorts) -> bytes:
        """Return the triangle of who comes back, a PNG like that of `draw`.

        There has to be a cohort. Raises NoChart if it cannot be drawn within two minutes.
        """
        return await self._draw(triangle_request(cohorts, self._theme))

    async def _draw(self, wanted: Wanted) -> bytes:
        """Return a picture, which may be a kept one."""
        try:
            async with asyncio.timeout(TIMEOUT), self._drawing:
                for kept, picture in self._kept:
                    if kept == wanted:
                        return picture
                picture = await _drawn(wanted)
        # No memory, no more processes, an event loop that cannot start any, ...
        except Exception as error:
            reason = str(error) if isinstance(error, NoChart) else type(error).__name__
            logger.warning("a chart was not drawn (%s)", reason)
            raise NoChart(reason) from error
        self._kept.append((wanted, picture))
        return picture


async def _drawn(wanted: Wanted) -> bytes:
    """Return a picture from a process, which does not outlive the call."""
    environment = {name: os.environ[name] for name in INHERITED if name in os.environ}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *OPTIONS,
        WORKER,
        stdin=PIPE,
        stdout=PIPE,
        stderr=DEVNULL,  # may quote what is drawn
        cwd=WORKER.parent,  # a `matplotlibrc` elsewhere is somebody's taste
        env=environment | ENVIRONMENT,
        start_new_session=True,  # Ctrl+C is for the bot, which finishes its answers
    )
    try:
        folders = [str(Path(folder).absolute()) for folder in sys.path]
        answer, _ = await process.communicate(pickle.dumps(folders) + pickle.dumps(wanted))
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()
    if not (answer.startswith(PNG) and answer.endswith(IEND)):
        # The type of an error, or nothing.
        raise NoChart(answer.decode("ascii", "replace") or f"status {process.returncode}")
    return answer
