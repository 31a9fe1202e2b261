"""Any history of a store, beside a plain list that the same happens to."""

import asyncio
import tempfile
from collections import Counter
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    rule,
)

from analytics.events import Event, EventKind
from analytics.store import Store
from analytics.store_types import Received
from tests.store.kinds import Kind
from tests.store.model import Model
from tests.store.updates import (
    ADA,
    BO,
    CY,
    DAY,
    HOUR,
    NOON,
    TODAY,
    day_of,
    delete_before,
    erase,
    opt_out_of,
    record,
    update,
    week_of,
)

PEOPLE = (ADA, BO, CY)
WORDS = st.sampled_from(["help", "start"])
EVENTS = st.builds(
    Event, st.sampled_from([EventKind.COMMAND, EventKind.NEW_BY_LINK]), WORDS, st.booleans()
)
# Within two hours of a boundary of a day, and a day apart: whole hours, and seconds between.
MOMENTS = st.builds(
    lambda days, seconds: TODAY - days * DAY + seconds,
    st.sampled_from([0, 1, 2, 3, 6, 7, 15]),
    st.sampled_from([-HOUR, -1, 0, 1, HOUR - 1, HOUR, HOUR + 30]),
)
UPDATES = st.builds(
    update,
    st.sampled_from(PEOPLE),
    MOMENTS,
    st.sampled_from(["message", "command", None]),
    update_id=st.none() | st.integers(1, 30),
    events=st.lists(EVENTS, max_size=2),
    opting_out=st.sampled_from([None, None, None, True, False]),
)
BATCHES = st.lists(UPDATES, min_size=1, max_size=8)


class History(RuleBasedStateMachine):
    """A store and a plain list that the same happens to."""

    def __init__(self, kind: Kind) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.open = AsyncExitStack()
        self.made = tempfile.TemporaryDirectory()
        self.folder = Path(self.made.name)
        self.kind = kind
        self.model = Model()
        self.store: Store = self.run(self.open.enter_async_context(kind.open(self.folder)))

    def run(self, work: Any) -> Any:
        async def awaited() -> Any:
            return await work

        return self.runner.run(awaited())

    @rule(batch=BATCHES, people=st.integers(0, 3))
    def record(self, batch: list[Received], people: int) -> None:
        self.run(record(self.store, batch, people))
        self.model.record(batch, people)

    @rule()
    def forget_updates(self) -> None:
        self.run(self.store.forget_updates(TODAY + 1))
        self.model.remembered.clear()

    @rule(person=st.sampled_from(PEOPLE))
    def erase(self, person: int) -> None:
        erased = self.run(erase(self.store, person))
        assert (erased or 0) == self.model.delete(lambda _at, who: who == person)

    @rule(before=MOMENTS, at_most=st.sampled_from([1, 1_000]))
    def delete_before(self, before: int, at_most: int) -> None:
        counted = self.run(self.store.count_before(before))
        deleted = self.run(delete_before(self.store, before, at_most))
        assert counted == deleted == self.model.delete(lambda at, _who: at < before)
        self.model.cut = max(self.model.cut, before)

    @rule(day=st.integers(TODAY // DAY - 3, TODAY // DAY))
    def forget_events(self, day: int) -> None:
        self.run(self.store.forget_events(day))
        self.run(self.store.forget_active_people(day))
        self.model.events = {
            key: value for key, value in self.model.events.items() if key[0] >= day
        }
        self.model.cut = max(self.model.cut, day * DAY)

    @rule()
    def open_again(self) -> None:
        self.run(self.open.aclose())
        self.store = self.run(self.open.enter_async_context(self.kind.open(self.folder)))

    @invariant()
    def totals_are_those_of_the_list(self) -> None:
        windows = TODAY - DAY, TODAY - 1, NOON
        totals = self.run(self.store.totals(*windows))
        active = [len(self.model.people(since)) for since in windows]
        assert [totals.daily, totals.weekly, totals.monthly] == active
        assert totals.types == self.model.types(0)
        timestamps = [at for at, _who, _what in self.model.rows]
        assert totals.oldest == min(timestamps, default=None)
        assert self.run(self.store.known_times()) == (None, max(timestamps, default=None))

    @invariant()
    def counts_of_periods_are_those_of_the_list(self) -> None:
        since, before, middle = TODAY - DAY, TODAY - 3 * DAY, TODAY - 2 * DAY
        found = self.run(self.store.period_counts(since, since // DAY, before, middle))
        assert found.active == len(self.model.people(since))
        assert found.new == self.model.new(since)
        assert found.types == self.model.types(since)
        assert dict(found.hours) == self.model.hours(since)
        assert found.events == self.model.events_since(day_of(since))
        assert found.before == sum(self.model.types(before, middle).values())
        assert found.in_hour == sum(self.model.types(middle, middle + HOUR).values())
        assert self.run(self.store.event_days(0)) == self.model.event_days(0)

    @invariant()
    def counts_of_histories_are_those_of_the_list(self) -> None:
        for step in (HOUR, DAY):
            since = TODAY - 2 * DAY
            windows = [(begin, begin + step) for begin in range(since, TODAY + DAY, step)]
            # A day of 23 hours, one of 25 hours, and nothing.
            windows += [(since, since + 23 * HOUR), (since - HOUR, since + DAY), (since, since)]
            found = self.run(self.store.history_counts(windows, since // DAY, since, TODAY))
            steps = {(begin, kind): count for begin, kind, count in found.steps}
            assert steps == self.model.steps(windows)
            assert len(steps) == len(found.steps)
            users = {day: people for day, people in found.users if day * DAY >= self.model.cut}
            assert users == self.model.users_of_days(day_of(since))
            assert dict(found.hours) == self.model.hours(since, TODAY)

    @invariant()
    def cohorts_are_those_of_the_list(self) -> None:
        found = self.run(self.store.cohort_counts(0, day_of(TODAY) - 1, TODAY - DAY))
        assert {(first, week): users for first, week, users in found.weeks} == self.model.cohorts()
        days = {day: people for day, people in found.days if day * DAY >= self.model.cut}
        assert days == self.model.users_of_days(day_of(TODAY) - 1)
        assert found.active == len(self.model.people(TODAY - DAY))
        some = self.run(self.store.cohort_counts(week_of(TODAY), 0, 0))
        assert some.weeks == [each for each in found.weeks if each[0] >= week_of(TODAY)]

    @invariant()
    def people_are_those_of_the_list(self) -> None:
        moments = [0, TODAY - DAY, TODAY - 1, TODAY, TODAY + 1]
        seen = [(len(self.model.people(each)), self.model.new(each)) for each in moments]
        assert self.run(self.store.seen_since(moments)) == seen
        windows = [(TODAY - DAY, TODAY), (TODAY, TODAY + HOUR), (TODAY - 3 * DAY, TODAY)]
        here = self.run(self.store.people_of_windows(windows))
        assert here == [len(self.model.people(*window)) for window in windows]
        slices = self.run(self.store.slices(TODAY - 2 * DAY))
        assert dict(slices) == self.model.slices(TODAY - 2 * DAY)
        asked = [each for each, _count in slices]
        for at_most in (1, 2, 10):
            found = self.run(self.store.people_of(asked, at_most))
            assert [len(set(people)) for people in found] == [
                min(at_most, len(self.model.people(*each))) for each in asked
            ]

    @invariant()
    def each_persons_interactions_are_those_of_the_list(self) -> None:
        for person in PEOPLE:
            mine = Counter((at, what) for at, who, what in self.model.rows if who == person)
            rows = self.run(self.store.interactions_of(person))
            assert [(int(row.timestamp.timestamp()), row.interaction_type) for row in rows] == (
                sorted(mine)
            )
            assert [row.count for row in rows] == [mine[key] for key in sorted(mine)]
            assert self.run(self.store.is_known(person)) == bool(mine)
            latest = self.run(self.store.latest_of(person))
            assert (latest and int(latest.timestamp.timestamp())) == max(
                (at for at, _what in mine), default=None
            )
        asked = [opt_out_of(person) for person in PEOPLE]
        assert self.run(self.store.opted_out(asked)) == self.model.opted_out

    @invariant()
    def the_newest_interactions_come_first(self) -> None:
        alike = Counter(self.model.rows)
        rows = self.run(self.store.interactions(1_000, None, None))
        found = Counter((int(row.timestamp.timestamp()), row.interaction_type) for row in rows)
        assert found == Counter((at, what) for at, _who, what in alike)
        assert sorted(row.count for row in rows) == sorted(alike.values())
        assert [row.timestamp for row in rows] == sorted(
            (row.timestamp for row in rows), reverse=True
        )
        assert self.run(self.store.interactions(2, None, None)) == rows[:2]

    def teardown(self) -> None:
        self.run(self.open.aclose())
        self.runner.close()
        self.made.cleanup()
