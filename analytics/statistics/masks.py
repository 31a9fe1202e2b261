"""Hide in reports what a plan does not allow: as None, or under `other`."""

from dataclasses import replace
from datetime import timedelta

from analytics.calendar import HOUR, Calendar
from analytics.clock import from_unix
from analytics.statistics.report_models import AdminReport, Bucket, PeriodReport
from analytics.statistics.spans import Span
from analytics.statistics.suppression import BEGINNING, END, Plan
from analytics.store_types import DayTotals


def mask_period(report: PeriodReport, of: Span, plan: Plan) -> PeriodReport:
    """Return `report` with only what `plan` allows; the rest is None, or under `other`.

    Its events are left as they are: what may be shown of them depends on what is left here.
    """
    active, new = plan.active[of.since], plan.new[of.since]
    returning = None if active is None or new is None else active - new
    if returning is None or 0 < returning < plan.enough:
        new = returning = None
    before = report.interactions_before
    complete = plan.total(of.before, of.middle)
    in_hour = plan.total(of.middle, of.middle + HOUR)
    if complete is None or in_hour is None:
        before = None
    elif before is not None:
        before = of.interpolate(complete, complete + in_hour)
    return replace(
        report,
        min_users=plan.enough,
        interactions=plan.total(of.since, END),
        active_users=active,
        new_users=new,
        returning_users=returning,
        interactions_before=before,
        active_users_before=None if before is None else report.active_users_before,
        busiest_hour=None,
        interaction_types_breakdown=plan.types(of.since, END) or {},
    )


def mask_bucket(bucket: Bucket, end: int, plan: Plan) -> Bucket:
    """Return `bucket` with only what `plan` allows; the rest is None, or under `other`.

    `end` is in Unix seconds, or END for the newest bucket, whose users are those last seen in it.
    """
    begin = int(bucket.since.timestamp())
    total = plan.total(begin, end)
    active = plan.active[begin] if end == END else bucket.active_users
    return replace(
        bucket,
        interactions=total,
        active_users=None if total is None else active,
        breakdown=plan.types(begin, end),
    )


def shows_trend(day: DayTotals, plan: Plan, *, is_gone: bool) -> bool:
    """Return whether `plan` allows to show the totals of a day that were kept.

    `is_gone` tells that all interactions of the day have been deleted. Of a day that was deleted in
    part nothing is shown, since what is left of it would tell of the other part.
    """
    return is_gone and (not day.interactions or day.users >= plan.enough)


def mask_trend(bucket: Bucket, *, is_shown: bool) -> Bucket:
    """Return a day from the trends with only what may be shown; the rest is None.

    The split by type is hidden, since how many people used a type is not known any more.
    """
    if is_shown:
        return replace(bucket, breakdown=None if bucket.interactions else {})
    return replace(bucket, interactions=None, active_users=None, breakdown=None)


def mask_report(report: AdminReport, plan: Plan, calendar: Calendar) -> AdminReport:
    """Return `report` with only what `plan` allows; the rest is None, or under `other`.

    The oldest interaction is given by its day alone: an hour may be one person's.
    """
    day, week, month = (
        int((report.as_of - timedelta(days=days)).timestamp()) for days in (1, 7, 30)
    )
    oldest = report.oldest_interaction
    if oldest is not None:
        oldest = from_unix(calendar.begin(calendar.day(int(oldest.timestamp()))))
    return replace(
        report,
        total_interactions=plan.total(BEGINNING, END),
        daily_active_users=plan.active[day],
        weekly_active_users=plan.active[week],
        monthly_active_users=plan.active[month],
        interaction_types_breakdown=plan.types(BEGINNING, END) or {},
        oldest_interaction=oldest and calendar.local(oldest),
        last_cleanup_deleted=None,
    )
