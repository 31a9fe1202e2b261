"""The same days a year ago, as far as they are known."""

from datetime import timedelta

from analytics.calendar import Calendar
from analytics.clock import from_unix
from analytics.statistics.masks import mask_trend, shows_trend
from analytics.statistics.past import Past
from analytics.statistics.report_models import Bucket, History
from analytics.statistics.suppression import Plan
from analytics.store import Store

# 52 weeks: the same weekdays.
DAYS_OF_YEAR = 364


async def history_year_ago(
    store: Store, calendar: Calendar, first: int, last: int, plan: Plan | None
) -> History:
    """Return the days that were 52 weeks before `first` to `last`.

    All of them are whole days, also the one before the running day. Of users, as of what `plan`
    does not allow to show, nothing is said. Raises AnalyticsError if the database cannot be read.
    """
    days = range(first - DAYS_OF_YEAR, last - DAYS_OF_YEAR + 1)
    windows = [calendar.window(day) for day in days]
    found = await store.history_counts(windows, days[0], 0, 0)
    past = Past(found.began, found.deleted_until)
    kept = {each.day: each for each in found.days}
    counts: dict[int, dict[str, int]] = {}
    for begin, name, count in found.steps:
        counts.setdefault(begin, {})[name] = count
    buckets = []
    for day, (begin, end) in zip(days, windows, strict=True):
        since = calendar.local(from_unix(begin))
        if totals := kept.get(day):
            bucket = Bucket(
                since=since,
                interactions=totals.interactions,
                active_users=None,
                breakdown=None
                if totals.types is None and totals.interactions
                else dict(totals.types or {}),
            )
            if plan:
                is_shown = shows_trend(totals, plan, is_gone=past.is_gone(end))
                bucket = mask_trend(bucket, is_shown=is_shown)
            buckets.append(bucket)
        elif past.knows(begin, end):
            here = counts.get(begin, {})
            bucket = Bucket(
                since=since,
                interactions=None if plan else sum(here.values()),
                active_users=None,
                breakdown=None if plan else here,
            )
            buckets.append(bucket)
    return History(
        as_of=calendar.local(from_unix(windows[-1][1])),
        since=calendar.local(from_unix(windows[0][0])),
        step=timedelta(days=1),
        buckets=tuple(buckets),
        hours_of_week=None,
        length=timedelta(days=len(days)),
        timezone=calendar.zone.key,
    )
