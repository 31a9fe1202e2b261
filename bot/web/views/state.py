"""The state of the database: what is stored, how long it is kept, and what waits."""

from collections.abc import Sequence

from analytics import AnalyticsService, Period, figures
from analytics.telegram import _, format_datetime, format_figure, report_warnings
from bot.web.rendering import Templates
from bot.web.upkeep import Upkeep
from bot.web.views.asked import Asked, is_postponed


async def state(asked: Asked, analytics: AnalyticsService, templates: Templates) -> str:
    """Return what is stored, its retention and cleanups, and what needs attention.

    Raises NoReportYet before the first complete interval, and AnalyticsError if the database cannot
    be read.
    """
    shown = await analytics.reports.overview(Period.DAY, at_once=True)
    upkeep, is_owner = asked.upkeep, asked.viewer.is_owner
    rows = [(_(each.name), format_figure(each)) for each in figures.state(shown.whole)]
    if upkeep.next_cleanup is not None:
        rows.append((_("Next cleanup"), format_datetime(upkeep.next_cleanup())))
    rows.append((_("Time zone"), analytics.calendar.zone.key))
    findings = await upkeep.doctor.findings() if upkeep.doctor else None
    return templates.render(
        "state",
        title=_("State"),
        path="/state",
        viewer=asked.viewer,
        as_of=format_datetime(shown.whole.as_of),
        rows=rows,
        backups=await _backups(upkeep, analytics, is_owner=is_owner),
        is_examined=upkeep.doctor is not None,
        findings=findings,
        failed=[each.check for each in findings or () if each.failed],
        may_delete=is_owner and asked.viewer.telegram_id is not None and upkeep.owners_cleanup,
        warnings=report_warnings(shown, postponed=is_postponed(analytics)),
        compaction_pending=shown.whole.compaction_pending,
    )


async def _backups(
    upkeep: Upkeep, analytics: AnalyticsService, *, is_owner: bool
) -> Sequence[tuple[str, str]]:
    """Return rows about backups, none without a folder for them; where it is, owners see."""
    if upkeep.backup_dir is None:
        return ()
    last = await upkeep.last_backup()
    none = _("none yet")
    rows = [(_("Last backup"), format_datetime(analytics.calendar.local(last)) if last else none)]
    if upkeep.next_backup is not None:
        rows.append((_("Next backup"), format_datetime(upkeep.next_backup())))
    if is_owner:
        rows.append((_("Folder"), str(upkeep.backup_dir)))
    return rows
