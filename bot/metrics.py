"""Metrics for Prometheus and the health check: no value and no label identifies a person.

Active users are not among them: read every few seconds, their number tells who came just now.
"""

import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from aiogram.types import Update
from aiohttp import web
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from analytics import AnalyticsError, AnalyticsService
from analytics.telegram import interaction_type
from bot import http_server
from bot.health import add_health
from bot.receiving import Receiving

# Upper bounds of the histogram in seconds. Recording waits for two seconds at most.
BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0)


class CountUpdates:
    """Count the recorded updates, and measure the time that recording them took."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._updates = Counter(
            "bot_updates", "Updates received", ["interaction_type"], registry=registry
        )
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
            self._updates.labels(interaction_type(update)).inc()


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

    `count_updates` has to be called with each recorded batch.
    """

    def __init__(self, analytics: AnalyticsService, receiving: Receiving) -> None:
        self._analytics = analytics
        self._receiving = receiving
        self._registry = CollectorRegistry()
        self.count_updates = CountUpdates(self._registry)
        self._count_log_lines = CountLogLines(self._registry)
        ProcessCollector(registry=self._registry)
        self._gauges = {
            name: Gauge(f"bot_{name}", purpose, registry=self._registry)
            for name, purpose in (
                ("backlog", "Interactions that wait to be recorded"),
                ("dropped", "Interactions never recorded"),
                ("last_cleanup_timestamp_seconds", "When retention was last enforced"),
                ("last_cleanup_deleted", "Interactions deleted then"),
                ("compaction_pending", "Whether deleted interactions still leave traces"),
            )
        }

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
        try:
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
