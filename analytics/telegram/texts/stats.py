"""Text of `/stats`: short enough for a phone and for one message of Telegram."""

from datetime import datetime, timedelta

from analytics import (
    AdminReport,
    AnalyticsError,
    InteractionType,
    Missing,
    NoReportYet,
    Period,
    PeriodReport,
)
from analytics.telegram.i18n import N_, _, format_datetime, format_number, format_percent
from analytics.telegram.texts import durations
from analytics.telegram.texts.tables import Cells, table, table_with_bars
from analytics.telegram.texts.type_names import type_name

CHART = N_("Chart")
EXPORT = N_("Export")
REFRESH = N_("Refresh")
A_YEAR = N_("1 year")
PERIODS = {
    Period.DAY: N_("24 h"),
    Period.WEEK: N_("7 d"),
    Period.MONTH: N_("30 d"),
    Period.QUARTER: N_("90 d"),
}

# Commands that fit into a message.
MAX_COMMANDS = 10
OTHER = InteractionType.OTHER.value
NOT_SHOWN = "–"


def statistics(
    report: PeriodReport,
    whole: AdminReport,
    next_cleanup: datetime,
    *,
    of_intervals: bool,
    postponed: bool,
) -> str:
    """Return the answer to /stats.

    `of_intervals` is true if reports are not live; `postponed` is true if the scheduled cleanup
    waits until the clock is right.
    """
    parts = [
        _title(report, of_intervals),
        table(_numbers(report)) + "\n" + _compared(report),
        _hour_and_past(report),
        _by_type(report),
        _commands(report),
        _("<i>Active: distinct users with at least one interaction.</i>"),
        _hidden(report),
        _trust(whole, next_cleanup, postponed),
    ]
    return "\n\n".join(part for part in parts if part)


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
        return _("Interactions and active people, a year")
    return _("Interactions and active people, {period}").format(period=length(period))


def export_caption(period: Period, style: str) -> str:
    if style == "csv":
        return _("The numbers of {period}, for spreadsheets.").format(period=length(period))
    return _("The numbers of {period}, for programs.").format(period=length(period))


def no_report(error: AnalyticsError) -> str:
    if not isinstance(error, NoReportYet):
        return _(
            "⚠️ The database cannot be read at the moment, so there are no numbers. "
            "Try again in a minute; if that does not help, see the log."
        )
    return _(
        "There is no report yet: it is of complete intervals (REPORT_INTERVAL), and the first one "
        "has not ended."
    )


def no_charts() -> str:
    return _(
        "To draw charts, install matplotlib where the bot runs and start it again: "
        "<code>pip install matplotlib</code>"
    )


def _title(report: PeriodReport, of_intervals: bool) -> str:
    lines = [
        _("📊 <b>Statistics, {period}</b>").format(period=length(report.period)),
        _("<i>Since {moment}</i>").format(moment=format_datetime(report.since)),
    ]
    if of_intervals:
        lines.append(_("as of {moment}").format(moment=format_datetime(report.as_of)))
    return "\n".join(lines)


def _numbers(report: PeriodReport) -> list[Cells]:
    return [
        (
            _("Interactions"),
            _shown(report.interactions),
            change(report.interactions, report.interactions_before),
        ),
        (
            _("Active people"),
            _shown(report.active_users),
            change(report.active_users, report.active_users_before),
        ),
        (_("New"), _shown(report.new_users), ""),
        (_("Returning"), _shown(report.returning_users), ""),
    ]


def _shown(count: int | None) -> str:
    return NOT_SHOWN if count is None else format_number(count)


def change(now: int | None, before: int | None) -> str:
    """Return an arrow and the change in percent, "=" for no change, "" if a count is not known."""
    if now is None or before is None:
        return ""
    if now == before:
        return "="
    if not before:
        return "▲ " + _("new")
    arrow, part = "▲" if now > before else "▼", abs(now - before) / before
    if now and arrow == "▼":
        part = min(part, 0.99)  # 100% only if nothing is left
    if part < 0.01:
        return f"{arrow} <{format_percent(0.01)}"
    return f"{arrow} >{format_percent(9.99)}" if part > 9.99 else f"{arrow} {format_percent(part)}"


def _compared(report: PeriodReport) -> str:
    before = length(report.period)
    match report.before_missing:
        case Missing.NOT_YET:
            said = _("The {period} before: no earlier data.")
        case Missing.DELETED:
            said = _("The {period} before: deleted by retention.")
        case None:
            said = _("Compared with the same part of the {period} before.")
    return "<i>" + said.format(period=before) + "</i>"


def _hour_and_past(report: PeriodReport) -> str:
    lines = []
    if report.busiest_hour is not None:
        end = (report.busiest_hour + 1) % 24
        lines.append(
            _("Busiest hour: {begin}–{end} UTC").format(
                begin=f"{report.busiest_hour:02}:00", end=f"{end:02}:00"
            )
        )
    if report.deleted_until is not None:
        lines.append(
            _("⚠️ What is older than {moment} has been deleted.").format(
                moment=format_datetime(report.deleted_until)
            )
        )
    return "\n".join(lines)


def _by_type(report: PeriodReport) -> str:
    title = _("<b>By type</b>") + "\n"
    breakdown = report.interaction_types_breakdown
    if report.interactions is None:
        return title + NOT_SHOWN
    if not breakdown:
        return title + _("Nothing was recorded in this time.")
    named = {type_name(name): count for name, count in breakdown.items()}
    return title + table_with_bars(named, report.interactions)


def _hidden(report: PeriodReport) -> str:
    """Return why some numbers are not shown, "" if there is no limit."""
    if report.min_users <= 1:
        return ""
    return _(
        "<i>–: not shown, since it could tell of fewer than {count} people "
        "(BREAKDOWN_MIN_USERS).</i>"
    ).format(count=format_number(report.min_users))


def _commands(report: PeriodReport) -> str:
    """Return uses of commands by name, and blocks: both are counted by the day."""
    title = _("<b>Commands</b>")
    if report.period is Period.DAY:
        return title + "\n" + _("Counted by the day: choose 7 days or more.")
    happened = _("Blocked: {blocked}, unblocked: {unblocked}").format(
        blocked=_shown(report.blocked), unblocked=_shown(report.unblocked)
    )
    parts = [title]
    names = [name for name in report.commands if name != OTHER]
    hidden = names[MAX_COMMANDS:]
    rows = [(f"/{name}", report.commands[name]) for name in names[:MAX_COMMANDS]]
    # The rows add up to the count of the type `command`.
    rest = sum(report.commands.values()) - sum(count for _name, count in rows)
    if rest:
        rows.append((_("other"), rest))
    parts.append(
        table([(name, format_number(count)) for name, count in rows]) if rows else _("None.")
    )
    if hidden:
        more = len(hidden)
        parts.append(
            _("other includes {count} command", "other includes {count} commands", more).format(
                count=format_number(more)
            )
        )
    return "\n".join([*parts, happened])


def _trust(report: AdminReport, next_cleanup: datetime, postponed: bool) -> str:
    cleaned = (
        _("{moment} ({count} deleted)").format(
            moment=format_datetime(report.last_cleanup), count=_shown(report.last_cleanup_deleted)
        )
        if report.last_cleanup
        else _("not yet")
    )
    oldest = format_datetime(report.oldest_interaction) if report.oldest_interaction else "-"
    lines = [
        _("Interactions kept: {count}").format(count=_shown(report.total_interactions)),
        _("Oldest interaction: {moment}").format(moment=oldest),
        _("Kept for: {days}").format(days=durations.days(report.retention_days)),
        _("Last cleanup: {moment}").format(moment=cleaned),
        _("Next cleanup: {moment}").format(moment=format_datetime(next_cleanup)),
        _("Dropped: {count}").format(count=format_number(report.dropped)),
    ]
    if postponed:
        lines.append(
            _(
                "⚠️ The clock of the computer is wrong: cleanup is postponed until it agrees with "
                "Telegram's."
            )
        )
    if report.backlog:
        lines.append(
            _("⚠️ Waiting to be recorded: {count}").format(count=format_number(report.backlog))
        )
    if report.compaction_pending:
        lines.append(_("⚠️ Deleted interactions leave the disk with the next compaction."))
    return "\n".join(lines)
