"""Draw a chart as a program of its own, which `Charts` starts by its path.

It reads where Python's modules are and a `ChartRequest`, both pickled, and writes a PNG; or the
type of an error, without its message, which may quote what was drawn.
"""

import gc
import os
import pickle
import signal
import sys
from contextlib import suppress
from pathlib import Path
from types import ModuleType

# Seconds until it ends itself, if it hangs after the bot was killed.
MAX_SECONDS = 180
HERE = Path(__file__).parent


def main() -> None:
    # Some send this to all processes of a bot that they stop: its last pictures are drawn first.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.setitimer(signal.ITIMER_REAL, MAX_SECONDS)
    gc.disable()  # it would go through all that matplotlib makes, and find nothing to free
    with suppress(OSError):
        # Where memory runs out, the bot goes on.
        Path("/proc/self/oom_score_adj").write_text("1000")
    sys.path[:] = pickle.load(sys.stdin.buffer)
    import_without_aiogram()
    try:
        answer = draw()
    except Exception as error:
        answer = type(error).__name__.encode()
    sys.stdout.buffer.write(answer)


def import_without_aiogram() -> None:
    """Let modules beside this one be imported without the packages around them.

    These import aiogram and the database, which takes seconds.
    """
    for folder in (HERE, HERE.parent, HERE.parent.parent):
        name = ".".join(folder.relative_to(HERE.parents[2]).parts)
        package = ModuleType(name)
        package.__path__ = [str(folder)]
        sys.modules[name] = package


def draw() -> bytes:
    import matplotlib

    # The list of fonts, of matplotlib's own only, takes 0.1 s. Kept in a file, it would need a
    # folder that can be written to, and other programs would find no more fonts.
    matplotlib.get_cachedir = lambda: os.devnull
    from analytics.telegram.charts import drawing, triangle
    from analytics.telegram.charts.request import TriangleRequest

    wanted = pickle.load(sys.stdin.buffer)
    draw_figure = triangle.figure if isinstance(wanted, TriangleRequest) else drawing.figure
    return drawing.png(draw_figure(wanted))


if __name__ == "__main__":
    main()
