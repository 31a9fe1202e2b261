"""Texts of `/stats`: a first screen that fits on a phone, and pages behind its buttons."""

from datetime import datetime, timedelta
from html import escape

from analytics import AdminReport, AnalyticsError, NoReportYet, Period, PeriodReport
from analytics.statistics import figures
from analytics.statistics.failure_shares import MIN_FAILED, MIN_SHARE
from analytics.statistics.figures import Figure
from analytics.statistics.report_models import Overview
from analytics.telegram.i18n import (
    N_,
    _,
    format_date,
    format_datetime,
    format_number,
    format_percent,
)
from analytics.telegram.texts import durations, event_pages
from analytics.telegram.texts.tables import Cells, table_with_bars, tables

CHART = N_("Chart")
EXPORT = N_("Export")
REFRESH = N_("Refresh")
MEANING = N_("What do these mean?")
MORE_MEANING = N_("Sources, commands, errors")
BACK = N_("Back")
A_YEAR = N_("1 year")
PERIODS = {
    Period.DAY: N_("24 h"),
    Period.WEEK: N_("7 d"),
    Period.MONTH: N_("30 d"),
    Period.QUARTER: N_("90 d"),
}

# Lines about what needs attention on the first screen; all of them are among the details.
MAX_WARNINGS = 2


def overview(shown: Overview, *, postponed: bool) -> str:
    """Return the first screen of /stats.

    `postponed` is true if the scheduled cleanup waits until the clock is right.
    """
    return _("📊 <b>Statistics</b>") + "\n" + summary(shown, postponed=postponed)


def summary(shown: Overview, *, postponed: bool) -> str:
    """Return the first screen without its title, as the digest has it."""
    active, of_period = tables(
        _rows(figures.active_users(shown)), _rows(figures.of_period(shown), compared=True), gap=1
    )
    when = _("as of {moment}").format(moment=format_datetime(shown.whole.as_of))
    compared = _(figures.compared(shown.period))
    found = report_warnings(shown, postponed=postponed)
    if len(found) > MAX_WARNINGS:
        more = len(found) - MAX_WARNINGS + 1
        found = [
            *found[: MAX_WARNINGS - 1],
            _("⚠️ {count} more, see Details").format(count=format_number(more)),
        ]
    return "\n".join(
        [
            f"<i>{when}</i>",
            "",
            f"<b>{_(figures.ACTIVE_USERS)}</b>",
            active,
            "",
            f"<b>{_(figures.LAST[shown.period.period])}</b>, <i>{compared}</i>",
            of_period,
            "",
            *event_pages.health(shown.period),
            *(found or [_("✅ Nothing needs attention.")]),
        ]
    )


def by_type(shown: Overview) -> str:
    report = shown.period
    rows = {_(each.name): int(str(each.value)) for each in figures.by_type(shown)}
    if report.interactions is None:
        body = figures.HIDDEN
    elif rows:
        body = table_with_bars(rows, report.interactions)
    else:
        body = _("Nothing was recorded in this time.")
    return f"{page_title(_(figures.BY_TYPE), report)}\n{body}"


def details(shown: Overview, next_cleanup: datetime, *, postponed: bool) -> str:
    report = shown.period
    lines = [page_title(_(figures.DETAILS), report)]
    for each in figures.details(shown):
        compared = escape(_change(each), quote=False)
        lines.append(f"{_(each.name)}: {format_figure(each)} {compared}".rstrip())
    lines.append(_("Next cleanup: {moment}").format(moment=format_datetime(next_cleanup)))
    if report.interactions_before is not None and report.active_users_before is None:
        lines.append(_("Active users before are being counted: open this page again."))
    if shown.whole.compaction_pending:
        lines.append(_("Deleted interactions leave the disk with the next compaction."))
    found = report_warnings(shown, postponed=postponed)
    return "\n".join([*lines, *(["", *found] if found else [])])


def report_warnings(shown: Overview, *, postponed: bool) -> list[str]:
    """Return a line for each thing that needs attention, or that limits what the figures say."""
    whole, report = shown.whole, shown.period
    found = []
    if postponed:
        found.append(_("⚠️ Wrong clock: cleanup postponed"))
    elif figures.is_cleanup_overdue(whole):
        found.append(_("⚠️ Cleanup overdue"))
    for said, count in (
        (_("⚠️ Waiting to be recorded: {count}"), whole.backlog),
        (_("⚠️ Never recorded: {count}"), whole.dropped),
    ):
        if count:
            found.append(said.format(count=format_number(count)))
    if report.deleted_until is not None:
        deleted = format_date(report.deleted_until)
        found.append(_("⚠️ Deleted: all before {day}").format(day=deleted))
    outcomes = report.events and report.events.all_outcomes
    if outcomes and outcomes.failed >= MIN_FAILED and outcomes.failed_share >= MIN_SHARE:
        failing = format_percent(outcomes.failed_share)
        found.append(_("⚠️ {share} failed, see Errors").format(share=failing))
    if _hides(shown):
        found.append(_(event_pages.HIDDEN))
    return found


def length(period: Period) -> str:
    """Return the length of a period in words: 24 hours, 7 days."""
    if period is Period.DAY:
        hours = period.length // timedelta(hours=1)
        return _("{count} hour", "{count} hours", hours).format(count=format_number(hours))
    return durations.days(period.length.days)


def label(period: Period, chosen: Period) -> str:
    return f"· {_(PERIODS[period])} ·" if period is chosen else _(PERIODS[period])


def chart_caption(period: Period | None) -> str:
    """Return the caption of a chart; `period` is None for a year."""
    if period is None:
        return _("Interactions and active users, 1 year")
    return _("Interactions and active users, {period}").format(period=length(period))


def export_caption(period: Period, style: str) -> str:
    if style == "csv":
        return _("Statistics of {period}, for spreadsheets").format(period=length(period))
    return _("Statistics of {period}, for programs").format(period=length(period))


def no_report(error: AnalyticsError) -> str:
    if not isinstance(error, NoReportYet):
        return _(
            "⚠️ The database cannot be read at the moment, so there are no statistics. "
            "Try again in a minute; if that does not help, see the log."
        )
    return _(
        "There is no report yet: with REPORT_INTERVAL, the first one follows when the first "
        "interval has ended."
    )


def no_chart() -> str:
    return _(
        "The chart could not be drawn; the reason is in the log. Charts need matplotlib: "
        "<code>pip install 'telegram-bot-with-private-analytics[charts]'</code>"
    )


def change(now: int | None, before: int | None) -> str:
    return figures.change(now, before, format_percent, _(figures.NEW))


def page_title(name: str, report: PeriodReport) -> str:
    """Return the title of a page by its name, which is translated."""
    return f"📊 <b>{name}</b>, {length(report.period)}"


def _rows(shown: list[Figure], *, compared: bool = False) -> list[Cells]:
    """Return a row for each figure: the name, the value and, if `compared`, the change."""
    return [
        (_name(each), format_figure(each), _change(each) if compared else "")[
            : 3 if compared else 2
        ]
        for each in shown
    ]


def _name(figure: Figure) -> str:
    # The name of a command is the bot's own, in every language.
    return figure.name if figure.name.startswith("/") else _(figure.name)


def format_figure(figure: Figure) -> str:
    """Return the value of a figure in the current language, a dash for what is hidden."""
    match figure.value:
        case None:
            return _(figure.otherwise) if figure.otherwise != figures.HIDDEN else figures.HIDDEN
        case int(count):
            return format_number(count)
        case datetime() as moment:
            return format_datetime(moment)
        case timedelta() as duration:
            return durations.days(duration.days)
        case text:
            return text


def _change(figure: Figure) -> str:
    now = figure.value if isinstance(figure.value, int) else None
    return change(now, figure.before)


def _hides(shown: Overview) -> bool:
    whole: AdminReport = shown.whole
    report = shown.period
    counts = (
        *(whole.daily_active_users, whole.weekly_active_users, whole.monthly_active_users),
        *(report.interactions, report.new_users, report.returning_users),
    )
    return None in counts
