"""The labels of the axis of time."""

from datetime import datetime

from babel import dates

from analytics.telegram.charts.series import Grain, Series

# Days that each have a label, and months. Eight days have no room for "25. März".
MAX_DAYS, MAX_MONTHS = 7, 8


def time_ticks(series: Series, language: str) -> list[tuple[float, str]]:
    """Return places on the axis of time and their labels.

    Every third hour, where midnight has the date; days, Mondays if there are many; months.
    """

    def form(skeleton: str, when: datetime) -> str:
        return dates.format_skeleton(skeleton, when, locale=language)

    buckets = (series.until - series.since) // series.step
    begins = [
        (at, (series.since + at * series.step).astimezone(series.zone)) for at in range(buckets)
    ]
    if series.grain is Grain.HOUR:
        return [
            (at, form("Hm" if when.hour else "MMMd", when))
            for at, when in begins
            if not when.hour % 3
        ]
    if series.grain is Grain.WEEK:
        months = [(at, when) for at, when in begins if when.day == 1]
        each = 1 if len(months) <= MAX_MONTHS else 2
        return [(at, form("MMM", when)) for at, when in months if not (when.month - 1) % each]
    if buckets <= MAX_DAYS:
        return [(at + 0.5, form("EEE", when) + "\n" + form("MMMd", when)) for at, when in begins]
    return [(at + 0.5, form("MMMd", when)) for at, when in begins if not when.weekday()]
