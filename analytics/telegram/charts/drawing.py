"""Draw a history as a picture for a phone. Importing this module loads matplotlib.

Figures are made without pyplot, which would keep them all.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from io import BytesIO

import matplotlib
from babel import dates
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from analytics.statistics.report_models import History
from analytics.telegram.charts.canvas import HEADING, HEIGHT, LEFT, TITLE, Canvas
from analytics.telegram.charts.heatmap import draw_heatmap
from analytics.telegram.charts.panels import draw_panels
from analytics.telegram.charts.series import DAY, HIDDEN, Grain, Series, series
from analytics.telegram.charts.themes import Theme
from analytics.telegram.i18n import N_, _, current_locale

GRAINS = {
    Grain.HOUR: N_("By hour, UTC"),
    Grain.DAY: N_("By day, UTC"),
    Grain.WEEK: N_("Daily average of each week, UTC"),
}
BELOW_TITLE, WEEK_TOP, BOTTOM = 175, 905, 1330


@contextmanager
def own_style() -> Iterator[None]:
    """Use matplotlib's defaults in a block, whatever the user's `matplotlibrc` sets.

    It may ask for LaTeX or other fonts.
    """
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams["hatch.linewidth"] = 3
        yield


def figure(history: History, theme: Theme) -> Figure:
    """Return a figure of 1080 x 1350 pixels of a history that has something to draw.

    Interactions are above active users; below are the hours of the week, if they are known.
    """
    canvas = Canvas(theme)
    shown = series(history)
    canvas.write(LEFT, 54, _covered(shown), TITLE, weight="bold")
    canvas.write(LEFT, 106, _(GRAINS[shown.grain]), color=theme.muted)
    week, is_hidden = history.hours_of_week, history.hours_of_week is None and history.step == DAY
    if week is not None and any(count is not None for row in week for count in row):
        draw_panels(canvas, shown, BELOW_TITLE, WEEK_TOP - 20)
        draw_heatmap(canvas, week, history.weeks, WEEK_TOP)
    elif is_hidden:
        draw_panels(canvas, shown, BELOW_TITLE, HEIGHT - 130)
        canvas.write(LEFT, HEIGHT - 100, _("Hours of the week, UTC"), HEADING)
        canvas.write(LEFT, HEIGHT - 50, _(HIDDEN), color=theme.muted)
    else:
        draw_panels(canvas, shown, BELOW_TITLE, BOTTOM)
    return canvas.figure


def png(drawn: Figure) -> bytes:
    picture = BytesIO()
    FigureCanvasAgg(drawn).print_png(picture, metadata={"Software": None})  # type: ignore[no-untyped-call]
    return picture.getvalue()


def _covered(shown: Series) -> str:
    """Return the first and the last day that are shown."""
    last = shown.until - timedelta(microseconds=1)
    return dates.format_interval(shown.since, last, "yMMMd", locale=current_locale())
