"""Metrics for Prometheus and the health check: no value and no label identifies a person.

Labels are words of closed lists: interaction types, and the commands that the bot registers.
Of active users only the number of a whole day is among them: read every few seconds, a number that
is up to date tells who came just now.
"""

import logging
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from math import nan

from aiogram.types import Update
from aiohttp import web
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from analytics import OUTCOME_TIME_BOUNDS, AnalyticsError, EventKind, InteractionType
from analytics.telegram import Attached, RecordOnReceipt, interaction_type
from bot import http_server
from bot.health import add_health
from bot.receiving import Receiving

# Upper bounds of the histogram in seconds. Recording waits for two seconds at most.
BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0)
OUTCOMES = (EventKind.HANDLED, EventKind.FAILED, EventKind.UNANSWERED)
# The label in place of all others, where they would tell more than reports do.
HIDDEN = "hidden"


class Labels:
    """The labels of updates: interaction type and command, each from a closed list.

    Unless they are `detailed`, there is one pair for all updates: live counts by command would
    reveal what BREAKDOWN_MIN_USERS and REPORT_INTERVAL hide in reports.
    """

    names = ("interaction_type", "command")

    def __init__(self, recording: RecordOnReceipt, *, detailed: bool) -> None:
        self._recording = recording
        self._detailed = detailed

    def of(self, update: Update) -> tuple[str, str]:
        """Return the labels of an update; the command is empty if it is none."""
        if not self._detailed:
            return HIDDEN, ""
        return interaction_type(update).value, self._recording.command_counted_as(update) or ""

    def all(self) -> Iterator[tuple[str, str]]:
        """Yield all labels that updates can have."""
        if not self._detailed:
            yield HIDDEN, ""
            return
        for each in InteractionType:
            if each is not InteractionType.COMMAND:
                yield each.value, ""
        for command in (*self._recording.commands_counted, InteractionType.OTHER.value):
            yield InteractionType.COMMAND.value, command


class CountUpdates:
    """Count the recorded updates, and measure the time that recording them took."""

    def __init__(self, registry: CollectorRegistry, labels: Labels) -> None:
        self._labels = labels
        self._updates = Counter("bot_updates", "Updates received", labels.names, registry=registry)
        self._seconds = Histogram(
            "bot_recording_seconds",
            "Time until a received batch is committed",
            buckets=BUCKETS,
            registry=registry,
        )

    def __call__(self, updates: Sequence[Update], seconds: float) -> None:
        if updates:
            self._seconds.observe(seconds)
        for update in updates:
            self._updates.labels(*self._labels.of(update)).inc()

    def begin_all(self) -> None:
        """Have a count of 0 for what has not come yet: Prometheus misses the step to a first 1."""
        for labels in self._labels.all():
            self._updates.labels(*labels)


class CountOutcomes:
    """Count what becomes of updates, and measure the time that handling them took."""

    def __init__(self, registry: CollectorRegistry, labels: Labels) -> None:
        self._labels = labels
        self._outcomes = Counter(
            "bot_outcomes",
            "Updates that were handled, failed or were unanswered",
            (*labels.names, "outcome"),
            registry=registry,
        )
        self._seconds = Histogram(
            "bot_handler_seconds",
            "Time until a handler ended without an error",
            labels.names,
            buckets=OUTCOME_TIME_BOUNDS,
            registry=registry,
        )

    def __call__(self, update: Update, outcome: EventKind, seconds: float) -> None:
        labels = self._labels.of(update)
        self._outcomes.labels(*labels, outcome.value).inc()
        if outcome is EventKind.HANDLED:
            self._seconds.labels(*labels).observe(seconds)

    def begin_all(self) -> None:
        """Have a count of 0 for what has not happened yet."""
        for labels in self._labels.all():
            self._seconds.labels(*labels)
            for outcome in OUTCOMES:
                self._outcomes.labels(*labels, outcome.value)


class CountLogLines(logging.Handler):
    """Count log lines by level, from WARNING on, without reading them."""

    def __init__(self, registry: CollectorRegistry) -> None:
        super().__init__(logging.WARNING)
        self._records = Counter("bot_log_records", "Log lines", ["level"], registry=registry)
        for level in ("WARNING", "ERROR", "CRITICAL"):
            self._records.labels(level)  # there from the start, as 0

    def emit(self, record: logging.LogRecord) -> None:
        self._records.labels(record.levelname).inc()


class Metrics:
    """Metrics of a bot; `serving` answers `/metrics` and `/healthz`.

    `count_updates` has to be called with each recorded batch, `count_outcome` with each outcome.
    """

    def __init__(self, attached: Attached, receiving: Receiving, *, detailed: bool) -> None:
        """Prepare the metrics of the bot that analytics are `attached` to.

        Unless they are `detailed`, no label tells updates apart.
        """
        # Each would tell to the microsecond when the first update of a kind came.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self._analytics = attached.analytics
        self._clock = attached.clock
        self._receiving = receiving
        self._registry = CollectorRegistry()
        labels = Labels(attached.recording, detailed=detailed)
        self.count_updates = CountUpdates(self._registry, labels)
        self.count_outcome = CountOutcomes(self._registry, labels)
        self._count_log_lines = CountLogLines(self._registry)
        ProcessCollector(registry=self._registry)
        self._gauges = {
            name: Gauge(f"bot_{name}", purpose, registry=self._registry)
            for name, purpose in (
                ("standby", "Whether this process waits to take over from the one that polls"),
                ("backlog", "Interactions that wait to be recorded"),
                ("dropped", "Interactions never recorded"),
                ("last_cleanup_timestamp_seconds", "When retention was last enforced"),
                ("last_cleanup_deleted", "Interactions deleted then"),
                ("compaction_pending", "Whether deleted interactions still leave traces"),
                ("database_bytes", "Size of the database and its write-ahead log"),
                ("people_of_last_day", "People who used the bot on the last whole day"),
            )
        }
        self._gauges["people_of_last_day"].set(nan)
        self._last_day: datetime | None = None
        self._looked_at: datetime | None = None

    @asynccontextmanager
    async def serving(self, host: str, port: int) -> AsyncIterator[None]:
        """Serve `/metrics` and `/healthz`.

        Raises Unavailable if the port is not available now, WrongSettings if it cannot be used.
        """
        application = web.Application()
        application.router.add_get("/metrics", self.metrics)
        add_health(application, self._analytics, self._receiving)
        logging.getLogger().addHandler(self._count_log_lines)
        try:
            async with http_server.serving(application, host, port, "METRICS", 1.0):
                yield
        finally:
            logging.getLogger().removeHandler(self._count_log_lines)

    async def metrics(self, request: web.Request) -> web.Response:
        self.count_updates.begin_all()
        self.count_outcome.begin_all()
        self._gauges["standby"].set(self._analytics.lease.is_waiting)
        try:
            self._gauges["database_bytes"].set(await self._analytics.database_size())
            await self._count_people()
            report = await self._analytics.get_admin_analytics_report()
        except AnalyticsError:
            self._gauges["backlog"].set(self._analytics.backlog)
        else:
            last_cleanup = report.last_cleanup.timestamp() if report.last_cleanup else 0
            self._gauges["backlog"].set(report.backlog)
            self._gauges["dropped"].set(report.dropped)
            self._gauges["last_cleanup_timestamp_seconds"].set(last_cleanup)
            self._gauges["last_cleanup_deleted"].set(report.last_cleanup_deleted or 0)
            self._gauges["compaction_pending"].set(report.compaction_pending)
        return web.Response(
            body=generate_latest(self._registry), headers={"Content-Type": CONTENT_TYPE_LATEST}
        )

    async def _count_people(self) -> None:
        """Set the number of people of the last whole day, once for each day.

        It stays as it was if one of them is erased: a smaller number would tell of that person.
        """
        hour = self._clock().replace(minute=0, second=0, microsecond=0)
        if hour == self._looked_at:
            return
        history = await self._analytics.reports.history(timedelta(days=2))
        self._looked_at = hour
        whole = [day for day in history.buckets if day.since + history.step <= history.as_of]
        if whole and whole[-1].since != self._last_day:
            self._last_day = whole[-1].since
            people = whole[-1].active_users
            self._gauges["people_of_last_day"].set(nan if people is None else people)
