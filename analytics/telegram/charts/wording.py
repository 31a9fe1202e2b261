"""Turn a history into a chart in the current language, without drawing it."""

from analytics.statistics.report_models import History
from analytics.telegram.charts.request import ChartRequest, Words
from analytics.telegram.charts.series import DAY, OTHER_TYPES, TOTAL_ONLY, Grain, series
from analytics.telegram.charts.themes import LIGHT, Theme
from analytics.telegram.i18n import N_, _, current_locale, format_number
from analytics.telegram.texts.type_names import type_name
from analytics.time_zones import label

GRAINS = {
    Grain.HOUR: N_("By hour, {zone}"),
    Grain.DAY: N_("By day, {zone}"),
    Grain.WEEK: N_("Daily average of each week, {zone}"),
}
SO_FAR = {
    Grain.HOUR: N_("this hour so far"),
    Grain.DAY: N_("today so far"),
    Grain.WEEK: N_("this week so far"),
}
HIDDEN = N_("Not shown with BREAKDOWN_MIN_USERS.")


def nothing_to_draw(history: History) -> str:
    """Return the sentence to send instead of a chart; "" if there is something to draw."""
    found = [bucket.interactions for bucket in history.buckets]
    if any(found):
        return ""
    return _(HIDDEN) if None in found else _("Nothing was recorded in this time.")


def chart_request(history: History, theme: Theme = LIGHT) -> ChartRequest:
    """Return the chart of a history that has something to draw, in the current language."""
    shown, week, zone = series(history), history.hours_of_week, label(history.timezone)
    is_known = week is not None and any(count is not None for row in week for count in row)
    return ChartRequest(
        series=shown,
        week=week if is_known else None,
        is_week_hidden=week is None and history.step == DAY,
        language=current_locale(),
        theme=theme,
        words=Words(
            grain=_(GRAINS[shown.grain]).format(zone=zone),
            interactions=_("Interactions"),
            active_users=_("Active users"),
            layers={name: _layer_name(name) for name in shown.layers},
            no_data=_("no data"),
            so_far=_(SO_FAR[shown.grain]),
            hours_of_week=_("Hours of the week, {zone}").format(zone=zone),
            of_weeks=_(
                "Interactions in the last full week",
                "Interactions in the last {count} full weeks",
                history.weeks,
            ).format(count=format_number(history.weeks)),
            hidden=_(HIDDEN),
        ),
    )


def _layer_name(name: str) -> str:
    return _(name) if name in (OTHER_TYPES, TOTAL_ONLY) else type_name(name)
