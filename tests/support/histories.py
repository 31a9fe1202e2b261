"""Made-up histories to draw."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from analytics.models import InteractionType
from analytics.statistics.report_models import Bucket, History, Note

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NEWEST = datetime(2026, 3, 31, tzinfo=UTC)
# The longest names first: they need the most room.
NAMES = sorted(map(str, InteractionType), key=len, reverse=True)
UNSPLIT = 4


def history(
    splits: list[dict[str, int] | None],
    *,
    missing: range = range(0),
    week: int = 1,
    step: timedelta = DAY,
    unfinished: bool = False,
) -> History:
    """A bucket for each split, where there is none of few; every third is of another person."""
    first = NEWEST - max(0, len(splits) - 1) * step
    totals = [UNSPLIT if split is None else sum(split.values()) for split in splits]
    buckets = tuple(
        Bucket(
            since=first + at * step,
            interactions=total,
            active_users=-(-total // 3),
            breakdown=split,
        )
        for at, (split, total) in enumerate(zip(splits, totals, strict=True))
        if at not in missing
    )
    return History(
        as_of=NEWEST + (step / 2 if unfinished else step),
        since=first,
        step=step,
        buckets=buckets,
        hours_of_week=tuple(tuple(week * (day + hour) for hour in range(24)) for day in range(7))
        if step == DAY
        else None,
        length=len(splits) * step,
        weeks=max(1, len(splits) // 7) if step == DAY else 0,
    )


def types(count: int, most: int) -> dict[str, int]:
    return {name: most // place for place, name in enumerate(NAMES[:count], 1)}


def busy(days: int, *, count: int = 60, unfinished: bool = True) -> History:
    """So many interactions on each day, by a third as many people; today a sixth of that."""
    today = {"message": count // 6 if unfinished else count}
    return history([*[{"message": count}] * (days - 1), today], unfinished=unfinished)


def noted(shown: History, *ago: int) -> History:
    """With a note so many buckets before the newest one, for each."""
    newest = shown.since + shown.length - shown.step
    notes = (Note(at, newest - each * shown.step, f"note {at}") for at, each in enumerate(ago, 1))
    return replace(shown, notes=tuple(sorted(notes, key=lambda note: note.moment)))


EMPTY = history([])
QUIET = history([{}] * 30)
SMALL = history([types(3, 9), {}, types(3, 5)])
HOURS = history([types(5, 60 + at) for at in range(24)], step=HOUR)
LARGE = history(
    [None if at % 9 == 0 else types(22, 9_000 + 100 * at) for at in range(90)],
    missing=range(20, 27),
)
YEAR = history(
    [None if at % 50 == 0 else types(22, 900_000 + 9 * at) for at in range(365)],
    missing=range(120, 150),
    week=900_000,
)
# With something to draw.
HISTORIES = {
    "today": history([{"message": 3}], unfinished=True),
    "month": history([types(9, 9 + at) for at in range(31)], unfinished=True),
    "quarter": history([types(9, 9 + at) for at in range(90)], unfinished=True),
    "small": SMALL,
    "hours": HOURS,
    "large": LARGE,
    "year": YEAR,
    "noted": noted(busy(30), *range(0, 30, 3)),
}
