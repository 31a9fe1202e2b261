"""Draw a history as a picture for a phone. Importing this module loads matplotlib.

Figures are made without pyplot, which would keep them all.
"""

from datetime import timedelta
from io import BytesIO

from babel import dates
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from analytics.telegram.charts.canvas import HEADING, HEIGHT, LEFT, TITLE, Canvas
from analytics.telegram.charts.heatmap import draw_heatmap
from analytics.telegram.charts.panels import draw_panels
from analytics.telegram.charts.request import ChartRequest

BELOW_TITLE, WEEK_TOP, BOTTOM = 175, 905, 1330


def figure(request: ChartRequest) -> Figure:
    """Return a figure of 1080 x 1350 pixels.

    Interactions are above active users; below are the hours of the week, if they are known.
    """
    words = request.words
    canvas = Canvas(request.theme, words, request.language)
    canvas.write(LEFT, 54, _covered(request), TITLE, weight="bold")
    canvas.write(LEFT, 106, words.grain, color=canvas.theme.muted)
    if request.week is not None:
        draw_panels(canvas, request.series, BELOW_TITLE, WEEK_TOP - 20)
        draw_heatmap(canvas, request.week, WEEK_TOP)
    elif request.is_week_hidden:
        draw_panels(canvas, request.series, BELOW_TITLE, HEIGHT - 130)
        canvas.write(LEFT, HEIGHT - 100, words.hours_of_week, HEADING)
        canvas.write(LEFT, HEIGHT - 50, words.hidden, color=canvas.theme.muted)
    else:
        draw_panels(canvas, request.series, BELOW_TITLE, BOTTOM)
    return canvas.figure


def png(drawn: Figure) -> bytes:
    picture = BytesIO()
    FigureCanvasAgg(drawn).print_png(picture, metadata={"Software": None})  # type: ignore[no-untyped-call]
    return picture.getvalue()


def _covered(request: ChartRequest) -> str:
    """Return the first and the last day that are shown."""
    shown = request.series
    since, last = (
        moment.astimezone(shown.zone)
        for moment in (shown.since, shown.until - timedelta(microseconds=1))
    )
    return dates.format_interval(since, last, "yMMMd", locale=request.language)
