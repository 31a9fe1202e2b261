"""After any history, who comes back and who was active on a day equal a recount of a plain list."""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch
from zoneinfo import ZoneInfo

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from analytics import Interaction, InteractionType
from analytics.statistics import cohorts
from tests.support.examples import examples
from tests.support.service import SOMEBODY, open_service, run_once

HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(weeks=1)
PEOPLE = st.sampled_from(range(SOMEBODY, SOMEBODY + 4))
# In Berlin the clocks are put forward on 29 March, and back on 25 October.
BEGINS = [datetime(2026, month, 20, 12, 30, tzinfo=UTC) for month in (3, 10)]
ZONES = ["UTC", "America/New_York", "Etc/GMT+12", "Pacific/Kiritimati", "Europe/Berlin"]
# Before the Monday of this week, or after it: mostly near its midnight in one of the zones.
AGES = st.builds(
    lambda weeks, days, hours: weeks * WEEK - days * DAY - hours * HOUR,
    st.sampled_from([0, 1, 2, 4, 12, 13]),
    st.sampled_from([0, 0, 0, 1, 6]),
    st.sampled_from([-11, -2, -1, 0, 3, 11]),
)
STEPS = st.sampled_from([HOUR, 13 * HOUR, 23 * HOUR, DAY, WEEK, 5 * WEEK])
# Days of the history that is compared.
SHOWN = 100


@dataclass(frozen=True)
class Kept:
    """An interaction, with the day that it was counted on when it was recorded."""

    person: int
    at: datetime
    day: date


class Days:
    """The days of time zones, each in effect from a whole hour on: found hour by hour."""

    def __init__(self, zone: str) -> None:
        self.zones = [(datetime(1970, 1, 1, tzinfo=UTC), ZoneInfo(zone))]
        self.begins: dict[date, datetime] = {}

    def change(self, zone: str, now: datetime) -> None:
        """Count the days in another zone from the next hour on."""
        self.zones = [each for each in self.zones if each[0] <= now]
        if self.zones[-1][1].key != zone:
            self.zones.append((whole_hour(now) + HOUR, ZoneInfo(zone)))

    def day(self, hour: datetime) -> date:
        """The day of an hour; a day that has begun goes on in the next zone."""
        at = max(n for n, (since, _zone) in enumerate(self.zones) if since <= hour)
        here = hour.astimezone(self.zones[at][1]).date()
        return max(here, self.day(self.zones[at][0] - HOUR)) if at else here

    def begin(self, day: date) -> datetime:
        """The first hour of a day that has begun, or after it where there is no such day."""
        if day not in self.begins:
            hour = datetime(day.year, day.month, day.day, tzinfo=UTC) - 15 * HOUR
            while self.day(hour) < day:
                hour += HOUR
            self.begins[day] = hour
        return self.begins[day]


class WhoComesBack(RuleBasedStateMachine):
    """A service and a plain list that the same happens to."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.temporary = TemporaryDirectory()
        self.folder = Path(self.temporary.name)
        self.opened = AsyncExitStack()
        self.kept: list[Kept] = []
        # None once the oldest interaction of a person who has others was deleted.
        self.first: dict[int, Kept | None] = {}
        self.opted_out: set[int] = set()
        self.cut = datetime.min.replace(tzinfo=UTC)

    def run(self, work: Any) -> Any:
        return self.runner.run(work)

    @initialize(
        begin=st.sampled_from(BEGINS),
        zone=st.sampled_from(["Europe/Berlin", *ZONES]),
        ages=st.lists(AGES, min_size=1, max_size=4),
    )
    def begin(self, begin: datetime, zone: str, ages: list[timedelta]) -> None:
        self.now, self.days = begin, Days(zone)
        self.run(run_once(self.folder, clock=lambda: begin - 400 * DAY, timezone=zone))
        self.open(zone)
        self.record([SOMEBODY, SOMEBODY + 1], ages)

    def open(self, zone: str) -> None:
        self.zone = zone
        self.days.change(zone, self.now)
        self.analytics = self.run(
            self.opened.enter_async_context(
                open_service(
                    self.folder,
                    clock=lambda: self.now,
                    timezone=zone,
                    timestamp_precision=3600,
                    keep_trends=False,
                )
            )
        )

    @rule(
        people=st.lists(PEOPLE, min_size=1, max_size=4, unique=True),
        ages=st.lists(AGES, min_size=1, max_size=4),
    )
    def record(self, people: list[int], ages: list[timedelta]) -> None:
        """Now, and late: some of it with a date of long before."""
        midnight = self.now.replace(hour=0, minute=0)
        monday = midnight - midnight.weekday() * DAY
        moments = [self.now, *(min(self.now, monday - age) for age in ages)]
        said = [Interaction(who, InteractionType.MESSAGE, at) for who in people for at in moments]
        for each in said:
            if each.telegram_id not in self.opted_out:
                self.keep(each.telegram_id, whole_hour(each.timestamp))

        assert self.run(self.analytics.record(said))

    def keep(self, person: int, at: datetime) -> None:
        each = Kept(person, at, self.days.day(at))
        first = self.first.setdefault(person, each)
        if first is not None and at < first.at:
            self.first[person] = each
        self.kept.append(each)

    @rule(person=PEOPLE)
    def erase(self, person: int) -> None:
        gone = self.delete(lambda each: each.person == person)

        assert self.run(self.analytics.people.erase(person)).interactions == gone

    @rule(days=st.sampled_from([7, 30, 90]))
    def clean_up(self, days: int) -> None:
        before = self.now - days * DAY
        gone = self.delete(lambda each: each.at < before)
        if gone:
            self.cut = max(self.cut, before)

        assert self.run(self.analytics.cleanup_old_interactions(days)) == gone

    def delete(self, is_gone: Callable[[Kept], bool]) -> int:
        gone = [each for each in self.kept if is_gone(each)]
        self.kept = [each for each in self.kept if not is_gone(each)]
        left = {each.person for each in self.kept}
        self.first = {
            who: None if first is None or is_gone(first) else first
            for who, first in self.first.items()
            if who in left
        }
        return len(gone)

    @rule(person=PEOPLE, is_out=st.booleans())
    def opt(self, person: int, is_out: bool) -> None:
        people = self.analytics.people
        (self.opted_out.add if is_out else self.opted_out.discard)(person)

        assert self.run((people.opt_out if is_out else people.opt_in)(person))

    @rule(step=STEPS)
    def advance_the_clock(self, step: timedelta) -> None:
        self.now += step

    @rule(zone=st.none() | st.sampled_from(ZONES))
    def restart(self, zone: str | None) -> None:
        """In the same time zone, or in another one."""
        self.run(self.opened.aclose())
        self.open(zone or self.zone)

    @invariant()
    def cohorts_and_stickiness_equal_a_recount(self) -> None:
        report = self.run(self.analytics.reports.cohorts())
        this_week = monday(self.days.day(whole_hour(self.now)))
        weeks = [this_week - n * WEEK for n in range(13)][::-1]
        shown = [week for week in weeks if self.days.begin(week) >= self.cut]

        assert report.running == this_week
        assert {each.since: (each.size, *each.returned) for each in report.cohorts} == {
            first: tuple(self.came_in(first, week) for week in weeks if week >= first)
            for first in shown
        }
        assert report.stickiness == self.stickiness()

    @invariant()
    def people_of_each_day_equal_a_recount(self) -> None:
        history = self.run(self.analytics.reports.history(SHOWN * DAY))
        begins = [self.days.begin(each) for each in self.last_days(SHOWN)]

        assert {each.since: (each.interactions, each.active_users) for each in history.buckets} == {
            begin: (len(here), people(here))
            for begin in dict.fromkeys(begins)
            if begin >= self.cut
            for here in [self.on([self.days.day(begin)])]
        }

    def last_days(self, count: int) -> list[date]:
        """The newest days, the running one included; the oldest first."""
        today = self.days.day(whole_hour(self.now))
        return [today - n * DAY for n in range(count)][::-1]

    def came_in(self, first: date, week: date) -> int | None:
        """How many of the people of a first week were active in a week; None for nobody."""
        here = [
            each
            for each in self.kept
            if monday(each.day) == week
            and (came := self.first[each.person])
            and monday(came.day) == first
        ]
        return people(here) or None

    def stickiness(self) -> float | None:
        whole = self.last_days(31)[:-1]
        since = self.days.begin(whole[0])
        active = people(each for each in self.kept if each.day >= whole[0])
        if since < self.cut or not active:
            return None
        # A day that a change of the zone skips is none.
        count = len({self.days.begin(each) for each in whole} - {self.days.begin(whole[-1] + DAY)})
        return sum(people(self.on([each])) for each in whole) / count / active

    def on(self, days: list[date]) -> list[Kept]:
        return [each for each in self.kept if each.day in days]

    def teardown(self) -> None:
        self.run(self.opened.aclose())
        self.runner.close()
        self.temporary.cleanup()


def whole_hour(moment: datetime) -> datetime:
    return moment.replace(minute=0)


def monday(day: date) -> date:
    return day - day.weekday() * DAY


def people(kept: Iterable[Kept]) -> int:
    return len({each.person for each in kept})


def test_who_comes_back_and_who_is_active_on_a_day_equal_a_recount_of_a_plain_list() -> None:
    steps = settings(max_examples=examples(20), stateful_step_count=15)
    # Every number is shown, so that one person too many is seen.
    with patch.object(cohorts, "MIN_USERS", 1):
        run_state_machine_as_test(WhoComesBack, settings=steps)
