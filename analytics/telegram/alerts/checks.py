"""Decide when to send the digest and alerts, and make their contents."""

import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from analytics import AnalyticsError, AnalyticsService, Period
from analytics.clock import GuardedClock, from_unix
from analytics.statistics.anomalies import DAYS_BEFORE, usual
from analytics.telegram.alerts import messages
from analytics.telegram.alerts.messages import Kind
from analytics.telegram.alerts.notifier import Notifier
from analytics.telegram.charts import Charts, nothing_to_draw
from analytics.telegram.options import Options
from analytics.telegram.texts import notes, stats

logger = logging.getLogger(__name__)

# Cleanup runs each day; a missed run is caught up within an hour.
CLEANUP_OVERDUE = timedelta(hours=48)
A_DAY = timedelta(days=1)
# The newest update may be of somebody who is not recorded: when exactly is nobody's affair.
SHARED_PRECISION = timedelta(hours=1)


class Alerts:
    """The digest, and the checks behind alerts about recording, silence, cleanup and traffic."""

    def __init__(
        self,
        notifier: Notifier,
        analytics: AnalyticsService,
        options: Options,
        clock: GuardedClock,
        last_received: Callable[[], datetime | None],
        charts: Charts,
    ) -> None:
        """Create the checks of a bot.

        `last_received` returns when this process last received an update, None for never.
        """
        self._notifier = notifier
        self._analytics = analytics
        self._state = analytics.alert_state
        self._options = options
        self._clock = clock
        self._last_received = last_received
        self._charts = charts
        self._has_failed = False
        self._local = analytics.calendar.local

    async def last_digest(self) -> datetime:
        """Return when the last digest was sent, or else when recording began.

        A new bot therefore sends its first digest after its first week or day.
        """
        return await self._state.last(Kind.DIGEST) or await self._state.began()

    async def digest(self) -> None:
        """Send admins the first screen of /stats and its chart; without a report it stays due."""
        if not await self._notifier.wanted_by(Kind.DIGEST):
            # An admin who unmutes it waits for the next one.
            await self._state.note(Kind.DIGEST, self._clock())
            return
        period = Period.DAY if self._options.digest == "daily" else Period.WEEK
        try:
            shown = await self._analytics.reports.overview(period)
            history = await self._analytics.reports.history(period.length)
        except AnalyticsError as error:
            logger.warning("the digest is postponed (%s)", error)
            return
        numbers = stats.summary(shown, postponed=self._clock.is_skewed)
        took = await self._notifier.tell(Kind.DIGEST, messages.digest(period, numbers))
        if not took or nothing_to_draw(history):
            return
        try:
            picture = await self._charts.draw(history)
        # Whatever the error is: the numbers have been sent.
        except Exception as error:
            logger.warning("the digest has no chart (%s)", type(error).__name__)
        else:
            caption = notes.below_chart(stats.chart_caption(period), history)
            await self._notifier.show(took, picture, caption)

    async def check(self) -> None:
        """Check the database, and send the alerts that follow; call it every hour."""
        await self._run(self._silence, self._cleanup, self._yesterday)

    async def check_process(self) -> None:
        """Check what only this process knows, and send alerts as `check` does."""
        await self._run(self._recording, self._failures)

    async def share_newest_update(self) -> None:
        """Let other processes know when this one received its newest update."""
        last = self._last_received()
        step = max(self._options.timestamp_precision, int(SHARED_PRECISION.total_seconds()))
        if last is not None:
            rounded = self._analytics.calendar.floor(int(last.timestamp()), step)
            await self._state.note_update(rounded)

    async def _run(self, *looks: Callable[[], Awaitable[None]]) -> None:
        for look in looks:
            try:
                await look()
            except AnalyticsError as error:
                logger.warning("alerts could not be checked (%s)", error)

    async def _recording(self) -> None:
        """Repeat the alert about recording if the failure lasts for more than a day."""
        if not self._analytics.is_recording:
            await self._notifier.recording_fails()

    async def _silence(self) -> None:
        hours = self._options.silence_alert_hours
        if not hours:
            return
        last, rounding = await self._newest_update()
        last_alert = await self._state.last(Kind.SILENCE)
        is_silent = self._clock() - last - rounding >= timedelta(hours=hours)
        if is_silent and (last_alert is None or last_alert <= last):
            # This process knows the time to the second, but shows it rounded like the database.
            calendar, step = self._analytics.calendar, self._options.timestamp_precision
            kept = self._local(from_unix(calendar.floor(int(last.timestamp()), step)))
            await self._notifier.tell_once_a_day(Kind.SILENCE, messages.silence(kept))

    async def _newest_update(self) -> tuple[datetime, timedelta]:
        """Return when the newest update was received, and by how much that is rounded down."""
        precision = timedelta(seconds=self._options.timestamp_precision)
        last, rounding = self._last_received(), timedelta(0)
        if (newest := await self._state.newest_update()) and (last is None or last < newest):
            last, rounding = newest, max(precision, SHARED_PRECISION)
        if last is None and (rows := await self._analytics.records(1)):
            # Received by an earlier process.
            last, rounding = rows[0].timestamp, precision
        return last or await self._state.began(), rounding

    async def _cleanup(self) -> None:
        last, postponed = await self._analytics.maintenance.last_cleanup(), self._clock.is_skewed
        since = last or await self._state.began()
        if not postponed and self._clock() - since < CLEANUP_OVERDUE:
            return
        if count := await self._analytics.cleanup_old_interactions(dry_run=True):
            days = self._options.retention_days
            shown = count if self._options.breakdown_min_users <= 1 else None
            text = messages.cleanup_overdue(
                shown, days, last and self._local(last), postponed=postponed
            )
            await self._notifier.tell_once_a_day(Kind.CLEANUP, text)

    async def _yesterday(self) -> None:
        history = await self._analytics.reports.history(timedelta(days=DAYS_BEFORE + 2))
        totals = {bucket.since.date(): bucket.interactions for bucket in history.buckets}
        yesterday = history.as_of.date() - A_DAY
        before = [totals.get(yesterday - n * A_DAY) for n in range(DAYS_BEFORE, 0, -1)]
        interactions = totals.get(yesterday)
        if interactions is not None and (typical := usual(interactions, before)) is not None:
            text = messages.unusual_day(yesterday, interactions, typical)
            await self._notifier.tell_once_a_day(Kind.UNUSUAL_DAY, text)

    async def _failures(self) -> None:
        """Send an alert once, until an hour is as usual or none was unusual for a day.

        Only where handlers failed can they be seen to work again: not at another replica.
        """
        failures = await self._analytics.reports.failures()
        last = await self._state.last(Kind.FAILURES)
        if failures.is_jump:
            owners, moment = self._options.owner_ids, self._local(from_unix(failures.hour))
            await self._notifier.tell_once_a_day(
                Kind.FAILURES,
                lambda telegram_id: messages.failing(
                    failures, moment, is_owner=telegram_id in owners
                ),
            )
            if last is not None:
                await self._state.note(Kind.FAILURES, self._clock())
            self._has_failed = True
        elif failures.is_known and self._has_failed:
            self._has_failed = False
            await self._state.note(Kind.FAILURES, None)
