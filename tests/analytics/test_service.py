"""Whatever is recorded, sent again and deleted: reports equal a recount of a plain list."""

import asyncio
from collections import Counter
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
)

from analytics import AdminReport, Interaction, InteractionType
from tests.support.clock import NOW
from tests.support.examples import examples
from tests.support.recount import inconsistencies
from tests.support.second_connection import NAME
from tests.support.service import SOMEBODY, open_service

T = TypeVar("T")
Sent = tuple[Interaction, int]  # with its update id

BEGIN = NOW.replace(hour=0, minute=0, second=0)  # on the limit of every precision
SECOND, HOUR, DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)
REMEMBERED = timedelta(hours=72)
PRECISIONS = [int(precision.total_seconds()) for precision in (SECOND, HOUR, DAY)]
# As far from UTC as any, with summer time, and not at whole hours.
ZONES = ["Pacific/Kiritimati", "Etc/GMT+12", "Europe/Berlin", "America/Havana", "Asia/Kathmandu"]
# Few of each, so that much is equal; and most times at the limits of what is active or kept.
PEOPLE = st.sampled_from([SOMEBODY, SOMEBODY + 1, SOMEBODY + 2])
TYPES = st.sampled_from(list(InteractionType)[:3])
DAYS = st.sampled_from([1, 7, 30, 90])
# How long before the present; a clock that is ahead of ours makes it negative.
AGES = st.one_of(
    st.sampled_from([timedelta(0), -HOUR, DAY + HOUR]),
    st.builds(lambda days, off: days * DAY + off * SECOND, DAYS, st.integers(-1, 1)),
    st.integers(0, 200 * 24).map(lambda hours: hours * HOUR),
)
STEPS = st.one_of(
    st.sampled_from([SECOND, HOUR, DAY, 1.5 * DAY]), st.integers(1, 40 * 24).map(lambda h: h * HOUR)
)
SAID = st.lists(st.tuples(PEOPLE, TYPES, AGES), max_size=6)


@dataclass(frozen=True)
class Kept:
    person: int
    interaction_type: str
    timestamp: int


class Service(RuleBasedStateMachine):
    batches = Bundle("batches")

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.temporary = TemporaryDirectory()
        self.folder = Path(self.temporary.name)
        self.opened = AsyncExitStack()
        self.now = BEGIN
        # What a service would keep that had no file, and counted everything anew each time.
        self.kept: list[Kept] = []
        self.remembered: dict[int, datetime] = {}
        self.next_update_id = 1
        self.last_cleanup: datetime | None = None
        self.last_deleted = 0

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(coroutine)

    @initialize(
        precision=st.sampled_from(PRECISIONS), retention=DAYS, zone=st.sampled_from(["UTC", *ZONES])
    )
    def begin(self, precision: int, retention: int, zone: str) -> None:
        self.precision = precision
        self.zone = zone
        self.retention = retention
        self.open()

    def open(self) -> None:
        self.analytics = self.run(
            self.opened.enter_async_context(
                open_service(
                    self.folder,
                    timestamp_precision=self.precision,
                    retention_days=self.retention,
                    clock=lambda: self.now,
                    timezone=self.zone,
                )
            )
        )

    def teardown(self) -> None:
        self.run(self.opened.aclose())
        self.runner.close()
        self.temporary.cleanup()

    @rule(target=batches, said=SAID)
    def record(self, said: list[tuple[int, InteractionType, timedelta]]) -> list[Sent]:
        batch: list[Sent] = []
        for person, interaction_type, age in said:
            interaction = Interaction(person, interaction_type, self.now - age)
            batch.append((interaction, self.next_update_id))
            self.next_update_id += 1
        self.deliver(batch)
        return batch

    @rule(batch=batches, times=st.integers(1, 2))
    def redeliver(self, batch: list[Sent], times: int) -> None:
        """All of it again, maybe twice in one batch."""
        self.deliver(batch * times)

    @rule(said=SAID)
    def record_without_update_ids(self, said: list[tuple[int, InteractionType, timedelta]]) -> None:
        interactions = [
            Interaction(person, interaction_type, self.now - age)
            for person, interaction_type, age in said
        ]
        self.keep(interactions)

        assert self.run(self.analytics.record(interactions))

    @rule(forward=STEPS)
    def advance_the_clock(self, forward: timedelta) -> None:
        self.now += forward

    @rule(days=st.none() | DAYS | st.integers(1, 3650), dry_run=st.booleans())
    def clean_up(self, days: int | None, dry_run: bool) -> None:
        cutoff = (self.now - timedelta(days=days or self.retention)).timestamp()
        left = [kept for kept in self.kept if kept.timestamp >= cutoff]
        deleted = len(self.kept) - len(left)

        assert self.run(self.analytics.cleanup_old_interactions(days, dry_run=True)) == deleted
        if dry_run:
            return
        assert self.run(self.analytics.cleanup_old_interactions(days)) == deleted
        self.kept = left
        self.remembered = {
            update_id: received
            for update_id, received in self.remembered.items()
            if received >= self.now - REMEMBERED
        }
        if days is None or days <= self.retention:
            self.last_cleanup = self.now
            self.last_deleted = deleted

    @rule(zone=st.none() | st.sampled_from(ZONES))
    def reopen(self, zone: str | None) -> None:
        """In the same time zone, or in another one."""
        self.run(self.opened.aclose())
        self.zone = zone or self.zone
        self.open()

    @invariant()
    def the_report_equals_a_recount(self) -> None:
        report = self.run(self.analytics.get_admin_analytics_report())
        breakdown = Counter(kept.interaction_type for kept in self.kept)
        oldest = min((kept.timestamp for kept in self.kept), default=None)

        assert report == AdminReport(
            as_of=self.now,
            total_interactions=len(self.kept),
            daily_active_users=self.active(days=1),
            weekly_active_users=self.active(days=7),
            monthly_active_users=self.active(days=30),
            interaction_types_breakdown=dict(breakdown),
            oldest_interaction=None if oldest is None else datetime.fromtimestamp(oldest, UTC),
            retention_days=self.retention,
            last_cleanup=self.last_cleanup,
            last_cleanup_deleted=self.last_deleted,
            compaction_pending=False,
            backlog=0,
            dropped=0,
        )
        counts = list(report.interaction_types_breakdown.values())
        assert counts == sorted(counts, reverse=True)

    @invariant()
    def what_is_kept_in_step_equals_a_recount(self) -> None:
        assert inconsistencies(self.folder / NAME) == []

    def active(self, days: int) -> int:
        since = (self.now - timedelta(days=days)).timestamp()
        return len({kept.person for kept in self.kept if kept.timestamp >= since})

    def deliver(self, batch: list[Sent]) -> None:
        """Of what is new by its update id, each is counted once."""
        for interaction, update_id in batch:
            if update_id not in self.remembered:
                self.remembered[update_id] = self.now.replace(
                    hour=0, minute=0, second=0, microsecond=0
                )
                self.keep([interaction])

        assert self.run(
            self.analytics.record(
                [interaction for interaction, _ in batch], [update_id for _, update_id in batch]
            )
        )

    def keep(self, interactions: list[Interaction]) -> None:
        for interaction in interactions:
            seconds = int(min(interaction.timestamp, self.now).timestamp())
            self.kept.append(
                Kept(
                    interaction.telegram_id,
                    interaction.interaction_type.value,
                    self.analytics.calendar.floor(seconds, self.precision),
                )
            )


TestService = Service.TestCase
TestService.settings = settings(max_examples=examples(25), stateful_step_count=25)
