"""Hide in reports what a plan does not allow: as None, or under `other`."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from analytics.models import InteractionType
from analytics.statistics.commands import by_name, shown_events
from analytics.statistics.report_models import AdminReport, Bucket, PeriodReport
from analytics.statistics.spans import DAY, HOUR, Span
from analytics.statistics.suppression import BEGINNING, END, Plan
from analytics.store_types import DayOfEvent

COMMAND = InteractionType.COMMAND.value
MEMBERSHIP = InteractionType.MY_CHAT_MEMBER.value


def mask_period(
    report: PeriodReport, of: Span, plan: Plan, events: Sequence[DayOfEvent], begins: Sequence[int]
) -> PeriodReport:
    """Return `report` with only what `plan` allows; the rest is None, or under `other`.

    `report` has all of its commands by name. `events` are of all periods of whole days, and
    `begins` are the beginnings of these periods, in Unix seconds.
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
    types = plan.types(of.since, END)
    shown = _shown(plan, events, begins)
    commands = {f"/{name}": count for name, count in report.commands.items()}
    total = (types or {}).get(COMMAND, 0)
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
        interaction_types_breakdown=types or {},
        commands=by_name(
            {name[1:]: count for name, count in commands.items() if name in shown}, total
        ),
        blocked=report.blocked if "blocked" in shown else None,
        unblocked=report.unblocked if "blocked" in shown else None,
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


def _shown(plan: Plan, events: Sequence[DayOfEvent], begins: Sequence[int]) -> set[str]:
    """Return the commands that may be shown, and `blocked` if that and `unblocked` may be."""
    rings = [
        (begin, end) for begin, end in zip(sorted(begins), [*sorted(begins)[1:], END], strict=True)
    ]
    of_types = [plan.counts(*ring) for ring in rings]
    days = [(begin // DAY, end // DAY) for begin, end in rings]
    return shown_events(
        [[each for each in events if begin <= each.day < end] for begin, end in days],
        [counts[COMMAND] for counts in of_types],
        [counts[MEMBERSHIP] for counts in of_types],
        plan.enough,
    )


def mask_trend(bucket: Bucket, plan: Plan, *, is_gone: bool) -> Bucket:
    """Return a day from the trends with only what `plan` allows; the rest is None.

    `is_gone` tells that all interactions of the day have been deleted. The split by type is hidden,
    since how many people used a type is not known any more. Of a day that was deleted in part
    everything is hidden, since what is left of it would tell of the other part.
    """
    people = bucket.active_users or 0
    if is_gone and (not bucket.interactions or people >= plan.enough):
        return replace(bucket, breakdown=None if bucket.interactions else {})
    return replace(bucket, interactions=None, active_users=None, breakdown=None)


def mask_report(report: AdminReport, plan: Plan) -> AdminReport:
    """Return `report` with only what `plan` allows; the rest is None, or under `other`.

    The oldest interaction is given by its day alone: an hour may be one person's.
    """
    day, week, month = (
        int((report.as_of - timedelta(days=days)).timestamp()) for days in (1, 7, 30)
    )
    oldest = report.oldest_interaction
    return replace(
        report,
        total_interactions=plan.total(BEGINNING, END),
        daily_active_users=plan.active[day],
        weekly_active_users=plan.active[week],
        monthly_active_users=plan.active[month],
        interaction_types_breakdown=plan.types(BEGINNING, END) or {},
        oldest_interaction=oldest and oldest.replace(hour=0, minute=0, second=0),
        last_cleanup_deleted=None,
    )
