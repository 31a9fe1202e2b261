"""Turn cohorts into a triangle in the current language, without drawing it."""

import textwrap

from analytics.statistics.cohorts import Cohorts
from analytics.telegram.charts.request import TriangleRequest, TriangleRow, TriangleWords
from analytics.telegram.charts.themes import LIGHT, Theme
from analytics.telegram.i18n import _, current_locale

# Characters in a line below the title.
LINE = 62


def triangle_request(cohorts: Cohorts, theme: Theme = LIGHT) -> TriangleRequest:
    """Return the triangle of cohorts in the current language; there has to be one."""
    explained = _(
        "Of those who first came in a week, the share in percent that was active in each week "
        "after it."
    )
    return TriangleRequest(
        rows=tuple(
            TriangleRow(
                since=cohort.since,
                size=cohort.size,
                shares=tuple(
                    count / cohort.size if cohort.size and count is not None else None
                    for count in cohort.returned
                ),
            )
            for cohort in cohorts.cohorts
        ),
        is_running=cohorts.running is not None,
        language=current_locale(),
        theme=theme,
        words=TriangleWords(
            title=_("Who comes back"),
            explained=textwrap.wrap(explained, LINE)[:3],
            week=_("week of"),
            users=_("users"),
            weeks_later=_("Weeks later"),
            hidden=_("too few people"),
            so_far=_("this week so far"),
        ),
    )
