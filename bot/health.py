"""The health check `/healthz`, for a supervisor that restarts the bot."""

from aiohttp import web

from analytics import AnalyticsService
from bot.receiving import Receiving


def add_health(
    application: web.Application, analytics: AnalyticsService, receiving: Receiving
) -> None:
    """Add `GET /healthz` to an application: 200 while updates come in and are recorded, else 503.

    A standby, which waits to take over from the process that polls, is healthy, too. The body is
    JSON with `receiving`, `standby`, `recording`, `backlog` and `dropped`.
    """

    async def health(request: web.Request) -> web.Response:
        is_receiving, is_recording = receiving.is_receiving, analytics.is_recording
        is_standby = analytics.lease.is_waiting
        return web.json_response(
            {
                "receiving": is_receiving,
                "standby": is_standby,
                "recording": is_recording,
                "backlog": analytics.backlog,
                "dropped": analytics.dropped,
            },
            status=200 if (is_receiving or is_standby) and is_recording else 503,
        )

    application.router.add_get("/healthz", health)
