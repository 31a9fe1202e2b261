"""Filter what reports show: no number comes out that does not follow from what they show."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from analytics import (
    Bucket,
    EventDays,
    EventKind,
    History,
    InteractionType,
    PeriodReport,
    event_figures,
)
from analytics.telegram import type_name
from bot.web.views.look import Filter, Only

DAY = timedelta(days=1)
# The type whose interactions a kind of event names.
TYPES: Mapping[EventKind, InteractionType] = {
    EventKind.COMMAND: InteractionType.COMMAND,
    EventKind.BUTTON: InteractionType.BUTTON_CLICK,
    EventKind.START_LINK: InteractionType.COMMAND,
}


def filter_name(chosen: Filter, report: PeriodReport) -> str:
    """Return a filter as people know it: messages, /help, [page], or the name of a link."""
    match chosen.only:
        case Only.TYPE:
            return type_name(chosen.word)
        case Only.COMMAND:
            return f"/{chosen.word}"
        case Only.BUTTON:
            return f"[{chosen.word}]"
    names = event_figures.link_names(report.events) if report.events else {}
    return names.get(chosen.word, chosen.word)


def total(chosen: Filter, report: PeriodReport) -> int | None:
    """Return how many interactions of a period are left; None if that is not known or hidden."""
    if chosen.only is Only.TYPE:
        counts = report.interaction_types_breakdown
    elif report.events is None:
        return None
    else:
        links = {code: link.starts for code, link in report.events.start_links.items()}
        counts = {
            Only.COMMAND: report.commands,
            Only.BUTTON: report.events.buttons,
            Only.SOURCE: links,
        }[chosen.only]
    # What is not among them may be hidden.
    return counts.get(chosen.word, None if report.min_users > 1 else 0)


def filtered(history: History, chosen: Filter, days: EventDays, report: PeriodReport) -> History:
    """Return the history of what is left; nobody is counted that finely, so it has no users.

    Of what is counted by day, nothing is known by the hour.
    """
    if chosen.kind is not None and history.step < DAY:
        return replace(history, buckets=(), hours_of_week=None, weeks=0)
    is_hiding = report.min_users > 1
    buckets = []
    for bucket in history.buckets:
        count = _count(bucket, chosen, days, is_hiding=is_hiding)
        if count is not None or is_hiding:
            of_type = chosen.word if chosen.kind is None else TYPES[chosen.kind]
            left = None if count is None else {str(of_type): count}
            buckets.append(replace(bucket, interactions=count, active_users=None, breakdown=left))
    return replace(history, buckets=tuple(buckets), hours_of_week=None, weeks=0)


def _count(bucket: Bucket, chosen: Filter, days: EventDays, *, is_hiding: bool) -> int | None:
    if chosen.kind is not None:
        return days.of(chosen.kind, chosen.word, bucket.since.date())
    if bucket.breakdown is None:
        return None
    # What is not among the types may be in the rest of them.
    is_rest = is_hiding and InteractionType.OTHER in bucket.breakdown
    return bucket.breakdown.get(chosen.word, None if is_rest else 0)
