"""Texts of the page of `/stats` about who comes back."""

from datetime import date

from babel import dates

from analytics import Cohort, Cohorts
from analytics.statistics.figures import HIDDEN
from analytics.telegram.i18n import N_, _, current_locale, format_number, format_percent
from analytics.telegram.texts.tables import Cells, table

WHO_COMES_BACK = N_("Who comes back")
NOT_YET = N_("The first whole week is not over yet.")
# The weeks after the first one that fit on a phone beside each other.
SHOWN_WEEKS = (1, 2, 4, 8)
# That of 100.
PERCENT_WIDTH = 3


def page(cohorts: Cohorts) -> str:
    """Return the page: the stickiness, and a row for each cohort whose first week is over."""
    over = [each for each in cohorts.cohorts if each.since != cohorts.running]
    return "\n".join(
        [
            f"📊 <b>{_(WHO_COMES_BACK)}</b>",
            stickiness(cohorts),
            "",
            *(_table(cohorts, over) if over else [_(NOT_YET)]),
        ]
    )


def nothing_to_draw(cohorts: Cohorts) -> str:
    """Return the sentence to send instead of a picture; "" if there is something to draw."""
    over = [each for each in cohorts.cohorts if each.since != cohorts.running]
    if not over:
        return _(NOT_YET)
    return _too_few(cohorts) if all(each.size is None for each in over) else ""


def stickiness(cohorts: Cohorts) -> str:
    """Return the sentence about the stickiness, with `<b>` around its name."""
    if cohorts.stickiness is None:
        return _("<b>Stickiness</b>: –")
    return _("<b>Stickiness</b>: {percent} of monthly users are active on an average day").format(
        percent=format_percent(cohorts.stickiness)
    )


def _table(cohorts: Cohorts, over: list[Cohort]) -> list[str]:
    if all(each.size is None for each in over):
        return [_too_few(cohorts)]
    columns = [f"+{format_number(week)}" for week in SHOWN_WEEKS]
    header = (_("Week of"), _("New"), *(column.rjust(PERCENT_WIDTH) for column in columns))
    rows = [_row(each, cohorts.running is not None) for each in over]
    weeks = ", ".join(columns)
    lines = [
        table([header, *rows], gap=1),
        _("<i>{weeks}: percent of them who came back so many weeks later.</i>").format(weeks=weeks),
    ]
    if any(cell.strip() == HIDDEN for row in rows for cell in row):
        lines.append(_("–: hidden, too few people"))
    return lines


def _too_few(cohorts: Cohorts) -> str:
    return _("Too few people to show: {count} or more have to be new in a week.").format(
        count=format_number(cohorts.min_users)
    )


def _row(cohort: Cohort, is_newest_running: bool) -> Cells:
    """Return the cells of a cohort; those of weeks that are not over are left out."""
    weeks = len(cohort.returned) - is_newest_running
    size = HIDDEN if cohort.size is None else format_number(cohort.size)
    percents = (_percent(cohort, week) for week in SHOWN_WEEKS if week <= weeks)
    shown = [each.rjust(PERCENT_WIDTH) for each in percents]
    return _short_date(cohort.since), size, *shown


def _percent(cohort: Cohort, week: int) -> str:
    """Return what part of a cohort came back in a week, in percent without the sign."""
    users = cohort.returned[week - 1]
    if users is None or cohort.size is None:
        return HIDDEN
    return format_number(max(1, round(100 * users / cohort.size)))


def _short_date(which: date) -> str:
    return str(dates.format_skeleton("MMMd", which, locale=current_locale()))
