"""What people do, done to a service and to a plain list: the two must stay alike."""

from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from analytics import AnalyticsService, Erasure, Interaction, InteractionType, Pseudonyms
from analytics.privacy.retention import cutoff
from tests.support.clock import NOW
from tests.support.recount import inconsistencies
from tests.support.second_connection import NAME, select
from tests.support.service import KEY, SOMEBODY, interaction, open_service

PEOPLE = range(SOMEBODY, SOMEBODY + 4)
REFERENCES = Pseudonyms(KEY)
HOUR = 3600

Step = tuple[Any, ...]
# Who, what, and how many hours ago: few of each, so that rows are shared and repeated.
SAID = st.tuples(
    st.sampled_from(PEOPLE),
    st.sampled_from([InteractionType.MESSAGE, InteractionType.COMMAND, InteractionType.OTHER]),
    st.sampled_from([0, 1, 2, 30, 24 * 40, 24 * 89]),
)
PERSON = st.sampled_from(PEOPLE)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("record"), st.lists(SAID, min_size=1, max_size=8), st.booleans()),
        st.tuples(st.just("again")),
        *(st.tuples(st.just(name), PERSON) for name in ("erase", "opt_out", "opt_in")),
        st.tuples(st.just("clean_up"), st.sampled_from([1, 30, 90])),
        st.tuples(st.just("reopen")),
    ),
    max_size=15,
)


class Model:
    """What was recorded, as a plain list, and who is not counted."""

    def __init__(self) -> None:
        self.rows: list[Interaction] = []
        self.opted_out: set[int] = set()
        self.remembered: set[int] = set()
        self.next_id = 1
        self.last_batch: tuple[list[Interaction], list[int] | None] = ([], None)

    def record(self, said: list[Interaction], ids: list[int] | None) -> None:
        for number, each in enumerate(said):
            if ids:
                if ids[number] in self.remembered:
                    continue
                self.remembered.add(ids[number])
            if each.telegram_id not in self.opted_out:
                self.rows.append(each)

    def of(self, person: int) -> Counter[tuple[InteractionType, datetime]]:
        return Counter(
            (each.interaction_type, hour(each.timestamp))
            for each in self.rows
            if each.telegram_id == person
        )

    def keep(self, wanted: Any) -> int:
        """How many went."""
        before = len(self.rows)
        self.rows = [each for each in self.rows if wanted(each)]
        return before - len(self.rows)


def hour(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)


def open_hourly(folder: Path, **options: Any) -> Any:
    return open_service(folder, timestamp_precision=HOUR, **options)


async def take(analytics: AnalyticsService, model: Model, step: Step) -> None:
    """One step, in both."""
    match step:
        case "record", batch, with_ids:
            said = [interaction(timedelta(hours=ago), who, what) for who, what, ago in batch]
            ids = None
            if with_ids:
                ids = list(range(model.next_id, model.next_id + len(said)))
                model.next_id += len(said)
            model.last_batch = said, ids
            model.record(said, ids)
            assert await analytics.record(said, ids)
        case ("again",):
            # As Telegram does: what was counted is not counted again.
            said, ids = model.last_batch
            model.record(said, ids)
            assert await analytics.record(said, ids)
        case "erase", person:
            gone = model.keep(lambda each: each.telegram_id != person)
            assert await analytics.people.erase(person) == Erasure(gone, compacted=True)
        case "opt_out", person:
            model.opted_out.add(person)
            assert await analytics.people.opt_out(person)
        case "opt_in", person:
            model.opted_out.discard(person)
            assert await analytics.people.opt_in(person)
        case "clean_up", days:
            gone = model.keep(lambda each: hour(each.timestamp) >= cutoff(NOW, days))
            assert await analytics.cleanup_old_interactions(days) == gone


async def differences(analytics: AnalyticsService, model: Model, folder: Path) -> list[str]:
    """Where a person's data, the report or the file differ from the plain list."""
    wrong = inconsistencies(folder / NAME)
    for person in PEOPLE:
        data = await analytics.people.personal_data(person)
        found = {(row.interaction_type, row.timestamp): row.count for row in data.interactions}
        expected = model.of(person)
        if found != expected or len(found) != len(data.interactions):
            wrong.append(f"{found} instead of {expected}")
        if [row.timestamp for row in data.interactions] != sorted(moment for _, moment in found):
            wrong.append("not the oldest first")
        if data.opted_out != (person in model.opted_out):
            wrong.append("opted out")
        if data.reference != (REFERENCES.reference(person) if expected else None):
            wrong.append("reference")
    report = await analytics.get_admin_analytics_report()
    if report.total_interactions != len(model.rows):
        wrong.append("total")
    if report.interaction_types_breakdown != Counter(e.interaction_type for e in model.rows):
        wrong.append("breakdown")
    for days, active in ((1, report.daily_active_users), (30, report.monthly_active_users)):
        since = NOW - timedelta(days=days)
        if active != len({e.telegram_id for e in model.rows if hour(e.timestamp) >= since}):
            wrong.append("active users")
    kept = {row[0] for row in select(folder, "SELECT update_id FROM remembered_updates")}
    if kept != model.remembered:
        wrong.append("remembered updates")
    if {row[0] for row in select(folder, "SELECT reference FROM opt_outs")} != {
        REFERENCES.opt_out(person) for person in model.opted_out
    }:
        wrong.append("opt-outs")
    return wrong


async def differences_after(steps: list[Step], folder: Path, **options: Any) -> list[str]:
    """Those of a history, looked for before each reopening and at its end."""
    model = Model()
    found: list[str] = []
    remaining = list(steps)
    while remaining or not found:
        async with open_hourly(folder, **options) as analytics:
            while remaining and (step := remaining.pop(0)) != ("reopen",):
                await take(analytics, model, step)
            found = await differences(analytics, model, folder)
        if found or not remaining:
            break
    return found
